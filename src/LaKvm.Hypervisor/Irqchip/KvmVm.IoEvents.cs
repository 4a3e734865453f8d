using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>Guest writes that user space need not be entered for: ioeventfd and coalesced MMIO.</summary>
public sealed unsafe partial class KvmVm
{
    private readonly KvmIoBus _pioBus = new(), _ccwBus = new();
    private readonly List<IoEvent> _ioEvents = [];
    private readonly List<CoalescedZone> _zones = [];
    private readonly Lock _ringLock = new();

    /// <summary>The ring that user space maps behind each vCPU's run page: one page.</summary>
    internal SharedPageRun CoalescedMemory { get; }

    private CoalescedMmioRing* CoalescedRing => (CoalescedMmioRing*)CoalescedMemory.Pointer;

    /// <summary>
    /// Signals an event when the guest writes to an address. EINVAL for a length that is none or a range that wraps,
    /// EEXIST if that write signals already.
    /// </summary>
    /// <param name="target">The event.</param>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="length">1, 2, 4 or 8; 0 for any.</param>
    /// <param name="match">Only this value, or null for any.</param>
    /// <param name="bus">Where the guest writes to it.</param>
    public Errno AssignIoEvent(IKvmEvent target, ulong address, uint length, ulong? match, KvmBus bus = KvmBus.Mmio)
    {
        if (!IsIoEventRange(address, length) || (match != null && length == 0))
        {
            return Errno.Inval;
        }

        lock (_lock)
        {
            if (_ioEvents.Exists(e => e.CollidesWith(address, length, match, bus)))
            {
                return Errno.Exist;
            }

            var ioEvent = new IoEvent(target, address, length, match, bus);
            _ioEvents.Add(ioEvent);
            return BusOf(bus).Register(address, length, ioEvent, limited: false);
        }
    }

    /// <summary>Whether a write of that length can signal: 1, 2, 4, 8 or any (0), without wrapping around.</summary>
    public static bool IsIoEventRange(ulong address, uint length) =>
        length is 0 or 1 or 2 or 4 or 8 && address + length >= address;

    /// <summary>
    /// Ends what <see cref="AssignIoEvent"/> began: when it returns nothing is being signalled any more. ENOENT if
    /// there is none like it.
    /// </summary>
    public Errno DeassignIoEvent(IKvmEvent target, ulong address, uint length, ulong? match, KvmBus bus = KvmBus.Mmio)
    {
        lock (_lock)
        {
            IoEvent? ioEvent = _ioEvents.Find(e => e.Is(target, address, length, match, bus));
            if (ioEvent == null)
            {
                return Errno.NoEnt;
            }

            _ioEvents.Remove(ioEvent);
            BusOf(bus).Unregister(ioEvent);
            ioEvent.End();
            return Errno.None;
        }
    }

    /// <summary>Collects the guest's writes to a range in the ring, for user space to take when it comes by.</summary>
    public Errno RegisterCoalescedMmio(ulong address, uint size, bool pio)
    {
        lock (_lock)
        {
            var zone = new CoalescedZone(this, address, size, pio);
            Errno error = BusOf(zone.Bus).Register(address, size, zone);
            if (error == Errno.None)
            {
                _zones.Add(zone);
            }

            return error;
        }
    }

    /// <summary>
    /// Ends collecting for the zones that hold a range: when it returns nothing is being collected any more.
    /// </summary>
    public void UnregisterCoalescedMmio(ulong address, uint size, bool pio)
    {
        lock (_lock)
        {
            foreach (CoalescedZone zone in _zones.Where(z => z.Holds(address, size, pio)).ToList())
            {
                _zones.Remove(zone);
                BusOf(zone.Bus).Unregister(zone);
                zone.End();
            }
        }
    }

    /// <summary>
    /// No guest instruction reaches the buses other than MMIO's: what is registered there is never met.
    /// </summary>
    private KvmIoBus BusOf(KvmBus bus) => bus switch
    {
        KvmBus.Mmio => MmioBus,
        KvmBus.Pio => _pioBus,
        _ => _ccwBus,
    };

    /// <summary>
    /// Writes that user space has asked for. A vCPU may have found them on the bus just before they were taken off: the
    /// end waits for its write, or comes before it.
    /// </summary>
    /// <param name="writing">Held during a write.</param>
    private abstract class CaughtWrites(Lock writing) : IKvmIoDevice
    {
        private bool _ended;

        public bool Read(KvmVcpu vcpu, ulong at, int size, out ulong data)
        {
            data = 0;
            return false;
        }

        public bool Write(KvmVcpu vcpu, ulong at, int size, ulong data)
        {
            if (!Matches(at, size, data))
            {
                return false;
            }

            lock (writing)
            {
                return !_ended && Take(at, size, data);
            }
        }

        internal void End()
        {
            lock (writing)
            {
                _ended = true;
            }
        }

        private protected abstract bool Matches(ulong at, int size, ulong data);

        /// <summary>False leaves the write to user space.</summary>
        private protected abstract bool Take(ulong at, int size, ulong data);
    }

    private sealed class IoEvent(IKvmEvent target, ulong address, uint length, ulong? match, KvmBus bus)
        : CaughtWrites(new Lock())
    {
        private protected override bool Matches(ulong at, int size, ulong data) => at == address
            && (length == 0 || (uint)size == length) && (match == null || match == data);

        private protected override bool Take(ulong at, int size, ulong data)
        {
            target.Signal();
            return true;
        }

        internal bool CollidesWith(ulong at, uint size, ulong? value, KvmBus other) => other == bus && at == address
            && (length == 0 || size == 0 || (length == size && (match == null || value == null || match == value)));

        internal bool Is(IKvmEvent other, ulong at, uint size, ulong? value, KvmBus on) =>
            on == bus && other == target && at == address && size == length && value == match;
    }

    private sealed class CoalescedZone(KvmVm vm, ulong address, uint size, bool pio) : CaughtWrites(vm._ringLock)
    {
        internal KvmBus Bus => pio ? KvmBus.Pio : KvmBus.Mmio;

        internal bool Holds(ulong start, uint bytes, bool portIo) => portIo == pio
            && start + bytes >= start && start >= address && start + bytes <= address + size;

        private protected override bool Matches(ulong at, int length, ulong data) => true;

        /// <summary>A full ring, or an index that user space has spoilt, leaves the write to user space.</summary>
        private protected override bool Take(ulong at, int length, ulong data)
        {
            CoalescedMmioRing* ring = vm.CoalescedRing;
            uint last = Volatile.Read(ref ring->Last);
            uint capacity = CoalescedMmioRing.Capacity(vm.Machine.Pages.PageSize);
            uint next = (last + 1) % capacity;
            if (last >= capacity || next == Volatile.Read(ref ring->First))
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
}
