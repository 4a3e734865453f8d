using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>An ELF file in memory.</summary>
/// <param name="File">What it was made of.</param>
/// <param name="Bias">What is added to the file's addresses.</param>
/// <param name="End">First address behind it.</param>
internal sealed record LoadedImage(ElfFile File, ulong Bias, ulong End)
{
    /// <summary>The first instruction.</summary>
    internal ulong Entry => File.Entry + Bias;

    /// <summary>Where its program headers are; 0 if they were not loaded.</summary>
    internal ulong Headers => File.Loads
        .Where(s => File.HeadersOffset >= s.Offset && File.HeadersOffset < s.Offset + s.FileSize)
        .Select(s => s.Address + Bias + (File.HeadersOffset - s.Offset)).FirstOrDefault();
}

/// <summary>Maps the segments of an ELF file.</summary>
internal static class ImageLoader
{
    private const uint Execute = 1, Write = 2, Read = 4;

    /// <summary>
    /// Maps a file, a movable one so that it begins at <paramref name="place"/>; null if it does not fit.
    /// </summary>
    internal static LoadedImage? Load(HostAddressSpace memory, HostFile file, ElfFile elf, ulong place)
    {
        if (!elf.Loads.Any())
        {
            return null;
        }

        ulong page = memory.Pages.PageSize, first = elf.Loads.Min(s => s.Address) & ~(page - 1);
        ulong bias = elf.IsDynamic ? place - first : 0;
        var content = new FilePages(file, memory.Pages);
        foreach (ElfSegment segment in elf.Loads)
        {
            if (!Map(memory, content, segment, bias))
            {
                return null;
            }
        }

        ulong end = elf.Loads.Max(s => s.Address + s.MemorySize) + bias;
        return new LoadedImage(elf, bias, (end + page - 1) & ~(page - 1));
    }

    private static bool Map(HostAddressSpace memory, FilePages content, in ElfSegment segment, ulong bias)
    {
        ulong page = memory.Pages.PageSize, address = segment.Address + bias;
        ulong start = address & ~(page - 1), fileEnd = address + segment.FileSize, end = address + segment.MemorySize;
        ulong fileTop = (fileEnd + page - 1) & ~(page - 1), top = (end + page - 1) & ~(page - 1);
        HostRights rights = RightsOf(segment.Flags);
        ulong offset = segment.Offset - (address - start);
        if ((offset & (page - 1)) != 0 || end < address)
        {
            return false;
        }

        bool mapped = fileTop == start
            || memory.MapAt(start, fileTop - start,
                new HostMapRequest(rights | HostRights.Write, content, offset)) == Errno.None;
        mapped &= top == fileTop || memory.MapAt(fileTop, top - fileTop, new HostMapRequest(rights)) == Errno.None;

        // What follows the segment in its file's last page is not the program's.
        byte[] zeroes = new byte[(int)(Math.Min(fileTop, end) - Math.Min(fileEnd, fileTop))];
        return mapped && (segment.MemorySize == segment.FileSize || memory.CopyTo(fileEnd, zeroes))
            && (fileTop == start || memory.Protect(start, fileTop - start, rights) == Errno.None);
    }

    private static HostRights RightsOf(uint flags) => ((flags & Read) != 0 ? HostRights.Read : 0)
        | ((flags & Write) != 0 ? HostRights.Write : 0) | ((flags & Execute) != 0 ? HostRights.Execute : 0);
}
