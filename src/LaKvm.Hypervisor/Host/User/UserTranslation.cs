using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// First-stage translation of a process: there are no page tables, a TLB refill asks the address space itself. A change
/// that takes rights makes every thread of the process leave user code, and what the TLBs hold is dropped before a
/// thread enters it again.
/// </summary>
public sealed class UserTranslation : IMmuNotifier, IDisposable
{
    private readonly HostMachine _machine;
    private readonly Lock _lock = new();
    private UserMode[] _threads = [];
    private ulong _state;

    /// <summary>Begins to translate for the programs of an address space.</summary>
    /// <exception cref="MemoryExhaustedException">There are as many processes as the TLBs can tell apart.</exception>
    public UserTranslation(HostMachine machine, HostAddressSpace space)
    {
        _machine = machine;
        Space = space;
        Asid = machine.AddressSpaceIds.Take();
        if (Asid == 0)
        {
            throw new MemoryExhaustedException("There are too many processes.");
        }

        _state = machine.AddressSpaceIds.NextState();
        space.Register(this);
    }

    /// <summary>The address space.</summary>
    public HostAddressSpace Space { get; }

    /// <summary>Its number in the TLBs.</summary>
    internal int Asid { get; }

    /// <summary>Changes whenever what a TLB holds may no longer be used.</summary>
    internal ulong State => Volatile.Read(ref _state);

    /// <summary>The process has ended: none of its threads runs any more.</summary>
    public void Dispose()
    {
        Space.Unregister(this);
        _machine.AddressSpaceIds.Give(Asid);
    }

    void IMmuNotifier.InvalidateRangeStart(ulong start, ulong end)
    {
        // State before mode, where the threads write their mode before they read the state: one side sees the other.
        Interlocked.Exchange(ref _state, _machine.AddressSpaceIds.NextState());
        UserMode[] threads = Volatile.Read(ref _threads);
        foreach (UserMode thread in threads)
        {
            thread.TellToLeave();
        }

        foreach (UserMode thread in threads)
        {
            thread.WaitUntilOutside();
        }
    }

    void IMmuNotifier.InvalidateRangeEnd(ulong start, ulong end)
    {
    }

    /// <summary>The first stage keeps no accessed marks.</summary>
    bool IMmuNotifier.ClearYoung(ulong start, ulong end, bool flush) => false;

    bool IMmuNotifier.TestYoung(ulong address) => false;

    void IMmuNotifier.Release()
    {
    }

    internal void Add(UserMode thread)
    {
        lock (_lock)
        {
            Volatile.Write(ref _threads, [.. _threads, thread]);
        }
    }

    internal void Remove(UserMode thread)
    {
        lock (_lock)
        {
            Volatile.Write(ref _threads, [.. _threads.Where(t => t != thread)]);
        }
    }
}
