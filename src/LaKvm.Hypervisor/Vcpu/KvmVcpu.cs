using LaKvm.Cpu;
using LaKvm.Diagnostics;

namespace LaKvm.Hypervisor;

/// <summary>
/// A virtual CPU (struct kvm_vcpu). Its thread is whoever calls <see cref="Run"/>; everything but the members that say
/// so is called by that thread, or with the vCPU's mutex held while it does not run.
/// </summary>
public sealed unsafe class KvmVcpu : IHostWork, IGuestPlace, IDisposable
{
    private readonly WorldSwitch _world;
    private readonly GuestEntry _entry;
    private readonly VcpuHalt _halt;

    private PendingAccess _pending;
    private bool _unknownCsrReported;

    internal KvmVcpu(KvmVm vm, int id, uint dirtyRingBytes)
    {
        Vm = vm;
        Id = id;
        MemoryCache = new MmuMemoryCache(vm.Machine.Pages, KvmLimits.MmuCacheObjects);
        Shared = new VcpuSharedPages(vm.Machine, vm.CoalescedMmio.Memory, dirtyRingBytes);
        RunPage = Shared.Run;
        DirtyRing = dirtyRingBytes == 0 ? null : new DirtyRing(Shared.Ring, dirtyRingBytes);
        try
        {
            Registers = new VcpuRegisters(id);
            Tracer = new VcpuTracer(vm.Tracer, id, Registers);
            Interrupts = new InterruptQueue(Tracer);
            Pmu = new GuestPmu(Registers, Cpucfg, Requests);
            Residency = new Residency(vm, Registers, Interrupts, Tracer);
            Steal = new StealClock(this);
            Scheduling = new VcpuScheduling(Residency, Steal);
            RegisterAccess = new RegisterAccess(this);
            _world = new WorldSwitch(Registers, Residency, Debug);
            _entry = new GuestEntry(this);
            _halt = new VcpuHalt(this);
        }
        catch
        {
            Shared.Dispose();
            Registers?.Dispose();
            throw;
        }
    }

    /// <summary>The VM.</summary>
    public KvmVm Vm { get; }

    /// <summary>User's number.</summary>
    public int Id { get; }

    /// <summary>Counters.</summary>
    public VcpuStatistics Statistics { get; } = new();

    /// <summary>Serialises the ioctls of this vCPU.</summary>
    public Lock Mutex { get; } = new();

    /// <summary>What user space maps.</summary>
    public VcpuSharedPages Shared { get; }

    /// <summary>The page shared with user space.</summary>
    public KvmRun* RunPage { get; }

    /// <summary>The registers for user space.</summary>
    public RegisterAccess RegisterAccess { get; }

    /// <summary>What debuggers want.</summary>
    public GuestDebug Debug { get; } = new();

    /// <summary>
    /// Signals blocked while the vCPU runs, instead of those that its thread blocks; bit n-1 is signal n.
    /// </summary>
    public ulong? SignalMask
    {
        get => Scheduling.SignalMask;
        set => Scheduling.SignalMask = value;
    }

    /// <summary>Telling the guest of stolen time.</summary>
    public StealClock Steal { get; }

    /// <summary>The guest's CPUCFG words.</summary>
    public GuestCpucfg Cpucfg { get; } = new();

    int IGuestPlace.CoreNumber => Id;

    /// <summary>Also in user space: the instruction by which the guest was left last.</summary>
    ulong IGuestPlace.GuestPc => _world.ExitPc;

    internal DirtyRing? DirtyRing { get; }

    /// <summary>The registers, in memory or partly in a core.</summary>
    internal VcpuRegisters Registers { get; }

    /// <summary>Where the registers are.</summary>
    internal Residency Residency { get; }

    /// <summary>The thread and the core.</summary>
    internal VcpuScheduling Scheduling { get; }

    /// <summary>Interrupts and exceptions for the guest.</summary>
    internal InterruptQueue Interrupts { get; }

    /// <summary>The performance counters.</summary>
    internal GuestPmu Pmu { get; }

    /// <summary>What others ask for.</summary>
    internal RequestSet Requests { get; } = new();

