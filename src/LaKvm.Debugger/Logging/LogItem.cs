namespace LaKvm.Debugger.Logging;

/// <summary>What of a core's doings a log shows, one line each.</summary>
public enum LogItem
{
    /// <summary>Each instruction.</summary>
    Instructions,

    /// <summary>Exceptions that root mode or the guest takes itself.</summary>
    Exceptions,

    /// <summary>What leaves guest mode (LVZ), and what enters it.</summary>
    Exits,

    /// <summary>What CSR instructions read and write.</summary>
    Csr,

    /// <summary>Entries that are written to a TLB, and invtlb.</summary>
    Tlb,

    /// <summary>Registers of devices, and IOCSR.</summary>
    Mmio,

    /// <summary>Interrupts that are taken.</summary>
    Interrupts,

    /// <summary>What becomes of code that is translated to the host's, stage by stage.</summary>
    Translator,
}

/// <summary>The words for <see cref="LogItem"/>.</summary>
public static class LogItems
{
    /// <summary>How many there are.</summary>
    internal const int Count = (int)LogItem.Translator + 1;

    private static readonly string[] _lineWords =
        ["instruction", "exception", "exit", "csr", "tlb", "mmio", "interrupt", "translator"];

    /// <summary>What command lines call them.</summary>
    public static IReadOnlyList<string> Words { get; } =
        [.. Enum.GetNames<LogItem>().Select(name => name.ToLowerInvariant())];

    /// <summary>What a line calls its item.</summary>
    internal static string WordOf(LogItem item) => _lineWords[(int)item];
}
