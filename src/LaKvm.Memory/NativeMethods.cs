using System.Runtime.InteropServices;

namespace LaKvm.Memory;

/// <summary>The C library calls behind guest RAM.</summary>
internal static partial class NativeMethods
{
    internal const int ProtRead = 1, ProtWrite = 2, ProtExecute = 4;
    internal const int MapPrivate = 2, MapAnonymous = 0x20, MapNoReserve = 0x4000;
    internal const int AdviseHugePage = 14;

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    internal static partial nint Map(nint address, nuint length, int protection, int flags, int fd, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    internal static partial int Unmap(nint address, nuint length);

    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    internal static partial int Advise(nint address, nuint length, int advice);
}
