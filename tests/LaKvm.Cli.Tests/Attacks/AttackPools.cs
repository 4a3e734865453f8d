using LaKvm.Isa;

namespace LaKvm.Cli.Tests.Attacks;

/// <summary>What the kinds of attack draw from: instructions, CSRs, and values for registers.</summary>
internal static class AttackPools
{
    private const ulong Uncached = 0x8000_0000_0000_0000, Cached = 0x9000_0000_0000_0000;

    private static readonly ulong[] Devices =
    [
        0x1000_0000, 0x1000_0020, 0x1000_0040, 0x1000_0080, 0x1000_0100, 0x1000_0200, 0x1000_03a0, 0x100d_0100,
        0x100d_0140,
        0x1800_0060, 0x1800_4000, 0x1c00_0000, 0x1fe0_01e0, 0x1fe0_02e0, 0x1fe0_2000, 0x1fe0_2030, 0x1fe0_2070,
        0x1fe0_2200,
        0x2000_0000, 0x2ff0_0000, 0x3000_0000, 0x4000_0000, 0x0fff_fff8, 0xffff_ffff_f000,
    ];

    private static readonly ulong[] Iocsrs =
    [
        0, 8, 0x20, 0x408, 0x420, 0x1000, 0x1004, 0x1008, 0x100c, 0x1020, 0x1028, 0x1040, 0x1048, 0x1140, 0x1158,
        0x14a0, 0x14c0,
        0x1600, 0x1680, 0x1700, 0x1800, 0x1c00, 0x4000_0000, 0x4000_0004, 0x2000, 0xffff_fff8,
    ];

    private static readonly int[] TranslationCsrs =
        [0x10, 0x11, 0x12, 0x13, 0x15, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x80, 0x88, 0x89, 0x8c, 0x8d,
            0x8e, 0x8f];

    private static readonly int[] TrapCsrs =
        [0x0, 0x1, 0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0xc, 0x88, 0x8a, 0x90, 0x93, 0x94, 0x60];

    private static readonly int[] LvzCsrs =
        [0x0, 0x1, 0x4, 0x5, 0x6, 0x15, 0x16, 0x50, 0x51, 0x52, 0x53, 0x41, 0x43, 0x1e, 0xc];

    private static readonly int[] TimerCsrs = [0x4, 0x5, 0x41, 0x42, 0x43, 0x44, 0x52, 0x53];

    /// <summary>Whether a kind uses an instruction.</summary>
    internal static bool Uses(AttackKind kind, OpcodeInfo row)
    {
        string name = row.Mnemonic;
        bool plain = row.Unit == Unit.None && !row.IsPrivileged && row.Flow == Flow.Next
            && row.Access == AccessKind.None;
        bool csr = name.StartsWith("csr", StringComparison.Ordinal);
        bool tlb = name.Contains("tlb", StringComparison.Ordinal) || name is "lddir" or "ldpte";
        bool memory = row.Access != AccessKind.None && row.Unit != Unit.Lbt;
        return kind switch
        {
            AttackKind.Devices or AttackKind.Virtio => memory,
            AttackKind.Iocsr => name.StartsWith("iocsr", StringComparison.Ordinal),
            AttackKind.Lvz => csr || tlb || name.StartsWith("gcsr", StringComparison.Ordinal)
            || name is "ertn" or "hvcl" or "cpucfg",
            AttackKind.Tlb => tlb || csr || (memory && row.Unit == Unit.None),
            AttackKind.Traps => csr || memory
            || name is "syscall" or "break" or "ertn" or "jirl" or "idle" or "asrtle.d" or "dbcl",
            AttackKind.Storm => csr || plain || name is "idle" || name.StartsWith("iocsr", StringComparison.Ordinal),
            AttackKind.SelfModifying => plain || name is "ibar" or "dbar",
            AttackKind.Exits => name is "cpucfg" or "hvcl" or "idle" or "cacop" or "rdtime.d" or "csrrd" or "iocsrrd.w"
            or "ld.b",
            _ => true,
        };
    }

    /// <summary>The CSRs that a kind's csr instructions name most of the time; none: any.</summary>
    internal static int[] Csrs(AttackKind kind) => kind switch
    {
        AttackKind.Lvz => LvzCsrs,
        AttackKind.Tlb => TranslationCsrs,
        AttackKind.Traps => TrapCsrs,
        AttackKind.Storm or AttackKind.Exits => TimerCsrs,
        _ => [],
    };

    /// <summary>A value for a register.</summary>
    internal static ulong Value(AttackKind kind, Random random) => random.Next(8) switch
    {
        0 => (ulong)random.NextInt64(),
        1 => ulong.MaxValue << random.Next(64),
        2 => (ulong)(uint)random.Next(4096),
        3 => Cached + (ulong)(uint)random.Next(0x400_0000),
        4 => (ulong)(uint)random.Next(0x1000) << random.Next(52),
        _ => kind switch
        {
            AttackKind.Iocsr => random.Next(2) == 0 ? Pick(Iocsrs, random) : IocsrMessage(random),
            AttackKind.Storm => random.Next(2) == 0 ? Pick(Iocsrs, random) : (ulong)(uint)random.Next(64) | 3,
            AttackKind.Devices or AttackKind.Virtio or AttackKind.Traps or AttackKind.Exits =>
                (random.Next(2) == 0 ? Uncached : Cached) | (Pick(Devices, random) + (ulong)(uint)random.Next(16)),
            AttackKind.Tlb or AttackKind.Lvz => ((ulong)(uint)random.Next(64) << 24) | (ulong)(uint)random.Next(0x1000),
            _ => Uncached | Pick(Devices, random),
        },
    };

    /// <summary>IPI_SEND, MAIL_SEND and ANY_SEND: data, core, and what to hit.</summary>
    private static ulong IocsrMessage(Random random) =>
        ((ulong)(uint)random.Next() << 32) | 0x8000_0000UL | ((ulong)(uint)random.Next(5) << 16) | Pick(Iocsrs, random);

    private static ulong Pick(ulong[] from, Random random) => from[random.Next(from.Length)];
}
