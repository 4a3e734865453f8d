
using LaKvm.Devices;

namespace LaKvm.Hypervisor;

/// <summary>Where a guest access can come from (enum kvm_bus).</summary>
public enum KvmBus
{
    /// <summary>Guest-physical addresses.</summary>
    Mmio,

    /// <summary>Ports, which this architecture has not.</summary>
    Pio,

    /// <summary>Notifications of s390's channel devices, which this architecture has not.</summary>
    VirtioCcwNotify,
}

/// <summary>A device that the hypervisor answers for itself. Called from any vCPU's thread.</summary>
internal interface IKvmIoDevice
{
    /// <summary>Reads; false leaves the access to the next device, or to user space.</summary>
    bool Read(KvmVcpu vcpu, ulong address, int size, out ulong data);

    /// <summary>Writes; false leaves the access to the next device, or to user space.</summary>
    bool Write(KvmVcpu vcpu, ulong address, int size, ulong data);
}

/// <summary>
/// In-kernel devices by address (struct kvm_io_bus). Several may cover an address: they are asked in turn, by their
/// first address.
/// </summary>
internal sealed class KvmIoBus
{
    private readonly AddressMap<Entry> _map = new();
    private readonly Lock _lock = new();
    private int _limited;

    /// <summary>
    /// Adds a device. ENOSPC above 1000 devices, of which those with <paramref name="limited"/> false do not count.
    /// </summary>
    internal Errno Register(ulong address, ulong size, IKvmIoDevice device, bool limited = true)
    {
        lock (_lock)
        {
            if (limited && _limited >= KvmLimits.IoBusDevices)
            {
                return Errno.NoSpc;
            }

            _limited += limited ? 1 : 0;
            _map.Add(new Entry(address, size, device, limited));
            return Errno.None;
        }
    }

    /// <summary>Removes a device.</summary>
    internal void Unregister(IKvmIoDevice device)
    {
        lock (_lock)
        {
            foreach (Entry entry in _map.All.Where(e => e.Device == device))
            {
                _map.Remove(entry);
                _limited -= entry.Limited ? 1 : 0;
            }
        }
    }

    /// <summary>Whether a device covers a part of a range.</summary>
    internal bool Overlaps(ulong address, ulong size) => _map.Overlaps(address, size);

    /// <summary>The devices that cover an address, in the order in which they are asked.</summary>
    internal IEnumerable<IKvmIoDevice> DevicesAt(ulong address) =>
        _map.All.Where(e => address - e.Base < e.Size && e.Covers(address, 1)).Select(e => e.Device);

    internal bool Read(KvmVcpu vcpu, ulong address, int size, out ulong data)
    {
        foreach (Entry entry in _map.At(address))
        {
            if (entry.Covers(address, size) && entry.Device.Read(vcpu, address, size, out data))
            {
                return true;
            }
        }

        data = 0;
        return false;
    }

    internal bool Write(KvmVcpu vcpu, ulong address, int size, ulong data)
    {
        foreach (Entry entry in _map.At(address))
        {
            if (entry.Covers(address, size) && entry.Device.Write(vcpu, address, size, data))
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Entry(ulong Base, ulong Size, IKvmIoDevice Device, bool Limited) : IAddressRange
    {
        /// <summary>
        /// Whether the whole access is in the range that holds its first byte. As in Linux's KVM, a range that runs
        /// over the end of the addresses can be registered, and is never met.
        /// </summary>
        internal bool Covers(ulong address, int size) => Size == 0 || address + (ulong)size <= Base + Size;
    }
}
