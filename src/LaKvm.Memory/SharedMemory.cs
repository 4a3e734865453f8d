using LaKvm.Linux;

namespace LaKvm.Memory;

/// <summary>Zero-filled host memory that can be seen at several addresses at once.</summary>
public sealed unsafe class SharedMemory : IDisposable
{
    /// <summary>Maps <paramref name="size"/> bytes, a multiple of the computer's page size.</summary>
    /// <exception cref="MemoryExhaustedException">The host refuses.</exception>
    public SharedMemory(ulong size)
    {
        Size = size;
        Pointer = Map(size, MemoryCalls.ProtRead | MemoryCalls.ProtWrite,
            MemoryCalls.MapShared | MemoryCalls.MapAnonymous | MemoryCalls.MapNoReserve);
    }

    /// <summary>First byte; page aligned.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Bytes mapped.</summary>
    public ulong Size { get; }

    /// <summary>
    /// Reserves addresses at which nothing can be accessed until <see cref="ShowAt"/> puts something there.
    /// </summary>
    /// <exception cref="MemoryExhaustedException">The host refuses.</exception>
    public static byte* Reserve(ulong size) =>
        Map(size, 0, MemoryCalls.MapPrivate | MemoryCalls.MapAnonymous | MemoryCalls.MapNoReserve);

    /// <summary>Gives reserved addresses back, with whatever is shown there.</summary>
    public static void Unmap(byte* address, ulong size) => _ = MemoryCalls.Unmap((nint)address, (nuint)size);

    /// <summary>
    /// Makes a part of this memory visible at reserved addresses too; it stays there until <see cref="Unmap"/>, even if
    /// this object is disposed first.
    /// </summary>
    /// <exception cref="MemoryExhaustedException">The host refuses.</exception>
    public void ShowAt(byte* address, ulong offset, ulong size)
    {
        // An old length of 0 makes a second mapping of shared pages (mremap(2)).
        nint result = MemoryCalls.Remap((nint)(Pointer + offset), 0, (nuint)size,
            MemoryCalls.RemapMayMove | MemoryCalls.RemapFixed, (nint)address);
        ThrowIfFailed(result, size);
    }

    /// <summary>Gives a part's content back to the host; wherever it is shown there are zeroes then.</summary>
    public void Clear(ulong offset, ulong size)
    {
        if (MemoryCalls.Advise((nint)(Pointer + offset), (nuint)size, MemoryCalls.AdviseRemove) != 0)
        {
            new Span<byte>(Pointer + offset, (int)size).Clear();
        }
    }

    /// <summary>Ends this view of the memory.</summary>
    public void Dispose()
    {
        if (Pointer != null)
        {
            Unmap(Pointer, Size);
            Pointer = null;
        }
    }

    private static byte* Map(ulong size, int protection, int flags)
    {
        nint address = MemoryCalls.Map(0, (nuint)size, protection, flags, -1, 0);
        ThrowIfFailed(address, size);
        return (byte*)address;
    }

    private static void ThrowIfFailed(nint address, ulong size)
    {
        if (address == -1)
        {
            throw new MemoryExhaustedException(MemoryCalls.Refusal(size));
        }
    }
}
