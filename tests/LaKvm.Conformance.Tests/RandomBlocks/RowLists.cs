using LaKvm.Isa;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>Rows of the instruction table by how a generator has to treat them.</summary>
internal static class RowLists
{
    /// <summary>No memory access, no branch, nothing that depends on the machine.</summary>
    public static readonly Opcode[] Integer = Rows(info => info.Unit == Unit.None && IsPlain(info));

    public static readonly Opcode[] Float = Rows(info => info.Unit == Unit.Fp && IsPlain(info));

    public static readonly Opcode[] Lsx = Rows(info => info.Unit == Unit.Lsx && IsPlain(info));

    public static readonly Opcode[] Lasx = Rows(info => info.Unit == Unit.Lasx && IsPlain(info));

    public static readonly Opcode[] IntegerAccess = Rows(info => info.Unit == Unit.None && IsPlainAccess(info));

    public static readonly Opcode[] FloatAccess = Rows(info => info.Unit == Unit.Fp && IsPlainAccess(info));

    public static readonly Opcode[] LsxAccess = Rows(info => info.Unit == Unit.Lsx && IsPlainAccess(info));

    public static readonly Opcode[] LasxAccess = Rows(info => info.Unit == Unit.Lasx && IsPlainAccess(info));

    public static readonly Opcode[] Branches = Rows(info => info.Flow == Flow.Branch);

    public static readonly Opcode[] BoundAccess = Rows(info => info.Access != AccessKind.None && IsBound(info));

    public static readonly Opcode[] Atomics =
        Rows(info => info.Access == AccessKind.Atomic && info.Mnemonic.StartsWith("am", StringComparison.Ordinal));

    public static readonly Opcode[] Privileged = Rows(info => info.IsPrivileged && info.Opcode != Opcode.Hvcl);

    /// <summary>
    /// Rows that write an LSX register, where bits 255:128 are not QEMU's: it clears them only if its own computer has
    /// AVX-512, or (.d.q) leaves other bits there.
    /// </summary>
    public static readonly Opcode[] UnsettledUpper =
    [
        Opcode.VbitclrH, Opcode.VbitrevH, Opcode.VbitsetH, Opcode.VavgD, Opcode.VavgrD, Opcode.VsrlniDQ,
        Opcode.VsraniDQ,
    ];

    private static Opcode[] Rows(Func<OpcodeInfo, bool> match) =>
        [.. Enumerable.Range(1, OpcodeTable.Count - 1).Select(n => (Opcode)n).Where(row => match(row.Info()))];

    private static bool IsPlain(OpcodeInfo info) =>
        info is { IsPrivileged: false, Access: AccessKind.None, Flow: Flow.Next or Flow.Sync } && info.Opcode is not
            (Opcode.RdtimeD or Opcode.RdtimehW or Opcode.RdtimelW or Opcode.Cpucfg or Opcode.Movgr2fcsr
                or Opcode.AsrtgtD or Opcode.AsrtleD);

    private static bool IsPlainAccess(OpcodeInfo info) =>
        info.Access is AccessKind.Load or AccessKind.Store && !IsBound(info);

    /// <summary>The bound-checked accesses: register forms with a comparison in their name.</summary>
    private static bool IsBound(OpcodeInfo info) =>
        info.Mnemonic.Contains("gt.", StringComparison.Ordinal)
        || info.Mnemonic.Contains("le.", StringComparison.Ordinal);
}