    /// <summary>Tracepoints.</summary>
    internal VcpuTracer Tracer { get; }

    /// <summary>Pages for second-stage tables.</summary>
    internal MmuMemoryCache MemoryCache { get; }

    /// <summary>What waits for user space.</summary>
    internal ref PendingAccess Pending => ref _pending;

    /// <summary>Whether the vCPU is executing guest code or about to.</summary>
    internal bool IsInGuest => Requests.IsInGuest;

    /// <summary>CSR.CPUID: what interrupts are routed by; 256 until it is set.</summary>
    internal ulong PhysicalId
    {
        get => Registers.Csr[Csr.Cpuid];
        set => Registers.Csr[Csr.Cpuid] = value;
    }

    /// <summary>Whether guests of the VM are offered a paravirtual feature.</summary>
    public bool HasFeature(PvFeatures feature) => (Vm.PvFeatures & feature) != 0;

    /// <summary>
    /// Runs the guest until user space is needed: <see cref="KvmRun.ExitReason"/> says for what. EINTR if a signal is
    /// pending or an immediate exit is asked for. Call it with <see cref="Mutex"/> held.
    /// </summary>
    public Errno Run()
    {
        if (Vm.Dead)
        {
            return Errno.Io;
        }

        KvmRun* run = RunPage;
        if (_pending.Kind != PendingKind.None && !PendingExit.Complete(this).EntersGuest)
        {
            return Errno.None; // the next part of the same access
        }

        if (run->ImmediateExit != 0)
        {
            return Errno.Intr;
        }

        Debug.Continue(run->ExitReason == KvmExitReason.Debug);
        run->ExitReason = KvmExitReason.Unknown;
        if (Scheduling.Enter(this))
        {
            GuestErrorLog.Enter(this);
        }

        Scheduling.Load();
        ExitOutcome outcome = RunGuest();
        Scheduling.EndRun();
        Tracer.Trace(TraceEvent.UserspaceExit, (ulong)run->ExitReason);
        return outcome.Error;
    }

    /// <summary>The idle instruction.</summary>
    internal void Halt() => _halt.Wait();

    /// <summary>Makes a request; true if the vCPU is in guest mode and is being interrupted. Any thread.</summary>
    internal bool MakeRequest(KvmRequest request, bool wake)
    {
        Requests.Make(request);
        if (wake)
        {
            _halt.WakeUp();
        }

        return LeaveGuest();
    }

    /// <summary>
    /// Makes the vCPU look at its requests and interrupts: wakes it, or interrupts its guest. Any thread.
    /// </summary>
    internal void Kick()
    {
        _halt.WakeUp();
        LeaveGuest();
    }

    /// <summary>Makes the vCPU see a signal to its thread. Any thread.</summary>
    void IHostWork.Signalled()
    {
        _halt.Interrupt();
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

    /// <summary>Frees the registers and shared pages; the vCPU does not run any more.</summary>
    public void Dispose()
    {
        Residency.Dispose();
        MemoryCache.Drain();
        Shared.Dispose();
        _halt.Dispose();
    }

    private ExitOutcome RunGuest()
    {
        ExitOutcome outcome = _entry.Prepare(default);
        if (!outcome.EntersGuest)
        {
            return outcome;
        }

        Tracer.Trace(TraceEvent.Enter);
        while (true)
        {
            _world.EnterGuest(out ExitInfo exit);
            Requests.LeaveGuest();
            Pmu.Lose(Residency.Core);
            Tracer.Trace(TraceEvent.Exit, (ulong)exit.Ecode, exit.Badi);
            outcome = ExitTable.Handle(exit, this);
            if (outcome.EntersGuest)
            {
                if (Debug.Counts && exit.Ecode != 0 && Registers.Pc == _world.ExitPc)
                {
                    Debug.Repeat();
                }

                outcome = _entry.Prepare(exit);
            }

            if (!outcome.EntersGuest)
            {
                Tracer.Trace(TraceEvent.Out);
                return outcome;
            }

            Tracer.Trace(TraceEvent.Reenter);
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
