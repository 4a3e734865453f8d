using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Linux;

/// <summary>
/// Calls about what is in an open directory, and about files by their descriptors, those of O_PATH included. No link is
/// followed, and no name leads out of the directory (<see cref="FileName"/>, and RESOLVE_BENEATH of openat2(2)). All
/// return 0 or the error's number unless they say otherwise.
/// </summary>
public static unsafe partial class DirectoryCalls
{
    /// <summary>Of open(2): O_PATH, O_APPEND, O_DSYNC and O_SYNC, the same on all architectures.</summary>
    public const int PathOnly = 0x20_0000, Append = 0x400, DataSync = 0x1000, FullSync = 0x10_1000;

    /// <summary>AT_REMOVEDIR of unlinkat(2).</summary>
    public const int RemoveDirectory = 0x200;

    private const int WorkingDirectory = -100, DuplicateCloseOnExec = 1030;
    private const int NoFollow = 0x100, Follow = 0x400, EmptyPath = 0x1000;
    private const ulong NoMagicLinks = 2, NoLinks = 4, Beneath = 8;
    private const uint BasicStatusAndBirth = 0xFFF;

    private const nint OpenNumber = 437; // openat2, on all architectures

    // These two have other numbers on ARM.
    private static readonly int DirectoryOnly = IsArm ? 0x4000 : 0x1_0000, NotThroughLink = IsArm ? 0x8000 : 0x2_0000;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    /// <summary>Opens something in a directory.</summary>
    public static int Open(SafeFileHandle directory, in FileName name, int flags, uint mode, out SafeFileHandle result)
    {
        fixed (FileName* path = &name)
        {
            return Open((int)directory.DangerousGetHandle(), (byte*)path, flags | NotThroughLink, mode,
                Beneath | NoLinks, out result);
        }
    }

    /// <summary>Opens a directory further below, or the same one if the path is empty, for its place only.</summary>
    public static int OpenBelow(SafeFileHandle directory, ReadOnlySpan<byte> path, out SafeFileHandle result)
    {
        byte[] text = path.IsEmpty ? [(byte)'.', 0] : [.. path, 0];
        fixed (byte* bytes = text)
        {
            return Open((int)directory.DangerousGetHandle(), bytes, PathOnly | DirectoryOnly, 0, Beneath | NoLinks,
                out result);
        }
    }

    /// <summary>Opens what a descriptor stands for once more, in another way.</summary>
    public static int Reopen(SafeFileHandle file, int flags, out SafeFileHandle result)
    {
        FileName path = OfDescriptor(file);
        return Open(WorkingDirectory, (byte*)&path, flags, 0, 0, out result);
    }

    /// <summary>Another descriptor of the same kind.</summary>
    public static int Duplicate(SafeFileHandle file, out SafeFileHandle result)
    {
        result = new SafeFileHandle(Control(file, DuplicateCloseOnExec, 0), ownsHandle: true);
        return result.IsInvalid ? LinuxError.Last : 0;
    }

    /// <summary>What is known about a file.</summary>
    public static int Status(SafeFileHandle file, out FileStatus status)
    {
        FileName none = default;
        return Answer(StatusAt(file, none, EmptyPath | NoFollow, BasicStatusAndBirth, out status));
    }

    /// <summary>What is known about something in a directory.</summary>
    public static int Status(SafeFileHandle directory, in FileName name, out FileStatus status) =>
        Answer(StatusAt(directory, name, NoFollow, BasicStatusAndBirth, out status));

    /// <summary>What is known about a file's file system.</summary>
    public static int FileSystem(SafeFileHandle file, out FileSystemStatus status) =>
        Answer(FileSystemStatus(file, out status));

    /// <summary>Makes a directory.</summary>
    public static int MakeDirectory(SafeFileHandle directory, in FileName name, uint mode) =>
        Answer(MakeDirectoryAt(directory, name, mode));

    /// <summary>Makes a file, pipe or socket; of a device also its node.</summary>
    public static int MakeNode(SafeFileHandle directory, in FileName name, uint mode) =>
        Answer(MakeNodeAt(directory, name, mode, 0));

