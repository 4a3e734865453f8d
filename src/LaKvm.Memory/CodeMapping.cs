using LaKvm.Linux;

namespace LaKvm.Memory;

/// <summary>
/// Memory for code that is made at run time: one mapping that can be written and executed, or the same memory mapped
/// twice, once for each, so that no page can be both. The other mapping of a byte is <see cref="WriteOffset"/> away.
/// </summary>
public sealed unsafe class CodeMapping : IDisposable
{
    private readonly HostMapping? _single;
    private readonly nint _writable;

    /// <summary>
    /// Maps <paramref name="size"/> bytes; <paramref name="twice"/> keeps writing and executing apart.
    /// </summary>
    /// <exception cref="MemoryExhaustedException">The host refuses the memory.</exception>
    public CodeMapping(ulong size, bool twice)
    {
        Size = size;
        if (!twice)
        {
            _single = new HostMapping(size, hugePages: true, executable: true);
            Pointer = _single.Pointer;
            return;
        }

        int file = MemoryCalls.CreateMemoryFile("lakvm code", MemoryCalls.CloseOnExec);
        try
        {
            if (file < 0 || FileCalls.SetLength(file, (nint)size) != 0)
            {
                throw Refused();
            }

            _writable = MapShared(file, MemoryCalls.ProtRead | MemoryCalls.ProtWrite);
            Pointer = (byte*)MapShared(file, MemoryCalls.ProtRead | MemoryCalls.ProtExecute);
            WriteOffset = _writable - (nint)Pointer;
        }
        finally
        {
            _ = FileCalls.Close(file);
        }
    }

    /// <summary>First byte, as it is executed; page aligned.</summary>
    public byte* Pointer { get; private set; }

    /// <summary>Where a byte is written, minus where it is executed.</summary>
    public nint WriteOffset { get; }

    /// <summary>Bytes mapped.</summary>
    public ulong Size { get; }

    /// <summary>Gives the memory back to the host; pointers into it die.</summary>
    public void Dispose()
    {
        _single?.Dispose();
        if (_single == null && Pointer != null)
        {
            _ = MemoryCalls.Unmap((nint)Pointer, (nuint)Size);
            _ = MemoryCalls.Unmap(_writable, (nuint)Size);
        }

        Pointer = null;
    }

    private nint MapShared(int file, int protection)
    {
        nint address = MemoryCalls.Map(0, (nuint)Size, protection, MemoryCalls.MapShared, file, 0);
        return address != -1 ? address : throw Refused();
    }

    private MemoryExhaustedException Refused() => new(MemoryCalls.Refusal(Size));
}
