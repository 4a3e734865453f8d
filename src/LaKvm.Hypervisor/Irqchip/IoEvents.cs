namespace LaKvm.Hypervisor;

/// <summary>Events that guest writes signal without user space (KVM_IOEVENTFD).</summary>
public sealed class IoEvents
{
    private readonly KvmIoBuses _buses;
    private readonly List<IoEvent> _events = [];
    private readonly Lock _lock = new();

    internal IoEvents(KvmIoBuses buses) => _buses = buses;

    /// <summary>
    /// Signals an event when the guest writes to an address. EINVAL for a length that is none or a range that wraps,
    /// EEXIST if that write signals already.
    /// </summary>
    /// <param name="target">The event.</param>
    /// <param name="address">Guest-physical address.</param>
    /// <param name="length">1, 2, 4 or 8; 0 for any.</param>
    /// <param name="match">Only this value, or null for any.</param>
    /// <param name="bus">Where the guest writes to it.</param>
    public Errno Assign(IKvmEvent target, ulong address, uint length, ulong? match, KvmBus bus = KvmBus.Mmio)
    {
        if (!IsRange(address, length) || (match != null && length == 0))
        {
            return Errno.Inval;
        }

        lock (_lock)
        {
            if (_events.Exists(e => e.CollidesWith(address, length, match, bus)))
            {
                return Errno.Exist;
            }

            var ioEvent = new IoEvent(target, address, length, match, bus);
            _events.Add(ioEvent);
            return _buses[bus].Register(address, length, ioEvent, limited: false);
        }
    }

    /// <summary>Whether a write of that length can signal: 1, 2, 4, 8 or any (0), without wrapping around.</summary>
    public static bool IsRange(ulong address, uint length) =>
        length is 0 or 1 or 2 or 4 or 8 && address + length >= address;

    /// <summary>
    /// Ends what <see cref="Assign"/> began: when it returns nothing is being signalled any more. ENOENT if there is
    /// none like it.
    /// </summary>
    public Errno Deassign(IKvmEvent target, ulong address, uint length, ulong? match, KvmBus bus = KvmBus.Mmio)
    {
        lock (_lock)
        {
            IoEvent? ioEvent = _events.Find(e => e.Is(target, address, length, match, bus));
            if (ioEvent == null)
            {
                return Errno.NoEnt;
            }

            _events.Remove(ioEvent);
            _buses[bus].Unregister(ioEvent);
            ioEvent.End();
            return Errno.None;
        }
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
}
