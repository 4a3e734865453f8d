using System.Numerics;
using System.Runtime.InteropServices;

namespace LaKvm.Cpu;

/// <summary>One architectural TLB entry: a pair of pages (manual volume 1, 5.4.2).</summary>
internal struct TlbPair
{
    /// <summary>Virtual address of the pair.</summary>
    public ulong Address;

    /// <summary>Even page: V, D, PLV, MAT, G, PPN, NR, NX, RPLV as in CSR.TLBELO0.</summary>
    public ulong Elo0;

    /// <summary>Odd page.</summary>
    public ulong Elo1;

    public ushort Asid;

    /// <summary>log2 of the size of one page of the pair.</summary>
    public byte PageShift;

    public byte Gid;
    public bool Global;
    public bool Exists;

    public readonly ulong Span => 2UL << PageShift;

    public readonly bool Covers(ulong va) => (((va ^ Address) & AddressMask) >> (PageShift + 1)) == 0;

    /// <summary>VALEN and PALEN are 48: canonical addresses differ only below.</summary>
    private const ulong AddressMask = (1UL << 48) - 1;

    public readonly ulong Half(ulong va) => ((va >> PageShift) & 1) == 0 ? Elo0 : Elo1;
}

/// <summary>
/// The LA464's TLB: an STLB of 8 ways and 256 sets with one page size (CSR.STLBPS), and an MTLB of 64 entries of any
/// size (manual volume 1, 5.4.1; PRCFG3). There are three of them in a core: root mode's, the guest's (GVA to GPA) and
/// the second stage's (GPA to HPA). Real hardware shares one array and tells them apart by tag, which software can
/// notice only as capacity.
/// </summary>
internal sealed unsafe class Tlb : IDisposable
{
    public const int StlbSets = 256, StlbWays = 8, StlbEntries = StlbSets * StlbWays, MtlbEntries = 64;
    public const int Entries = StlbEntries + MtlbEntries;

    private const int RecentShift = 25;

    private readonly TlbPair* _pairs = (TlbPair*)NativeMemory.AlignedAlloc((nuint)(Entries * sizeof(TlbPair)), 64);

    /// <summary>Ways in use of each STLB set, and MTLB entries in use: a search looks at no others.</summary>
    private readonly byte[] _stlbUsed = new byte[StlbSets];
    private ulong _mtlbUsed;

    /// <summary>
    /// MTLB entry that was found last for addresses of the same 32 MiB, a second stage's huge page pair.
    /// </summary>
    private readonly byte[] _mtlbRecent = new byte[MtlbEntries];
    private uint _random = 0x9e3779b9;

    public Tlb() => NativeMemory.Clear(_pairs, (nuint)(Entries * sizeof(TlbPair)));

    public TlbPair* this[int index] => _pairs + index;

    /// <summary>Index of the entry that translates an address, or -1.</summary>
    public int Find(ulong va, int asid, int gid, int stlbPageShift)
    {
        int set = (int)(va >> (stlbPageShift + 1)) & (StlbSets - 1);
        for (uint left = _stlbUsed[set]; left != 0; left &= left - 1)
        {
            int index = (BitOperations.TrailingZeroCount(left) * StlbSets) + set;
            if (Matches(_pairs + index, va, asid, gid))
            {
                return index;
            }
        }

        ref byte recent = ref _mtlbRecent[(int)(va >> RecentShift) & (MtlbEntries - 1)];
        return Matches(_pairs + StlbEntries + recent, va, asid, gid)
            ? StlbEntries + recent
            : FindInMtlb(va, asid, gid, ref recent);
    }

    /// <summary>Where TLBFILL puts an entry: a random way of its set, or a random MTLB entry.</summary>
    public int Victim(ulong va, int pageShift, int stlbPageShift)
    {
        _random ^= _random << 13;
        _random ^= _random >> 17;
        _random ^= _random << 5;
        if (pageShift != stlbPageShift)
        {
            ulong free = ~_mtlbUsed;
            return StlbEntries + (free != 0 ? BitOperations.TrailingZeroCount(free) : (int)(_random % MtlbEntries));
        }

        int set = (int)(va >> (stlbPageShift + 1)) & (StlbSets - 1);
        int way = BitOperations.TrailingZeroCount(~(uint)_stlbUsed[set]);
        return ((way < StlbWays ? way : (int)(_random % StlbWays)) * StlbSets) + set;
    }

    public void Write(int index, in TlbPair pair)
    {
        _pairs[index] = pair;
        Mark(index, pair.Exists);
    }

    public void Clear(int index)
    {
        _pairs[index].Exists = false;
        Mark(index, used: false);
    }

    /// <summary>Drops everything, whatever its tags.</summary>
    public void Clear()
    {
        NativeMemory.Clear(_pairs, (nuint)(Entries * sizeof(TlbPair)));
        Array.Clear(_stlbUsed);
        _mtlbUsed = 0;
    }

    public void Dispose() => NativeMemory.AlignedFree(_pairs);

    private int FindInMtlb(ulong va, int asid, int gid, ref byte recent)
    {
        for (ulong left = _mtlbUsed; left != 0; left &= left - 1)
        {
            int entry = BitOperations.TrailingZeroCount(left);
            if (Matches(_pairs + StlbEntries + entry, va, asid, gid))
            {
                recent = (byte)entry;
                return StlbEntries + entry;
            }
        }

        return -1;
    }

    private void Mark(int index, bool used)
    {
        if (index < StlbEntries)
        {
            ref byte ways = ref _stlbUsed[index % StlbSets];
            int way = 1 << (index / StlbSets);
            ways = (byte)(used ? ways | way : ways & ~way);
            return;
        }

        ulong bit = 1UL << (index - StlbEntries);
        _mtlbUsed = used ? _mtlbUsed | bit : _mtlbUsed & ~bit;
    }

    private static bool Matches(TlbPair* pair, ulong va, int asid, int gid) =>
        pair->Exists && pair->Covers(va) && (pair->Global || pair->Asid == asid) && pair->Gid == gid;
}
