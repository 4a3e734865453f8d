using LaKvm.Cpu;

namespace LaKvm.Debugger;

/// <summary>TLB entries for people.</summary>
internal static class TlbText
{
    /// <summary>What a TLB is called.</summary>
    internal static string NameOf(TlbKind kind) => kind switch
    {
        TlbKind.Root => "root",
        TlbKind.Guest => "guest",
        _ => "second stage",
    };

    /// <summary>An entry on one line.</summary>
    internal static string Line(in TlbView entry) =>
        $"{entry.Index,4} 0x{entry.Address:x12} {1UL << entry.PageShift >> 10,6} KiB "
        + $"{(entry.Global ? "global" : $"ASID {entry.Asid}")}{(entry.Gid == 0 ? "" : $" GID {entry.Gid}")}: "
        + $"{Page(entry.Elo0)}, {Page(entry.Elo1)}";

    private static string Page(ulong elo) => (elo & 1) == 0
        ? "-"
        : $"0x{elo & 0x0000_ffff_ffff_f000:x} PLV{(elo >> 2) & 3}{((elo & 2) != 0 ? " D" : "")}"
            + $"{((elo >> 61 & 1) != 0 ? " NR" : "")}{((elo >> 62 & 1) != 0 ? " NX" : "")}";
}
