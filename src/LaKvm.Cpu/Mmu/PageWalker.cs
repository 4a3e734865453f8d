using LaKvm.Memory;

namespace LaKvm.Cpu;

/// <summary>Software page walk: lddir and ldpte (manual volume 1, 4.2.5.1, 4.2.5.2 and 5.4.5).</summary>
internal sealed unsafe class PageWalker(CpuState* state, Modes modes, Mmu mmu, PhysicalMemory memory)
{
    private const ulong HugeBit = 1 << 6, HugeGlobalBit = 1 << 12;
    private const int HugeLevelShift = 13;

    private readonly CpuState* _state = state;

    /// <summary>
    /// lddir: the entry of directory <paramref name="level"/> (1 to 4) at <paramref name="directory"/> for the address
    /// in TLBRBADV. A huge entry is passed on, and remembers the level at which it was met in bits 14:13, so that ldpte
    /// knows its size.
    /// </summary>
    public Trap LoadDirectory(ulong directory, int level, out ulong entry)
    {
        entry = directory;
        if (level is < 1 or > 4)
        {
            return Trap.None;
        }

        if ((directory & HugeBit) != 0)
        {
            if (((directory >> HugeLevelShift) & 3) == 0)
            {
                entry |= (ulong)(level & 3) << HugeLevelShift;
            }

            return Trap.None;
        }

        Mode mode = modes.Current;
        (int start, int width) = DirectoryField(mode, level);
        ulong index = (mode[Csr.Tlbrbadv] >> start) & ((1UL << width) - 1);
        return ReadTable(mode, directory, index, out entry);
    }

    /// <summary>
    /// ldpte: loads the even (0) or odd (1) page entry for the address in TLBRBADV from the table at
    /// <paramref name="table"/> into TLBRELO0 or 1, and its page size into TLBREHI.
    /// </summary>
    public Trap LoadPageEntry(ulong table, int odd)
    {
        Mode mode = modes.Current;
        ulong entry;
        int shift;
        if ((table & HugeBit) != 0)
        {
            (entry, shift) = SplitHuge(mode, table, odd);
        }
        else
        {
            (shift, int width) = DirectoryField(mode, 0);
            ulong index = ((mode[Csr.Tlbrbadv] >> shift) & ((1UL << width) - 1) & ~1UL) + (uint)odd;
            Trap trap = ReadTable(mode, table, index, out entry);
            if (trap != Trap.None)
            {
                return trap;
            }
        }

        int csr = odd == 0 ? Csr.Tlbrelo0 : Csr.Tlbrelo1;
        mode[csr] = entry & CsrTable.Find(csr)!.Writable;
        mode[Csr.Tlbrehi] = (mode[Csr.Tlbrehi] & ~0x3fUL) | ((uint)shift & 0x3f);
        return Trap.None;
    }

    /// <summary>
    /// A huge entry becomes a pair of pages of half its size; its G is bit 12 because bit 6 says huge.
    /// </summary>
    private static (ulong Entry, int Shift) SplitHuge(Mode mode, ulong entry, int odd)
    {
        (int start, int width) = DirectoryField(mode, (int)(entry >> HugeLevelShift) & 3);
        int shift = start + width - 1;
        ulong global = (entry & HugeGlobalBit) != 0 ? HugeBit : 0;
        ulong page = entry & ~(HugeBit | HugeGlobalBit | (3UL << HugeLevelShift));
        return ((page | global) + ((ulong)odd << shift), shift);
    }

    /// <summary>Lowest address bit and number of bits that index a level: 0 is the page table itself.</summary>
    private static (int Start, int Width) DirectoryField(Mode mode, int level)
    {
        ulong low = mode[Csr.Pwcl], high = mode[Csr.Pwch];
        return level switch
        {
            0 => ((int)low & 0x1f, (int)(low >> 5) & 0x1f),
            1 => ((int)(low >> 10) & 0x1f, (int)(low >> 15) & 0x1f),
            2 => ((int)(low >> 20) & 0x1f, (int)(low >> 25) & 0x1f),
            3 => ((int)high & 0x3f, (int)(high >> 6) & 0x3f),
            _ => ((int)(high >> 12) & 0x3f, (int)(high >> 18) & 0x3f),
        };
    }

    /// <summary>
    /// Reads a table entry at a physical address; the guest's tables lie in guest-physical memory, so that the second
    /// stage can leave here as for any load (inferred: ecode as a load's). Where no RAM is, an entry reads as 0, as in
    /// QEMU 11.1.
    /// </summary>
    private Trap ReadTable(Mode mode, ulong table, ulong index, out ulong entry)
    {
        entry = 0;
        int entryShift = 3 + (int)((mode[Csr.Pwcl] >> 30) & 3); // PTEWidth: 64, 128, 256 or 512 bits
        var t = new Translation { Physical = ((table & Mmu.PhysicalMask & ~0xfffUL) | (index << entryShift))
            & Mmu.PhysicalMask };
        if (_state->Vm != 0)
        {
            Trap trap = mmu.TranslateSecondStage(Access.Load, ref t);
            if (trap != Trap.None)
            {
                return trap;
            }
        }

        byte* pointer = memory.Pointer(t.Physical);
        entry = pointer != null ? Volatile.Read(ref *(ulong*)pointer) : 0;
        return Trap.None;
    }
}