    /// <summary>Makes a symbolic link.</summary>
    public static int MakeLink(ReadOnlySpan<byte> target, SafeFileHandle directory, in FileName name)
    {
        byte[] text = [.. target, 0];
        return Answer(MakeLinkAt(text, directory, name));
    }

    /// <summary>Gives a file another name.</summary>
    public static int Link(SafeFileHandle file, SafeFileHandle directory, in FileName name) =>
        Answer(LinkAt(WorkingDirectory, OfDescriptor(file), directory, name, Follow));

    /// <summary>Moves something; what has the new name is replaced.</summary>
    public static int Rename(SafeFileHandle from, in FileName name, SafeFileHandle to, in FileName newName) =>
        Answer(RenameAt(from, name, to, newName, 0));

    /// <summary>Removes a name, of a directory if the flags say so.</summary>
    public static int Unlink(SafeFileHandle directory, in FileName name, int flags) =>
        Answer(UnlinkAt(directory, name, flags));

    /// <summary>What a symbolic link says: number of bytes, or the negative number of the error.</summary>
    public static int ReadLink(SafeFileHandle link, Span<byte> target) => ReadLink(link, default, target);

    /// <summary>
    /// The path of what a descriptor stands for: number of bytes, or the negative number of the error.
    /// </summary>
    public static int PathOf(SafeFileHandle file, Span<byte> path)
    {
        FileName link = OfDescriptor(file);
        fixed (byte* bytes = path)
        {
            nint count = ReadLinkAt(WorkingDirectory, link, bytes, (nuint)path.Length);
            return count < 0 ? -LinuxError.Last : (int)count;
        }
    }

    /// <summary>Sets the access rights.</summary>
    public static int SetMode(SafeFileHandle file, uint mode) =>
        Answer(ChangeModeAt(WorkingDirectory, OfDescriptor(file), mode));

    /// <summary>Sets owner and group; <see cref="uint.MaxValue"/> leaves one as it is.</summary>
    public static int SetOwner(SafeFileHandle file, uint user, uint group)
    {
        FileName none = default;
        return Answer(ChangeOwnerAt(file, none, user, group, EmptyPath));
    }

    /// <summary>Cuts or extends a regular file.</summary>
    public static int SetLength(SafeFileHandle file, ulong length) => Answer(CutPath(OfDescriptor(file), (nint)length));

    /// <summary>Sets the times of the last read and change.</summary>
    public static int SetTimes(SafeFileHandle file, TimeSpec accessed, TimeSpec modified)
    {
        TimeSpec* times = stackalloc TimeSpec[] { accessed, modified };
        return Answer(SetTimesAt(WorkingDirectory, OfDescriptor(file), times, 0));
    }

    /// <summary>
    /// Entries of an open directory as getdents64(2) lays them out: bytes, or the error's negative number.
    /// </summary>
    public static int ReadEntries(SafeFileHandle directory, Span<byte> entries)
    {
        fixed (byte* bytes = entries)
        {
            nint count = Entries(directory, bytes, (nuint)entries.Length);
            return count < 0 ? -LinuxError.Last : (int)count;
        }
    }

    /// <summary>Reads at a place: bytes, or the error's negative number.</summary>
    public static int Read(SafeFileHandle file, Span<byte> destination, ulong offset)
    {
        fixed (byte* bytes = destination)
        {
            nint count = ReadAt(file, bytes, (nuint)destination.Length, (nint)offset);
            return count < 0 ? -LinuxError.Last : (int)count;
        }
    }

    /// <summary>Writes at a place: bytes, or the error's negative number.</summary>
    public static int Write(SafeFileHandle file, ReadOnlySpan<byte> source, ulong offset)
    {
        fixed (byte* bytes = source)
        {
            nint count = WriteAt(file, bytes, (nuint)source.Length, (nint)offset);
            return count < 0 ? -LinuxError.Last : (int)count;
        }
    }

    /// <summary>Returns when a file, or its content only, is on the disk.</summary>
    public static int Synchronize(SafeFileHandle file, bool contentOnly) =>
        Answer(contentOnly ? SynchronizeData(file) : SynchronizeAll(file));

