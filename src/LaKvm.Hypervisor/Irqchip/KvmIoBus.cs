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
/// In-kernel devices by address (struct kvm_io_bus). Several may cover an address: they are asked in turn. A change makes a
/// new array, so that accesses take no lock.
/// </summary>
internal sealed class KvmIoBus
{
    private readonly Lock _lock = new();
    private Entry[] _entries = [];
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
            Volatile.Write(ref _entries,
                [.. _entries.Append(new Entry(address, size, device, limited)).OrderBy(e => e.Address)]);
            return Errno.None;
        }
    }

    /// <summary>Removes a device.</summary>
    internal void Unregister(IKvmIoDevice device)
    {
        lock (_lock)
        {
            _limited -= _entries.Count(e => e.Device == device && e.Limited);
            Volatile.Write(ref _entries, [.. _entries.Where(e => e.Device != device)]);
        }
    }

    internal bool Overlaps(ulong address, ulong size) =>
        Volatile.Read(ref _entries).Any(e => address < e.Address + e.Size && e.Address < address + size);

    internal bool Read(KvmVcpu vcpu, ulong address, int size, out ulong data)
    {
        foreach (Entry entry in Volatile.Read(ref _entries))
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
        foreach (Entry entry in Volatile.Read(ref _entries))
        {
            if (entry.Covers(address, size) && entry.Device.Write(vcpu, address, size, data))
            {
                return true;
            }
        }

        return false;
    }

    private sealed record Entry(ulong Address, ulong Size, IKvmIoDevice Device, bool Limited)
    {
        /// <summary>A size of 0 stands for any width at the address.</summary>
        internal bool Covers(ulong address, int size) => Size == 0
            ? address == Address
            : address - Address < Size && (ulong)size <= Size - (address - Address);
    }
}
