using LaKvm.Cpu;

namespace LaKvm.Debugger;

/// <summary>
/// Walks address translation as software does it on a refill (manual volume 1, 5.2 and 5.4.5): direct-address mode,
/// direct-mapped windows of any privilege level, then the tables that PGDL, PGDH, PWCL and PWCH describe. Changes
/// nothing, and does not know the TLB.
/// </summary>
/// <param name="csr">Reads a CSR of the mode.</param>
/// <param name="read">Reads a table entry at a physical address; null where no RAM is.</param>
public sealed class PageWalk(Func<int, ulong> csr, Func<ulong, ulong?> read)
{
    private const ulong PhysicalMask = (1UL << 48) - 1, PageBits = 0x0000_ffff_ffff_f000, Valid = 1, Huge = 1 << 6;
    private const int Directories = 4;

    /// <summary>Translates an address; <paramref name="steps"/> takes a line for each thing looked at.</summary>
    public bool Translate(ulong va, out ulong physical, ICollection<string>? steps = null)
    {
        physical = va & PhysicalMask;
        if (IsDirect(va, steps))
        {
            return true;
        }

        if ((ulong)((long)(va << 16) >> 16) != va)
        {
            steps?.Add("not canonical: bits 63:48 differ from bit 47");
            return false;
        }

        return Walk(va, out physical, steps);
    }

    /// <summary>Whether the address is its own physical one: in direct-address mode, or in a window.</summary>
    public bool IsDirect(ulong va, ICollection<string>? steps = null)
    {
        if ((csr(Csr.Crmd) & Crmd.Pg) == 0)
        {
            steps?.Add("CRMD.PG is 0: direct-address mode");
            return true;
        }

        for (int n = 0; n < 4; n++)
        {
            ulong window = csr(Csr.Dmw0 + n);
            if ((window & 0xf) != 0 && (va ^ window) >> 60 == 0)
            {
                steps?.Add($"DMW{n} = 0x{window:x}: direct-mapped window");
                return true;
            }
        }

        return false;
    }

    private bool Walk(ulong va, out ulong physical, ICollection<string>? steps)
    {
        bool high = ((va >> 47) & 1) != 0;
        ulong table = csr(high ? Csr.Pgdh : Csr.Pgdl) & PhysicalMask;
        steps?.Add($"{(high ? "PGDH" : "PGDL")} = 0x{table:x}");
        physical = 0;
        for (int level = Directories; level >= 1; level--)
        {
            (int start, int width) = Field(level);
            if (width == 0)
            {
                continue;
            }

            if (!Read($"directory {level}", table, va, start, width, steps, out ulong entry))
            {
                return false;
            }

            if ((entry & Huge) != 0)
            {
                return Finish(va, entry, start, out physical, steps);
            }

            table = entry & PhysicalMask & ~0xfffUL;
        }

        (int shift, int bits) = Field(0);
        return Read("page table", table, va, shift, bits, steps, out ulong page)
            && Finish(va, page, shift, out physical, steps);
    }

    private bool Read(
        string name, ulong table, ulong va, int start, int width, ICollection<string>? steps, out ulong entry)
    {
        ulong index = (va >> start) & ((1UL << width) - 1);
        int entryShift = 3 + (int)((csr(Csr.Pwcl) >> 30) & 3);
        ulong address = (table & PhysicalMask & ~0xfffUL) + (index << entryShift);
        ulong? value = read(address);
        entry = value ?? 0;
        steps?.Add(value == null
            ? $"{name}[{index}] at 0x{address:x}: no RAM"
            : $"{name}[{index}] at 0x{address:x} = 0x{entry:x}");
        return entry != 0;
    }

    private static bool Finish(ulong va, ulong entry, int shift, out ulong physical, ICollection<string>? steps)
    {
        ulong offset = (1UL << shift) - 1;
        physical = (entry & PageBits & ~offset) | (va & offset);
        bool valid = (entry & Valid) != 0;
        steps?.Add(valid
            ? $"page of {1UL << shift >> 10} KiB at 0x{physical & ~offset:x}: {Rights(entry)}"
            : "not valid");
        return valid;
    }

    private static string Rights(ulong entry) => string.Join(' ',
        $"PLV{(entry >> 2) & 3}", (entry & 2) != 0 ? "dirty" : "clean", (entry >> 61 & 1) != 0 ? "NR" : "readable",
        (entry >> 62 & 1) != 0 ? "NX" : "executable");

    /// <summary>Lowest address bit and number of bits that index a level; 0 is the page table.</summary>
    private (int Start, int Width) Field(int level)
    {
        ulong low = csr(Csr.Pwcl), high = csr(Csr.Pwch);
        return level switch
        {
            0 => ((int)low & 0x1f, (int)(low >> 5) & 0x1f),
            1 => ((int)(low >> 10) & 0x1f, (int)(low >> 15) & 0x1f),
            2 => ((int)(low >> 20) & 0x1f, (int)(low >> 25) & 0x1f),
            3 => ((int)high & 0x3f, (int)(high >> 6) & 0x3f),
            _ => ((int)(high >> 12) & 0x3f, (int)(high >> 18) & 0x3f),
        };
    }
}
