using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// Guest writes collected in a ring, which user space maps behind each vCPU's run page, and empties when it comes by.
/// </summary>
public sealed unsafe class CoalescedMmio : IDisposable
{
    private readonly KvmIoBuses _buses;
    private readonly uint _capacity;
    private readonly List<Zone> _zones = [];
    private readonly Lock _lock = new();
    private readonly Lock _writing = new();

    internal CoalescedMmio(HostMachine machine, KvmIoBuses buses)
    {
        _buses = buses;
        Memory = machine.SharedPages.Allocate(machine.Pages.PageSize);
        _capacity = CoalescedMmioRing.Capacity(machine.Pages.PageSize);
    }

    /// <summary>The ring's memory: one page.</summary>
    internal SharedPageRun Memory { get; }

    /// <summary>Collects the guest's writes to a range in the ring.</summary>
    public Errno Register(ulong address, uint size, bool pio)
    {
        lock (_lock)
        {
            var zone = new Zone(this, address, size, pio);
            Errno error = _buses[zone.Bus].Register(address, size, zone);
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
    public void Unregister(ulong address, uint size, bool pio)
    {
        lock (_lock)
        {
            foreach (Zone zone in _zones.Where(z => z.Holds(address, size, pio)).ToList())
            {
                _zones.Remove(zone);
                _buses[zone.Bus].Unregister(zone);
                zone.End();
            }
        }
    }

    /// <summary>Frees the ring.</summary>
    public void Dispose() => Memory.Dispose();

    /// <summary>A full ring, or an index that user space has spoilt, leaves the write to user space.</summary>
    private bool Append(in CoalescedMmioEntry write)
    {
        var ring = (CoalescedMmioRing*)Memory.Pointer;
        uint last = Volatile.Read(ref ring->Last);
        uint next = (last + 1) % _capacity;
        if (last >= _capacity || next == Volatile.Read(ref ring->First))
        {
            return false;
        }

        ((CoalescedMmioEntry*)(ring + 1))[last] = write;
        Volatile.Write(ref ring->Last, next);
        return true;
    }

    private sealed class Zone(CoalescedMmio ring, ulong address, uint size, bool pio) : CaughtWrites(ring._writing)
    {
        internal KvmBus Bus => pio ? KvmBus.Pio : KvmBus.Mmio;

        internal bool Holds(ulong start, uint bytes, bool portIo) => portIo == pio
            && start + bytes >= start && start >= address && start + bytes <= address + size;

        private protected override bool Matches(ulong at, int length, ulong data) => true;

        private protected override bool Take(ulong at, int length, ulong data) => ring.Append(
            new() { PhysicalAddress = at, Length = (uint)length, Pio = pio ? 1u : 0, Data = data });
    }
}
