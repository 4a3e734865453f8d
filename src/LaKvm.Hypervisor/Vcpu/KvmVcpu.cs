using LaKvm.Cpu;
using LaKvm.Diagnostics;
using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// A virtual CPU (struct kvm_vcpu). Its thread is whoever calls <see cref="Run"/>; everything but the members that say
/// so is called by that thread, or with the vCPU's mutex held while it does not run.
/// </summary>
public sealed unsafe partial class KvmVcpu : IHostWork, IGuestPlace, IDisposable
{
    private readonly HostMachine _machine;
    private readonly HostSleeper _sleeper;

    /// <summary>What user space maps: the run page, then the dirty ring.</summary>
    private readonly SharedPageRun _shared;

    /// <summary>Null until a debugger wants something, so that what it needs costs an exit a test.</summary>
    private GuestDebug? _debug;

    private bool _unknownCsrReported;

    internal KvmVcpu(KvmVm vm, int id, uint dirtyRingBytes)
    {
        Vm = vm;
        Id = id;
        _machine = vm.Machine;
        MemoryCache = new MmuMemoryCache(_machine.Pages, KvmLimits.MmuCacheObjects);
        _shared = _machine.SharedPages.Allocate(_machine.Pages.PageSize + dirtyRingBytes);
        try
        {
            _sleeper = new HostSleeper();
            Registers = new VcpuRegisters(id);
        }
        catch
        {
            _shared.Dispose();
            _sleeper?.Dispose();
            throw;
        }

        DirtyRing = dirtyRingBytes == 0
            ? null
            : new DirtyRing(_shared.Pointer + _machine.Pages.PageSize, dirtyRingBytes);
        Tracer = new VcpuTracer(vm.Tracer, id, Registers);
        Interrupts = new InterruptQueue(Tracer);
        Residency = new Residency(vm, Registers, Interrupts, Tracer);
        Steal = new StealClock(this);
    }

    /// <summary>The VM.</summary>
    public KvmVm Vm { get; }

    /// <summary>User's number.</summary>
    public int Id { get; }

    /// <summary>Counters.</summary>
    public VcpuStatistics Statistics { get; } = new();

    /// <summary>Serialises the ioctls of this vCPU.</summary>
    public Lock Mutex { get; } = new();

    /// <summary>The page shared with user space.</summary>
    public KvmRun* RunPage => (KvmRun*)_shared.Pointer;

    /// <summary>
    /// mmap of the vCPU: the run page at page 0, the VM's ring of coalesced MMIO, the dirty ring; nothing can be
    /// accessed between and behind them. Null where there is nothing at all. To be undone by
    /// <see cref="SharedMemory.Unmap"/>.
    /// </summary>
    /// <param name="page">First page.</param>
    /// <param name="size">Bytes, rounded up to pages.</param>
    public byte* MapShared(ulong page, ulong size)
    {
        ulong unit = _machine.Pages.PageSize;
        ulong start = page * unit;
        const ulong ring = KvmLimits.DirtyRingPageOffset, coalesced = KvmLimits.CoalescedMmioPageOffset;
        ulong ringBytes = _shared.Size - unit;
        bool exists = page <= coalesced || (page >= ring && page - ring < ringBytes / unit);
        if (size == 0 || size > int.MaxValue || !exists)
        {
            return null;
        }

        size = (size + unit - 1) & ~(unit - 1);
        byte* view = SharedMemory.Reserve(size);
        try
        {
            Show(_shared, 0, unit, 0);
            Show(Vm.CoalescedMemory, 0, unit, coalesced * unit);
            Show(_shared, unit, ringBytes, ring * unit);
            return view;
        }
        catch
        {
            SharedMemory.Unmap(view, size);
            throw;
        }

        void Show(SharedPageRun memory, ulong from, ulong length, ulong at)
        {
            ulong first = Math.Max(at, start);
            ulong end = Math.Min(at + length, start + size);
            if (first < end)
            {
                memory.ShowAt(view + (first - start), from + (first - at), end - first);
            }
        }
    }

    /// <summary>
    /// Instructions that the guest may execute before KVM_RUN returns with KVM_EXIT_DEBUG; <see cref="long.MaxValue"/>
    /// without limit. No part of KVM's interface, which has no steps on this architecture: for a debugger in this
    /// process.
    /// </summary>
    public long InstructionsLeft
    {
        get => _debug?.InstructionsLeft ?? long.MaxValue;
        set
        {
            if (value != InstructionsLeft)
            {
                Debug.InstructionsLeft = value;
            }
        }
    }

    /// <summary>
    /// The breakpoint or watchpoint, set in the cores, for which KVM_RUN has returned with KVM_EXIT_DEBUG, and its
    /// address.
    /// </summary>
    public (RunExit Kind, ulong Address)? DebugStop => _debug?.Stop;

    private GuestDebug Debug => _debug ??= new GuestDebug();

    /// <summary>
    /// Physical address of a page of what a mapping of the vCPU shows (see <see cref="MapShared"/>), for a program that
    /// runs on the machine; null where there is nothing.
    /// </summary>
    public ulong? SharedPage(ulong page)
    {
        ulong unit = _machine.Pages.PageSize;
        return page switch
        {
            0 => _shared.Physical,
            KvmLimits.CoalescedMmioPageOffset => Vm.CoalescedMemory.Physical,
            _ => IsRingPage(page) ? _shared.Physical + ((page - KvmLimits.DirtyRingPageOffset + 1) * unit) : null,
        };
    }

    /// <summary>Whether a page of a mapping of the vCPU is its dirty ring's.</summary>
    public bool IsRingPage(ulong page) => page >= KvmLimits.DirtyRingPageOffset
        && page - KvmLimits.DirtyRingPageOffset < (_shared.Size / _machine.Pages.PageSize) - 1;

