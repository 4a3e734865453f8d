namespace LaKvm.Cpu;

/// <summary>The TLBs of a core, which real hardware tells apart by tag.</summary>
public enum TlbKind
{
    /// <summary>Virtual to physical in root mode.</summary>
    Root,

    /// <summary>The guest's virtual to guest-physical.</summary>
    Guest,

    /// <summary>Guest-physical to physical.</summary>
    SecondStage,
}

/// <summary>An entry of a TLB: a pair of pages (manual volume 1, 5.4.2).</summary>
/// <param name="Index">As in CSR.TLBIDX.</param>
/// <param name="Address">First address of the pair.</param>
/// <param name="PageShift">log2 of the size of one page.</param>
/// <param name="Asid">Address space, unless global.</param>
/// <param name="Gid">Guest, 0 for root mode.</param>
/// <param name="Global">Whether it is there in all address spaces.</param>
/// <param name="Elo0">Even page, as in CSR.TLBELO0.</param>
/// <param name="Elo1">Odd page.</param>
public readonly record struct TlbView(
    int Index, ulong Address, int PageShift, int Asid, int Gid, bool Global, ulong Elo0, ulong Elo1);

/// <summary>Looks into a core's TLBs without changing anything.</summary>
public sealed unsafe class TlbInspector
{
    private const ulong Valid = 1, PageBits = 0x0000_ffff_ffff_f000;

    private readonly Core _core;

    internal TlbInspector(Core core) => _core = core;

    /// <summary>All entries of a TLB.</summary>
    public IReadOnlyList<TlbView> Entries(TlbKind kind)
    {
        var entries = new List<TlbView>();
        Tlb tlb = TlbOf(kind);
        for (int index = 0; index < Tlb.Entries; index++)
        {
            if (tlb[index]->Exists)
            {
                entries.Add(ViewOf(tlb[index], index));
            }
        }

        return entries;
    }

    /// <summary>Translates an address that the TLB has a valid page for.</summary>
    public bool Translate(TlbKind kind, ulong address, out ulong physical, out TlbView entry)
    {
        (entry, physical) = (default, 0);
        Tlb tlb = TlbOf(kind);
        Mode mode = kind == TlbKind.Guest ? _core.Modes.Guest : _core.Modes.Root;
        int gid = kind == TlbKind.Root ? 0 : _core.Modes.RunningGid;
        int index = tlb.Find(address, kind == TlbKind.SecondStage ? 0 : mode.Asid, gid, mode.StlbPageShift);
        if (index < 0)
        {
            return false;
        }

        entry = ViewOf(tlb[index], index);
        ulong page = tlb[index]->Half(address), offset = (1UL << entry.PageShift) - 1;
        physical = (page & PageBits & ~offset) | (address & offset);
        return (page & Valid) != 0;
    }

    private Tlb TlbOf(TlbKind kind) => kind switch
    {
        TlbKind.Root => _core.Modes.Root.Tlb,
        TlbKind.Guest => _core.Modes.Guest.Tlb,
        _ => _core.Mmu.SecondStage,
    };

    internal static TlbView ViewOf(TlbPair* pair, int index) => new(
        index, pair->Address, pair->PageShift, pair->Asid, pair->Gid, pair->Global, pair->Elo0, pair->Elo1);
}
