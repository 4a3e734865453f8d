using LaKvm.Devices;
using LaKvm.Ioctl;

namespace LaKvm.Cli;

/// <summary>Which exits a trace takes.</summary>
internal sealed class ExitFilter
{
    internal const string Option = "--trace-exits";

    private const string All = "all", Console = "console";

    private static readonly ExitKind[] Kinds = Enum.GetValues<ExitKind>();

    private static readonly UartSlot[] SerialPorts = [.. BoardLayout.QemuVirt.Slots.OfType<UartSlot>()];

    private readonly HashSet<ExitKind> _kinds;
    private readonly bool _console;

    private ExitFilter(IEnumerable<ExitKind> kinds, bool console) => (_kinds, _console) = ([.. kinds], console);

    /// <summary>All but accesses to the serial ports, of which a line of text is full.</summary>
    internal static ExitFilter Default { get; } = new(Kinds, console: false);

    /// <summary>What <see cref="Parse"/> understands.</summary>
    internal static IEnumerable<string> Words => [All, Console, .. Kinds.Select(ExitNames.WordOf)];

    /// <summary>
    /// Reads kinds separated by commas; "console" are the accesses to the serial ports, "all" is everything.
    /// </summary>
    /// <exception cref="UserErrorException">There is no such kind.</exception>
    internal static ExitFilter Parse(string text)
    {
        string[] words = text.ToLowerInvariant().Split(',');
        string? unknown = Array.Find(words, word => !Words.Contains(word));
        if (unknown != null)
        {
            throw new UserErrorException(
                $"{Option}: '{unknown}' is none of {string.Join(',', Words)}.{NearMiss.Hint(unknown, Words)}",
                ExitCode.Usage);
        }

        bool all = words.Contains(All);
        return new ExitFilter(Kinds.Where(kind => all || words.Contains(ExitNames.WordOf(kind))), all
            || words.Contains(Console));
    }

    /// <summary>Whether an exit belongs to the trace.</summary>
    /// <param name="kind">What it was for.</param>
    /// <param name="address">The address of a device access.</param>
    internal bool Wants(ExitKind kind, ulong address) =>
        kind is ExitKind.Mmio or ExitKind.MmioUser && IsSerialPort(address) ? _console : _kinds.Contains(kind);

    private static bool IsSerialPort(ulong address) =>
        SerialPorts.Any(port => address - port.Base < port.Size);
}
