using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>
/// Calls about the process's address space (mmap(2), mremap(2), memfd_create(2), process_vm_readv(2)).
/// </summary>
public static partial class MemoryCalls
{
    /// <summary>PROT_READ, PROT_WRITE and PROT_EXEC.</summary>
    public const int ProtRead = 1, ProtWrite = 2, ProtExecute = 4;

    /// <summary>MAP_SHARED, MAP_PRIVATE, MAP_ANONYMOUS and MAP_NORESERVE.</summary>
    public const int MapShared = 1, MapPrivate = 2, MapAnonymous = 0x20, MapNoReserve = 0x4000;

    /// <summary>MREMAP_MAYMOVE and MREMAP_FIXED.</summary>
    public const int RemapMayMove = 1, RemapFixed = 2;

    /// <summary>MADV_HUGEPAGE and MADV_REMOVE.</summary>
    public const int AdviseHugePage = 14, AdviseRemove = 9;

    /// <summary>MFD_CLOEXEC.</summary>
    public const uint CloseOnExec = 1;

    /// <summary>mmap: -1 on failure.</summary>
    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    public static partial nint Map(nint address, nuint length, int protection, int flags, int fd, nint offset);

    /// <summary>mremap: -1 on failure.</summary>
    [LibraryImport("libc", EntryPoint = "mremap", SetLastError = true)]
    public static partial nint Remap(nint address, nuint oldLength, nuint newLength, int flags, nint newAddress);

    /// <summary>munmap.</summary>
    [LibraryImport("libc", EntryPoint = "munmap", SetLastError = true)]
    public static partial int Unmap(nint address, nuint length);

    /// <summary>madvise.</summary>
    [LibraryImport("libc", EntryPoint = "madvise", SetLastError = true)]
    public static partial int Advise(nint address, nuint length, int advice);

    /// <summary>memfd_create: a descriptor, or -1.</summary>
    [LibraryImport(
        "libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int CreateMemoryFile(string name, uint flags);

    /// <summary>process_vm_readv: bytes copied, or -1.</summary>
    [LibraryImport("libc", EntryPoint = "process_vm_readv", SetLastError = true)]
    public static unsafe partial nint ReadProcess(
        int process, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);

    /// <summary>process_vm_writev: bytes copied, or -1.</summary>
    [LibraryImport("libc", EntryPoint = "process_vm_writev", SetLastError = true)]
    public static unsafe partial nint WriteProcess(
        int process, IoVector* local, nuint localCount, IoVector* remote, nuint remoteCount, nuint flags);

    /// <summary>Why the last call refused memory, as a sentence that names the limit that was met.</summary>
    public static string Refusal(ulong bytes) => LinuxError.Last is LinuxError.NoMemory or LinuxError.TryAgain
        ? ResourceLimits.MemoryRefused(bytes)
        : new LinuxException($"Linux refuses {ResourceLimits.Format(bytes)} of memory").Message;

    /// <summary>struct iovec.</summary>
    public struct IoVector
    {
        /// <summary>First byte.</summary>
        public nint Base;

        /// <summary>Bytes.</summary>
        public nuint Length;
    }
}