    private static int ReadLink(SafeFileHandle link, in FileName name, Span<byte> target)
    {
        fixed (byte* bytes = target)
        {
            nint count = ReadLinkAt((int)link.DangerousGetHandle(), name, bytes, (nuint)target.Length);
            return count < 0 ? -LinuxError.Last : (int)count;
        }
    }

    private static FileName OfDescriptor(SafeFileHandle file) => FileName.OfDescriptor((int)file.DangerousGetHandle());

    private static int Answer(int result) => result == 0 ? 0 : LinuxError.Last;

    private static int Open(int directory, byte* path, int flags, uint mode, ulong resolve, out SafeFileHandle result)
    {
        var how = new OpenHow
        {
            Flags = (uint)(flags | FileCalls.CloseOnExec),
            Mode = mode,
            Resolve = resolve | (resolve == 0 ? 0 : NoMagicLinks),
        };
        nint fd = OpenTwo(OpenNumber, directory, path, &how, (nuint)sizeof(OpenHow));
        result = new SafeFileHandle(fd, ownsHandle: true);
        return fd < 0 ? LinuxError.Last : 0;
    }

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint OpenTwo(nint number, int directory, byte* path, OpenHow* how, nuint size);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    private static partial int Control(SafeFileHandle file, int command, int value);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int StatusAt(SafeFileHandle directory, in FileName name, int flags, uint mask,
        out FileStatus status);

    [LibraryImport("libc", EntryPoint = "fstatfs", SetLastError = true)]
    private static partial int FileSystemStatus(SafeFileHandle file, out FileSystemStatus status);

    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true)]
    private static partial int MakeDirectoryAt(SafeFileHandle directory, in FileName name, uint mode);

    [LibraryImport("libc", EntryPoint = "mknodat", SetLastError = true)]
    private static partial int MakeNodeAt(SafeFileHandle directory, in FileName name, uint mode, ulong device);

    [LibraryImport("libc", EntryPoint = "symlinkat", SetLastError = true)]
    private static partial int MakeLinkAt(byte[] target, SafeFileHandle directory, in FileName name);

    [LibraryImport("libc", EntryPoint = "linkat", SetLastError = true)]
    private static partial int LinkAt(int from, in FileName path, SafeFileHandle to, in FileName name, int flags);

    [LibraryImport("libc", EntryPoint = "renameat2", SetLastError = true)]
    private static partial int RenameAt(SafeFileHandle from, in FileName name, SafeFileHandle to, in FileName newName,
        uint flags);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    private static partial int UnlinkAt(SafeFileHandle directory, in FileName name, int flags);

    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true)]
    private static partial nint ReadLinkAt(int directory, in FileName name, byte* target, nuint size);

    [LibraryImport("libc", EntryPoint = "fchmodat", SetLastError = true)]
    private static partial int ChangeModeAt(int directory, in FileName path, uint mode, int flags = 0);

    [LibraryImport("libc", EntryPoint = "fchownat", SetLastError = true)]
    private static partial int ChangeOwnerAt(SafeFileHandle directory, in FileName name, uint user, uint group,
        int flags);

    [LibraryImport("libc", EntryPoint = "truncate", SetLastError = true)]
    private static partial int CutPath(in FileName path, nint length);

    [LibraryImport("libc", EntryPoint = "utimensat", SetLastError = true)]
    private static partial int SetTimesAt(int directory, in FileName path, TimeSpec* times, int flags);

    [LibraryImport("libc", EntryPoint = "getdents64", SetLastError = true)]
    private static partial nint Entries(SafeFileHandle directory, byte* entries, nuint size);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    private static partial nint ReadAt(SafeFileHandle file, byte* buffer, nuint count, nint offset);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    private static partial nint WriteAt(SafeFileHandle file, byte* buffer, nuint count, nint offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int SynchronizeData(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SynchronizeAll(SafeFileHandle file);

    /// <summary>struct open_how.</summary>
    private struct OpenHow
    {
        internal ulong Flags, Mode, Resolve;
    }
}
