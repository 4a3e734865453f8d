using System.Runtime.InteropServices;

namespace LaKvm.Memory;

/// <summary>Zero-filled host memory from mmap: reserved at once, taken from the host page by page when touched.</summary>
public sealed unsafe class HostMapping : IDisposable
{
    /// <summary>Maps <paramref name="size"/> bytes; <paramref name="executable"/> for code made at run time.</summary>
    /// <exception cref="MemoryExhaustedException">The host refuses the reservation.</exception>
    public HostMapping(ulong size, bool hugePages = false, bool executable = false)
    {
        Size = size;
        nint address = NativeMethods.Map(0, (nuint)size,
            NativeMethods.ProtRead | NativeMethods.ProtWrite | (executable ? NativeMethods.ProtExecute : 0),
            NativeMethods.MapPrivate | NativeMethods.MapAnonymous | NativeMethods.MapNoReserve, -1, 0);
        if (address == -1)
        {
            throw new MemoryExhaustedException(
                $"The host refused {size} bytes of memory (errno {Marshal.GetLastPInvokeError()}).");
        }

        Pointer = (byte*)address;
        if (hugePages)
        {
            // Advice only: without huge pages everything works, slower.
            _ = NativeMethods.Advise(address, (nuint)size, NativeMethods.AdviseHugePage);
        }
    }

    /// <summary>First byte; page aligned.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Bytes mapped.</summary>
    public ulong Size { get; }

    /// <summary>Gives the memory back to the host; pointers into it die.</summary>
    public void Dispose()
    {
        if (Pointer != null)
        {
            _ = NativeMethods.Unmap((nint)Pointer, (nuint)Size);
            Pointer = null;
        }
    }
}
