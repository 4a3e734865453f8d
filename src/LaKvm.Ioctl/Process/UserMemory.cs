using LaKvm.Hypervisor;
using LaKvm.Memory;

namespace LaKvm.Ioctl;

/// <summary>Memory that a process has mapped and may give to a guest. Freed on dispose.</summary>
public sealed unsafe class UserMemory : IDisposable
{
    private readonly HostAddressSpace _addressSpace;
    private readonly bool _linear;

    private UserMemory(HostAddressSpace addressSpace, ulong address, ulong size, bool linear)
    {
        _addressSpace = addressSpace;
        Address = address;
        Size = size;
        _linear = linear;
    }

    /// <summary>Address in the process's address space.</summary>
    public ulong Address { get; }

    /// <summary>Bytes.</summary>
    public ulong Size { get; }

    /// <summary>
    /// Maps zero memory. <paramref name="linear"/> memory is contiguous and can be mapped by huge pages; other memory
    /// comes page by page when it is touched.
    /// </summary>
    /// <exception cref="MemoryExhaustedException">The machine has not enough left.</exception>
    public static UserMemory Map(HostProcess process, ulong bytes, bool linear = true)
    {
        ulong address = process.AddressSpace.Map(bytes, linear);
        return address != 0
            ? new UserMemory(process.AddressSpace, address, bytes, linear)
            : throw new MemoryExhaustedException($"The machine has no {bytes} bytes of memory left.");
    }

    /// <summary>
    /// Host memory behind a range, for writing, if the mapping is linear and no page of it has been changed; else
    /// empty. Whoever executes code from there is told that it changed.
    /// </summary>
    public Span<byte> Writable(ulong offset, ulong length)
    {
        if (!_linear || length > int.MaxValue || offset > Size || length > Size - offset
            || _addressSpace.ContiguousBytes(Address + offset) < length)
        {
            return [];
        }

        _addressSpace.Written(Address + offset, length);
        return new Span<byte>(_addressSpace.Pointer(Address + offset), (int)length);
    }

    /// <summary>Copies into the memory; false outside.</summary>
    public bool Write(ulong offset, ReadOnlySpan<byte> source) =>
        IsInside(offset, source.Length) && _addressSpace.CopyTo(Address + offset, source);

    /// <summary>Copies out of the memory; false outside.</summary>
    public bool Read(ulong offset, Span<byte> target) =>
        IsInside(offset, target.Length) && _addressSpace.CopyFrom(Address + offset, target);

    /// <inheritdoc/>
    public void Dispose() => _ = _addressSpace.Unmap(Address, Size);

    private bool IsInside(ulong offset, int length) => offset <= Size && (ulong)length <= Size - offset;
}
