using LaKvm.Devices;

namespace LaKvm.Boot;

/// <summary>
/// What a part of RAM is used for, as the UEFI memory types of the boot memory map say it (UEFI 2.10, 7.2).
/// </summary>
internal enum MemoryUse : uint
{
    /// <summary>EfiLoaderData: the kernel and the initrd, which Linux counts as RAM and reserves itself.</summary>
    Loader = 2,

    /// <summary>EfiConventionalMemory: free.</summary>
    Free = 7,

    /// <summary>
    /// EfiACPIReclaimMemory: tables and device tree (as EBBR asks for device trees), which stay intact so that a kernel
    /// started by kexec finds them too.
    /// </summary>
    Tables = 9,
}

/// <summary>A range of RAM of one use.</summary>
/// <remarks>A class: what generic code there is for classes is compiled already when a process starts.</remarks>
internal sealed record RamPiece(RamRange Range, MemoryUse Use);

/// <summary>Who occupies which RAM at boot: finds free places and describes the result.</summary>
internal sealed class RamLayout(IReadOnlyList<RamRange> ram)
{
    // Neighbours never share a page of any size that Linux can be configured for.
    private const ulong Alignment = 1UL << 16;

    private readonly List<RamPiece> _used = [];

    /// <summary>Most pieces that <see cref="Pieces"/> can return: one free piece around each used one.</summary>
    internal int MaxPieces(int moreUses) => ram.Count + (2 * (_used.Count + moreUses));

    /// <summary>Takes a fixed range. False if it is not all RAM or overlaps another one.</summary>
    internal bool TryTake(RamRange range, MemoryUse use)
    {
        if (!ram.Any(r => r.Contains(range)) || _used.Exists(u => u.Range.Overlaps(range)))
        {
            return false;
        }

        _used.Add(new RamPiece(range, use));
        return true;
    }

    /// <summary>A range taken already that shares a byte with this one, if there is any.</summary>
    internal RamRange? UsedBy(RamRange range) => _used.Find(u => u.Range.Overlaps(range))?.Range;

    /// <summary>Where RAM is, for messages.</summary>
    public override string ToString() => string.Join(", ", ram.Select(r => $"0x{r.Base:x}-0x{r.End - 1:x}"));

    /// <summary>Takes the lowest free place, but never address 0, which programs use as "none".</summary>
    internal RamRange? TakeLowest(ulong size, MemoryUse use)
    {
        foreach ((RamRange free, _) in FreePieces())
        {
            ulong start = AlignUp(Math.Max(free.Base, 1));
            if (TryTake(new RamRange(start, size), use))
            {
                return new RamRange(start, size);
            }
        }

        return null;
    }

    /// <summary>Takes the middle of the highest free range that is big enough.</summary>
    internal RamRange? TakeMiddle(ulong size, MemoryUse use)
    {
        foreach ((RamRange free, _) in FreePieces().AsEnumerable().Reverse())
        {
            if (size > free.Size)
            {
                continue;
            }

            var place = new RamRange((free.End - size - ((free.Size - size) / 2)) & ~(Alignment - 1), size);
            if (TryTake(place, use))
            {
                return place;
            }
        }

        return null;
    }

    /// <summary>All RAM in order of address, cut into pieces of one use, each made of 4 KiB pages.</summary>
    internal IEnumerable<RamPiece> Pieces()
    {
        var used = _used.Select(u => new RamPiece(ToPages(u.Range), u.Use)).OrderBy(u => u.Range.Base).ToList();
        foreach (RamRange range in ram)
        {
            ulong position = range.Base;
            foreach ((RamRange piece, MemoryUse use) in used.Where(u => range.Overlaps(u.Range)))
            {
                // ELF segments may share a page: the later piece then starts where the earlier one ends.
                ulong start = Math.Max(piece.Base, position);
                if (start > position)
                {
                    yield return new RamPiece(new RamRange(position, start - position), MemoryUse.Free);
                }

                if (piece.End > start)
                {
                    yield return new RamPiece(new RamRange(start, piece.End - start), use);
                    position = piece.End;
                }
            }

            if (range.End > position)
            {
                yield return new RamPiece(new RamRange(position, range.End - position), MemoryUse.Free);
            }
        }
    }

    private List<RamPiece> FreePieces() => [.. Pieces().Where(p => p.Use == MemoryUse.Free)];

    private static ulong AlignUp(ulong address) => (address + Alignment - 1) & ~(Alignment - 1);

    private static RamRange ToPages(RamRange range)
    {
        const ulong mask = 0xfff;
        ulong start = range.Base & ~mask;
        return new RamRange(start, ((range.End + mask) & ~mask) - start);
    }
}
