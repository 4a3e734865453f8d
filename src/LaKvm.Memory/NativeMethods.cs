using System.Runtime.InteropServices;

namespace LaKvm.Memory;

/// <summary>The C library calls behind guest RAM.</summary>
internal static partial class NativeMethods
{
    internal const int ProtRead = 1, ProtWrite = 2, ProtExecute = 4;
    internal const int MapShared = 1, MapPrivate = 2, MapAnonymous = 0x20, MapNoReserve = 0x4000;
    internal const int RemapMayMove = 1, RemapFixed = 2;
    internal const int AdviseHugePage = 14;
    internal const uint CloseOnExec = 1;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "mremap", SetLastError = true)]
    internal static partial nint Remap(nint address, nuint oldLength, nuint newLength, int flags, nint newAddress);

    [LibraryImport("libc", EntryPoint = "process_vm_readv", SetLastError = true)]
    internal static unsafe partial nint ReadProcess(
        int process, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);

    [LibraryImport("libc", EntryPoint = "process_vm_writev", SetLastError = true)]
    internal static unsafe partial nint WriteProcess(
        int process, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int CreateMemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int SetLength(int fd, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    internal static partial int Close(int fd);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    internal static partial int Advise(nint address, nuint length, int advice);

    /// <summary>struct iovec.</summary>
    internal struct IoVector
    {
        internal nint Base;
        internal nuint Length;
    }
}
