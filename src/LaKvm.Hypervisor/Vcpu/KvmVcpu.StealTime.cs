namespace LaKvm.Hypervisor;

/// <summary>Telling the guest how long its vCPU waited for a core, in a structure in guest memory.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const ulong StealValid = 1, StealReserved = 0x3e, StealAddressMask = ~0x3fUL;

    /// <summary>Guest-physical address of the structure, with its valid bit.</summary>
    private ulong _stealAddress;

    /// <summary>The thread that loads the vCPU, and how much of its run delay the guest has been told of.</summary>
    private HostThread? _runner;
    private ulong _lastSteal;

    /// <summary>Address and valid bit, as user space and the guest give them.</summary>
    public ulong StealTimeAddress => _stealAddress;

    /// <summary>Whether the guest may be told.</summary>
    public bool HasStealTime => HasFeature(PvFeatures.StealTime);

    private bool HasFeature(PvFeatures feature) => (Vm.PvFeatures & feature) != 0;

    /// <summary>
    /// Sets where the structure is, for user space: EINVAL for reserved bits or an address without memory.
    /// </summary>
    public Errno SetStealTimeAddress(ulong value)
    {
        bool hasMemory = (value & StealValid) == 0 || Vm.HvaOf(value & StealAddressMask, write: true) != 0;
        return hasMemory && AcceptStealTimeAddress(value) ? Errno.None : Errno.Inval;
    }

    /// <summary>The same for the guest, which may name memory that comes later. False for reserved bits.</summary>
    private bool AcceptStealTimeAddress(ulong value)
    {
        if ((value & StealReserved) != 0)
        {
            return false;
        }

        _stealAddress = value;
        if (HasStealAddress)
        {
            _lastSteal = _runner?.RunDelay ?? 0;
            SetRequest(KvmRequest.StealUpdate);
        }

        return true;
    }

    private bool HasStealAddress => (_stealAddress & StealValid) != 0;

    /// <summary>
    /// A thread has loaded the vCPU after waiting for a core. The guest is told at every load, as by Linux: the version says
    /// that somebody looks after the structure, and the thread may have waited elsewhere since.
    /// </summary>
    private void CountRunDelay(ulong delay)
    {
        HostThread thread = HostThread.Current;
        if (_runner != thread)
        {
            _runner = thread;
            _lastSteal = thread.RunDelay; // what it has waited before was not for this guest
        }

        thread.AddRunDelay(delay);
        if (HasStealAddress)
        {
            SetRequest(KvmRequest.StealUpdate);
        }
    }

    /// <summary>Adds what was waited since the last time. The guest sees an odd version while the values change.</summary>
    private void UpdateStealTime()
    {
        if (!TryPinSteal(out StealTime* steal, out ulong page))
        {
            return;
        }

        steal->Preempted = 0;
        Volatile.Write(ref steal->Version, steal->Version | 1);
        Interlocked.MemoryBarrier();
        ulong delay = _runner?.RunDelay ?? 0;
        steal->Steal += delay - _lastSteal;
        _lastSteal = delay;
        Volatile.Write(ref steal->Version, steal->Version + 1);
        UnpinSteal(page);
    }

    /// <summary>The vCPU loses its core although it could run: other vCPUs need not wait for it.</summary>
    private void MarkPreempted()
    {
        // Between two looks at the ring only a few pages may be added to it: this hint can do without.
        if (HasFeature(PvFeatures.Preempt) && DirtyRing is not { IsSoftFull: true }
            && TryPinSteal(out StealTime* steal, out ulong page))
        {
            steal->Preempted = 1;
            UnpinSteal(page);
        }
    }

    /// <summary>The structure, where the host has its page; it is aligned, so that it never runs over a page's end.</summary>
    private bool TryPinSteal(out StealTime* steal, out ulong page)
    {
        steal = null;
        page = 0;
        ulong address = _stealAddress & StealAddressMask;
        ulong hva = HasStealAddress ? Vm.HvaOf(address, write: true) : 0;
        if (hva == 0 || Vm.AddressSpace.Pin(hva, write: true, out page, out _) != Errno.None)
        {
            return false;
        }

        if (!_machine.Pages.IsRam(page))
        {
            return false; // a device of the host: it has no reference to drop, either
        }

        steal = (StealTime*)(_machine.Pages.Pointer(page) + (hva & (_machine.Pages.PageSize - 1)));
        return true;
    }

    private void UnpinSteal(ulong page)
    {
        ulong address = _stealAddress & StealAddressMask;
        _machine.Pages.Memory.Written(page + (address & (_machine.Pages.PageSize - 1)), (ulong)sizeof(StealTime));
        Vm.AddressSpace.Unpin(page);
        ulong gfn = address >> _machine.Pages.PageShift;
        if (Vm.Slots.Find(gfn) is { } slot)
        {
            Vm.MarkPageDirty(slot, gfn, this);
        }
    }
}
