namespace LaKvm.Hypervisor;

/// <summary>Telling the guest how long its vCPU waited for a core, in a structure in guest memory.</summary>
public sealed unsafe class StealClock
{
    private const ulong StealValid = 1, StealReserved = 0x3e, StealAddressMask = ~0x3fUL;

    private readonly KvmVcpu _vcpu;
    private readonly KvmVm _vm;
    private readonly HostPages _pages;

    /// <summary>Guest-physical address of the structure, with its valid bit.</summary>
    private ulong _address;

    /// <summary>The thread that loads the vCPU, and how much of its run delay the guest has been told of.</summary>
    private HostThread? _runner;
    private ulong _lastSteal;

    internal StealClock(KvmVcpu vcpu)
    {
        _vcpu = vcpu;
        _vm = vcpu.Vm;
        _pages = vcpu.Vm.Machine.Pages;
    }

    /// <summary>Whether the guest may be told.</summary>
    public bool IsOffered => _vcpu.HasFeature(PvFeatures.StealTime);

    /// <summary>Address and valid bit, as user space and the guest give them.</summary>
    public ulong Address => _address;

    /// <summary>
    /// Sets where the structure is, for user space: EINVAL for reserved bits or an address without memory.
    /// </summary>
    public Errno SetAddress(ulong value)
    {
        bool hasMemory = (value & StealValid) == 0 || _vm.Memory.HvaOf(value & StealAddressMask, write: true) != 0;
        return hasMemory && Accept(value) ? Errno.None : Errno.Inval;
    }

    /// <summary>The same for the guest, which may name memory that comes later. False for reserved bits.</summary>
    internal bool Accept(ulong value)
    {
        if ((value & StealReserved) != 0)
        {
            return false;
        }

        _address = value;
        if (HasAddress)
        {
            _lastSteal = _runner?.RunDelay ?? 0;
            _vcpu.Requests.Make(KvmRequest.StealUpdate);
        }

        return true;
    }

    private bool HasAddress => (_address & StealValid) != 0;

    /// <summary>
    /// A thread has loaded the vCPU after waiting for a core. The guest is told at every load, as by Linux: the version
    /// says that somebody looks after the structure, and the thread may have waited elsewhere since.
    /// </summary>
    internal void CountRunDelay(HostThread thread, ulong delay)
    {
        if (_runner != thread)
        {
            _runner = thread;
            _lastSteal = thread.RunDelay; // what it has waited before was not for this guest
        }

        thread.AddRunDelay(delay);
        if (HasAddress)
        {
            _vcpu.Requests.Make(KvmRequest.StealUpdate);
        }
    }

    /// <summary>
    /// Adds what was waited since the last time. The guest sees an odd version while the values change.
    /// </summary>
    internal void Update()
    {
        if (!TryPin(out StealTime* steal, out ulong page))
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
        Release(page);
    }

    /// <summary>Forgets the structure.</summary>
    internal void Reset() => _address = 0;

    /// <summary>The vCPU loses its core although it could run: other vCPUs need not wait for it.</summary>
    internal void MarkPreempted()
    {
        // Between two looks at the ring only a few pages may be added to it: this hint can do without.
        if (_vcpu.HasFeature(PvFeatures.Preempt) && _vcpu.DirtyRing is not { IsSoftFull: true }
            && TryPin(out StealTime* steal, out ulong page))
        {
            steal->Preempted = 1;
            Release(page);
        }
    }

    /// <summary>
    /// The structure, where the host has its page; it is aligned, so that it never runs over a page's end.
    /// </summary>
    private bool TryPin(out StealTime* steal, out ulong page)
    {
        steal = null;
        page = 0;
        ulong address = _address & StealAddressMask;
        ulong hva = HasAddress ? _vm.Memory.HvaOf(address, write: true) : 0;
        if (hva == 0 || _vm.AddressSpace.Pin(hva, write: true, out page, out _) != Errno.None)
        {
            return false;
        }

        if (!_pages.IsRam(page))
        {
            return false; // a device of the host: it has no reference to drop, either
        }

        steal = (StealTime*)(_pages.Pointer(page) + (hva & (_pages.PageSize - 1)));
        return true;
    }

    private void Release(ulong page)
    {
        ulong address = _address & StealAddressMask;
        _pages.Memory.Written(page + (address & (_pages.PageSize - 1)), (ulong)sizeof(StealTime));
        _vm.AddressSpace.Unpin(page);
        ulong gfn = address >> _pages.PageShift;
        if (_vm.Slots.Find(gfn) is { } slot)
        {
            DirtyLog.Mark(slot, gfn, _vcpu);
        }
    }
}
