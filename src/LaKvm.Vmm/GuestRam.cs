using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Ioctl;

namespace LaKvm.Vmm;

/// <summary>
/// The guest's RAM: mappings of the VMM's process given to the VM as memory slots. Loaders and devices reach it by
/// guest-physical address.
/// </summary>
public sealed class GuestRam : IGuestRam, IGuestMemory, IDisposable
{
    private readonly UserMemory[] _memory;

    internal GuestRam(HostProcess process, Ioctl.Vm vm, IReadOnlyList<RamRange> ranges)
    {
        Ranges = ranges;
        _memory = new UserMemory[ranges.Count];
        for (int i = 0; i < ranges.Count; i++)
        {
            _memory[i] = UserMemory.Map(process, ranges[i].Size);
            vm.SetMemoryRegion((uint)i, ranges[i].Base, _memory[i]);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<RamRange> Ranges { get; }

    /// <inheritdoc/>
    public Span<byte> Writable(ulong physicalAddress, ulong length) =>
        Find(physicalAddress, length) is { } memory
            ? memory.Writable(OffsetOf(memory, physicalAddress), length)
            : [];

    /// <inheritdoc/>
    public bool Contains(ulong address, ulong length) => length == 0 || Find(address, length) != null;

    /// <inheritdoc/>
    public bool Read(ulong address, Span<byte> destination) =>
        Find(address, (ulong)destination.Length) is { } memory && memory.Read(OffsetOf(memory, address), destination);

    /// <inheritdoc/>
    public bool Write(ulong address, ReadOnlySpan<byte> source) =>
        Find(address, (ulong)source.Length) is { } memory && memory.Write(OffsetOf(memory, address), source);

    /// <summary>Gives the memory back; the VM must be gone.</summary>
    public void Dispose()
    {
        foreach (UserMemory memory in _memory)
        {
            memory.Dispose();
        }
    }

    private UserMemory? Find(ulong address, ulong length)
    {
        for (int i = 0; i < _memory.Length; i++)
        {
            RamRange range = Ranges[i];
            if (address - range.Base < range.Size && length <= range.Size - (address - range.Base))
            {
                return _memory[i];
            }
        }

        return null;
    }

    private ulong OffsetOf(UserMemory memory, ulong address) => address - Ranges[Array.IndexOf(_memory, memory)].Base;
}
