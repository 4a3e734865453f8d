using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>struct statx (statx(2)): what Linux knows about a file.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct FileStatus
{
    /// <summary>What of this Linux has filled in.</summary>
    public readonly uint Mask;

    /// <summary>Bytes that are best read or written at once.</summary>
    public readonly uint BlockSize;

    private readonly ulong _attributes;

    /// <summary>Number of names.</summary>
    public readonly uint Links;

    /// <summary>Owner.</summary>
    public readonly uint User;

    /// <summary>Owning group.</summary>
    public readonly uint Group;

    /// <summary>Kind and access rights.</summary>
    public readonly ushort Mode;

    private readonly ushort _spare;

    /// <summary>Number in its file system.</summary>
    public readonly ulong Inode;

    /// <summary>Bytes.</summary>
    public readonly ulong Size;

    /// <summary>Units of 512 bytes that it occupies.</summary>
    public readonly ulong Blocks;

    private readonly ulong _attributesMask;

    /// <summary>Last read.</summary>
    public readonly FileTime Accessed;

    /// <summary>When it was made.</summary>
    public readonly FileTime Born;

    /// <summary>Last change of this status.</summary>
    public readonly FileTime Changed;

    /// <summary>Last change of the content.</summary>
    public readonly FileTime Modified;

    /// <summary>Of a device's node: which device.</summary>
    public readonly uint NodeMajor, NodeMinor;

    /// <summary>The device that its file system is on.</summary>
    public readonly uint DeviceMajor, DeviceMinor;

    private readonly Rest _rest;

    /// <summary>What it is.</summary>
    public FileKind Kind => (FileKind)(Mode & 0xF000);

    /// <summary>The file system, as one number.</summary>
    public ulong Device => ((ulong)DeviceMajor << 32) | DeviceMinor;

    /// <summary>Whether two describe the same file.</summary>
    public bool IsSameFile(in FileStatus other) => Inode == other.Inode && Device == other.Device;

    [System.Runtime.CompilerServices.InlineArray(14)]
    private struct Rest
    {
        private ulong _first;
    }
}

/// <summary>struct statx_timestamp.</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct FileTime
{
    /// <summary>Seconds since 1970.</summary>
    public readonly long Seconds;

    /// <summary>And nanoseconds.</summary>
    public readonly uint Nanoseconds;

    private readonly int _spare;
}

/// <summary>struct statfs of 64-bit Linux, as far as anybody looks (statfs(2)).</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly struct FileSystemStatus
{
    /// <summary>Which kind of file system.</summary>
    public readonly long Type;

    /// <summary>Bytes of a block.</summary>
    public readonly long BlockSize;

    /// <summary>Blocks: all, free, free for anybody.</summary>
    public readonly ulong Blocks, FreeBlocks, AvailableBlocks;

    /// <summary>Inodes: all, free.</summary>
    public readonly ulong Files, FreeFiles;

    /// <summary>Number of the file system.</summary>
    public readonly ulong Id;

    /// <summary>Most bytes of a name.</summary>
    public readonly long LongestName;

    private readonly Rest _rest;

    [System.Runtime.CompilerServices.InlineArray(8)]
    private struct Rest
    {
        private long _first;
    }
}

/// <summary>struct timespec, with the two values that utimensat(2) takes for "now" and "as it is".</summary>
/// <param name="Seconds">Seconds since 1970.</param>
/// <param name="Nanoseconds">And nanoseconds.</param>
public readonly record struct TimeSpec(long Seconds, long Nanoseconds)
{
    /// <summary>UTIME_NOW.</summary>
    public static TimeSpec Now { get; } = new(0, 0x3fff_ffff);

    /// <summary>UTIME_OMIT.</summary>
    public static TimeSpec AsItIs { get; } = new(0, 0x3fff_fffe);
}
