using LaKvm.Cpu.Tests.Privileged;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>The rows without vectors: a program in user mode can't execute them, or their result varies.</summary>
internal static class UnrecordedRows
{
    private static readonly Dictionary<string, string> ByList = new()
    {
        [nameof(TimerTests)] = "rdtimel.w rdtimeh.w rdtime.d",
        [nameof(TrapInstructionTests)] = "syscall dbcl",
        [nameof(CsrTests)] = "cpucfg csrrd csrwr csrxchg iocsrrd.b iocsrrd.h iocsrrd.w iocsrrd.d "
            + "iocsrwr.b iocsrwr.h iocsrwr.w iocsrwr.d",
        [nameof(MmuTests)] = "tlbsrch tlbrd tlbwr tlbfill tlbclr tlbflush invtlb lddir ldpte",
        [nameof(ExceptionTests)] = "ertn idle",
        [nameof(LvzTests)] = "cacop hvcl gcsrrd gcsrwr gcsrxchg gtlbclr gtlbflush gtlbsrch gtlbrd gtlbwr gtlbfill",
    };

    /// <summary>By mnemonic, the test class that covers the row.</summary>
    public static readonly IReadOnlyDictionary<string, string> TestClasses = ByList
        .SelectMany(list => list.Value.Split(' ').Select(mnemonic => (mnemonic, list.Key)))
        .ToDictionary(row => row.mnemonic, row => row.Key);
}
