using System.Runtime.InteropServices;

namespace LaKvm.Hypervisor;

/// <summary>Guest writes that user space need not be entered for: ioeventfd and coalesced MMIO.</summary>
public sealed unsafe partial class KvmVm
{
    private readonly List<IoEvent> _ioEvents = [];
    private readonly List<CoalescedZone> _zones = [];
    private readonly Lock _ringLock = new();

    /// <summary>The ring that user space maps behind each vCPU's run page.</summary>
    internal CoalescedMmioRing* CoalescedRing { get; } = AllocateRing();

    /// <summary>
    /// Signals an event when the guest writes to an address. EINVAL for a length that is none or a range that wraps, EEXIST
    /// if that write signals already.
    /// </summary>
    /// <param name="target">The event.</param>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="length">1, 2, 4 or 8; 0 for any.</param>
    /// <param name="match">Only this value, or null for any.</param>
    public Errno AssignIoEvent(IKvmEvent target, ulong address, uint length, ulong? match)
    {
        if (length is not (0 or 1 or 2 or 4 or 8) || address + length < address || (match != null && length == 0))
        {
            return Errno.Inval;
        }

        lock (_lock)
        {
            if (_ioEvents.Exists(e => e.CollidesWith(address, length, match)))
            {
                return Errno.Exist;
            }

            var ioEvent = new IoEvent(target, address, length, match);
            _ioEvents.Add(ioEvent);
            return MmioBus.Register(address, length, ioEvent, limited: false);
        }
    }

    /// <summary>Ends what <see cref="AssignIoEvent"/> began. ENOENT if there is none like it.</summary>
    public Errno DeassignIoEvent(IKvmEvent target, ulong address, uint length, ulong? match)
    {
        lock (_lock)
        {
            IoEvent? ioEvent = _ioEvents.Find(e => e.Is(target, address, length, match));
            if (ioEvent == null)
            {
                return Errno.NoEnt;
            }

            _ioEvents.Remove(ioEvent);
            MmioBus.Unregister(ioEvent);
            return Errno.None;
        }
    }

    /// <summary>Collects the guest's writes to a range in the ring, for user space to take when it comes by.</summary>
    public Errno RegisterCoalescedMmio(ulong address, uint size, bool pio)
    {
        lock (_lock)
        {
            var zone = new CoalescedZone(this, address, size, pio);
            if (pio)
            {
                return Errno.None; // there is no port I/O: the zone can never be met
            }

            Errno error = MmioBus.Register(address, size, zone);
            if (error == Errno.None)
            {
                _zones.Add(zone);
            }

            return error;
        }
    }

    /// <summary>Ends collecting for the zones inside a range.</summary>
    public void UnregisterCoalescedMmio(ulong address, uint size)
    {
        lock (_lock)
        {
            foreach (CoalescedZone zone in _zones.Where(z => z.Inside(address, size)).ToList())
            {
                _zones.Remove(zone);
                MmioBus.Unregister(zone);
            }
        }
    }

    private static CoalescedMmioRing* AllocateRing()
    {
        var page = (CoalescedMmioRing*)NativeMemory.AlignedAlloc((nuint)HostPages.PageSize, (nuint)HostPages.PageSize);
        NativeMemory.Clear(page, (nuint)HostPages.PageSize);
        return page;
    }

    private sealed class IoEvent(IKvmEvent target, ulong address, uint length, ulong? match) : IKvmIoDevice
    {
        public bool Read(KvmVcpu vcpu, ulong at, int size, out ulong data)
        {
            data = 0;
            return false;
        }

        public bool Write(KvmVcpu vcpu, ulong at, int size, ulong data)
        {
            if (at != address || (length != 0 && (uint)size != length) || (match != null && match != data))
            {
                return false;
            }

            target.Signal();
            return true;
        }

        internal bool CollidesWith(ulong at, uint size, ulong? value) => at == address
            && (length == 0 || size == 0 || (length == size && (match == null || value == null || match == value)));

        internal bool Is(IKvmEvent other, ulong at, uint size, ulong? value) =>
            other == target && at == address && size == length && value == match;
    }

    private sealed class CoalescedZone(KvmVm vm, ulong address, uint size, bool pio) : IKvmIoDevice
    {
        public bool Read(KvmVcpu vcpu, ulong at, int length, out ulong data)
        {
            data = 0;
            return false;
        }

        /// <summary>A full ring, or an index that user space has spoilt, leaves the write to user space.</summary>
        public bool Write(KvmVcpu vcpu, ulong at, int length, ulong data)
        {
            CoalescedMmioRing* ring = vm.CoalescedRing;
            lock (vm._ringLock)
            {
                uint last = Volatile.Read(ref ring->Last);
                uint next = (last + 1) % (uint)CoalescedMmioRing.Capacity;
                if (last >= CoalescedMmioRing.Capacity || next == Volatile.Read(ref ring->First))
                {
                    return false;
                }

                CoalescedMmioEntry* entry = (CoalescedMmioEntry*)(ring + 1) + last;
                entry->PhysicalAddress = at;
                entry->Length = (uint)length;
                entry->Pio = pio ? 1u : 0;
                entry->Data = data;
                Volatile.Write(ref ring->Last, next);
                return true;
            }
        }

        internal bool Inside(ulong start, uint bytes) => address >= start && address + size <= start + bytes;
    }
}