    int IGuestPlace.CoreNumber => Id;

    /// <summary>Also in user space: the instruction by which the guest was left last.</summary>
    ulong IGuestPlace.GuestPc => _exitPc;

    internal DirtyRing? DirtyRing { get; }

    /// <summary>The registers, in memory or partly in a core.</summary>
    internal VcpuRegisters Registers { get; }

    /// <summary>Where the registers are.</summary>
    internal Residency Residency { get; }

    /// <summary>The guest's CPUCFG words.</summary>
    internal GuestCpucfg Cpucfg { get; } = new();

    /// <summary>Interrupts and exceptions for the guest.</summary>
    internal InterruptQueue Interrupts { get; }

    /// <summary>What others ask for.</summary>
    internal RequestSet Requests { get; } = new();

    /// <summary>Tracepoints.</summary>
    internal VcpuTracer Tracer { get; }

    /// <summary>Stolen time.</summary>
    internal StealClock Steal { get; }

    /// <summary>Pages for second-stage tables.</summary>
    internal MmuMemoryCache MemoryCache { get; }

    /// <summary>What waits for user space.</summary>
    internal ref PendingAccess Pending => ref _pending;

    /// <summary>Whether the vCPU is executing guest code or about to.</summary>
    internal bool IsInGuest => Requests.IsInGuest;

    /// <summary>Whether planted breakpoints leave to user space.</summary>
    internal bool HasBreakpoints { get; private set; }

    /// <summary>
    /// KVM_SET_GUEST_DEBUG: with bit 0, planted breakpoints exit; without it nothing else counts. Bit 16 asks for them
    /// too, stepping has no effect.
    /// </summary>
    public void SetGuestDebug(uint control)
    {
        const uint enable = 1;
        HasBreakpoints = (control & enable) != 0;
    }

    /// <summary>CSR.CPUID: what interrupts are routed by; 256 until it is set.</summary>
    internal ulong PhysicalId
    {
        get => Registers.Csr[Csr.Cpuid];
        set => Registers.Csr[Csr.Cpuid] = value;
    }

    /// <summary>
    /// Address and valid bit of the structure with stolen time, as user space and the guest give them.
    /// </summary>
    public ulong StealTimeAddress => Steal.Address;

    /// <summary>Whether the guest may be told of stolen time.</summary>
    public bool HasStealTime => HasFeature(PvFeatures.StealTime);

    /// <summary>
    /// Sets where that structure is, for user space: EINVAL for reserved bits or an address without memory.
    /// </summary>
    public Errno SetStealTimeAddress(ulong value) => Steal.SetAddress(value);

    /// <summary>Whether guests of the VM are offered a paravirtual feature.</summary>
    internal bool HasFeature(PvFeatures feature) => (Vm.PvFeatures & feature) != 0;

    /// <summary>Frees the registers and shared pages; the vCPU does not run any more.</summary>
    public void Dispose()
    {
        Residency.Dispose();
        MemoryCache.Drain();
        _shared.Dispose();
        _sleeper.Dispose();
    }

    /// <summary>Makes a request; true if the vCPU is in guest mode and is being interrupted. Any thread.</summary>
    internal bool MakeRequest(KvmRequest request, bool wake)
    {
        Requests.Make(request);
        if (wake)
        {
            WakeUp();
        }

        return LeaveGuest();
    }

    /// <summary>
    /// Makes the vCPU look at its requests and interrupts: wakes it, or interrupts its guest. Any thread.
    /// </summary>
    internal void Kick()
    {
        WakeUp();
        LeaveGuest();
    }

    /// <summary>Makes the vCPU see a signal to its thread. Any thread.</summary>
    void IHostWork.Signalled()
    {
        _sleeper.Wake(); // which is no wake-up that KVM counts
        LeaveGuest();
    }

    /// <summary>
    /// Drives an interrupt as an interrupt controller does, and interrupts or wakes the vCPU. Any thread.
    /// </summary>
    internal void SetIrq(int irq, bool level)
    {
        if (level)
        {
            Interrupts.Queue(irq);
        }
        else
        {
            Interrupts.Dequeue(irq);
        }

        Kick();
    }

    /// <summary>
    /// KVM_INTERRUPT: n asserts, -n deasserts. EINVAL for 0, from 15 on, and for 14 without message interrupts. Any
    /// thread.
    /// </summary>
    public Errno Interrupt(int irq)
    {
        long number = Math.Abs((long)irq);
        if (number is 0 or >= InterruptQueue.Count || (number == Estat.Avec && !Vm.Supports(KvmFeature.MsgInt)))
        {
            return Errno.Inval;
        }

        SetIrq((int)number, irq > 0);
        return Errno.None;
    }

    /// <summary>Tells the log of a guest that uses a CSR which it does not have, once.</summary>
    internal void ReportUnknownCsr(int csr)
    {
        if (!_unknownCsrReported)
        {
            _unknownCsrReported = true;
            Vm.Log.Report($"the guest uses CSR 0x{csr:x}, which it does not have (reported once)");
        }
    }

    /// <summary>Wakes the vCPU if it sleeps in an idle instruction, and counts that it did.</summary>
    private void WakeUp()
    {
        if (_sleeper.Wake())
        {
            Statistics.CountShared(VcpuStat.HaltWakeup);
        }
    }

    private bool LeaveGuest()
    {
        bool isInGuest = Requests.TellToLeave(out bool first);
        if (first)
        {
            Residency.Cpu?.SendIpi();
        }

        return isInGuest;
    }
}
