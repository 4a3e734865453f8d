using System.Runtime.InteropServices;

namespace LaKvm.User;

/// <summary>
/// What is known of a file: struct statx, which is the same on all architectures, and struct stat of LoongArch.
/// </summary>
internal static class StatusBuffer
{
    /// <summary>Bytes of the structures.</summary>
    internal const int Size = 256, StatSize = 128;

    /// <summary>Kind and rights of things without a name, of regular files, and of directories.</summary>
    internal const ushort AnonymousMode = 0x180, RegularMode = 0x81a4, SharedMode = 0x8180;

    private const uint BasicStats = 0x7ff;

    /// <summary>Fills in what there is to say of a file that only exists here.</summary>
    internal static void Fill(Span<byte> status, ushort mode, ulong size, int inode)
    {
        status.Clear();
        MemoryMarshal.Write(status, BasicStats);
        MemoryMarshal.Write(status[4..], 4096u);
        MemoryMarshal.Write(status[16..], 1u);
        MemoryMarshal.Write(status[20..], (uint)SystemGroup.User);
        MemoryMarshal.Write(status[24..], (uint)SystemGroup.Group);
        MemoryMarshal.Write(status[28..], mode);
        MemoryMarshal.Write(status[32..], (ulong)(uint)inode);
        MemoryMarshal.Write(status[40..], size);
        MemoryMarshal.Write(status[48..], (size + 511) / 512);
    }

    /// <summary>struct stat (include/uapi/asm-generic/stat.h) of a struct statx.</summary>
    internal static void ToStat(ReadOnlySpan<byte> status, Span<byte> stat)
    {
        stat.Clear();
        MemoryMarshal.Write(stat, Device(status, 136));
        status[32..40].CopyTo(stat[8..]); // inode
        MemoryMarshal.Write(stat[16..], (uint)MemoryMarshal.Read<ushort>(status[28..])); // mode
        status[16..28].CopyTo(stat[20..]); // links, user, group
        MemoryMarshal.Write(stat[32..], Device(status, 128));
        status[40..48].CopyTo(stat[48..]); // bytes
        status[4..8].CopyTo(stat[56..]); // block size
        status[48..56].CopyTo(stat[64..]); // blocks
        Time(status[64..], stat[72..]);
        Time(status[112..], stat[88..]);
        Time(status[96..], stat[104..]);
    }

    private static void Time(ReadOnlySpan<byte> from, Span<byte> to)
    {
        from[..8].CopyTo(to);
        MemoryMarshal.Write(to[8..], (ulong)MemoryMarshal.Read<uint>(from[8..]));
    }

    private static ulong Device(ReadOnlySpan<byte> status, int at)
    {
        uint major = MemoryMarshal.Read<uint>(status[at..]), minor = MemoryMarshal.Read<uint>(status[(at + 4)..]);
        return (minor & 0xff) | ((ulong)(major & 0xfff) << 8) | ((ulong)(minor & ~0xffu) << 12);
    }
}
