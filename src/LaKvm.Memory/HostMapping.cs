using LaKvm.Linux;

namespace LaKvm.Memory;

/// <summary>
/// Zero-filled host memory from mmap: reserved at once, taken from the host page by page when touched.
/// </summary>
public sealed unsafe class HostMapping : IDisposable
{
    /// <summary>Maps <paramref name="size"/> bytes; <paramref name="executable"/> for code made at run time.</summary>
    /// <exception cref="MemoryExhaustedException">The host refuses the reservation.</exception>
    public HostMapping(ulong size, bool hugePages = false, bool executable = false)
    {
        Size = size;
        nint address = MemoryCalls.Map(0, (nuint)size,
            MemoryCalls.ProtRead | MemoryCalls.ProtWrite | (executable ? MemoryCalls.ProtExecute : 0),
            MemoryCalls.MapPrivate | MemoryCalls.MapAnonymous | MemoryCalls.MapNoReserve, -1, 0);
        if (address == -1)
        {
            throw new MemoryExhaustedException(MemoryCalls.Refusal(size));
        }

        Pointer = (byte*)address;
        if (hugePages)
        {
            // Advice only: without huge pages everything works, slower.
            _ = MemoryCalls.Advise(address, (nuint)size, MemoryCalls.AdviseHugePage);
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
            _ = MemoryCalls.Unmap((nint)Pointer, (nuint)Size);
            Pointer = null;
        }
    }
}
