using LaKvm.Cpu;
using LaKvm.Diagnostics;

namespace LaKvm.Hypervisor;

/// <summary>
/// A virtual machine (struct kvm). Locks, outer before inner: the VM's lock, the slots lock, the address space's lock,
/// the MMU lock. A vCPU's mutex is outside of all of them.
/// </summary>
public sealed class KvmVm : IDisposable
{
    private readonly Lock _lock = new();
    private readonly KvmVcpu?[] _vcpuById = new KvmVcpu?[KvmLimits.MaxVcpus];
    private KvmVcpu[] _vcpus = [];
    private bool _destroyed;

    internal KvmVm(KvmModule module, HostAddressSpace addressSpace)
    {
        Module = module;
        AddressSpace = addressSpace;
        Memory = new MemorySlots(this);
        DirtyLog = new DirtyLog(this);
        Irqchip = new KvmIrqchip(this);
        IrqFds = new IrqFds(Irqchip);
        IoEvents = new IoEvents(Buses);
        CoalescedMmio = new CoalescedMmio(module.Machine, Buses);
        try
        {
            Mmu = new GpaMmu(this, module.Machine.Pages);
        }
        catch
        {
            CoalescedMmio.Dispose();
            throw;
        }

        addressSpace.Register(Mmu);
        PvFeatures = PvFeatures.Ipi | PvFeatures.StealTime | PvFeatures.Preempt;
    }

    /// <summary>The module that made it.</summary>
    public KvmModule Module { get; }

    /// <summary>The process that owns it.</summary>
    public HostAddressSpace AddressSpace { get; }

    /// <summary>Counters.</summary>
    public VmStatistics Statistics { get; } = new();

    /// <summary>Tracepoints.</summary>
    public KvmTracer Tracer { get; } = new();

    /// <summary>Where is reported what a guest or its user does wrong.</summary>
    public GuestErrorLog Log { get; set; } = GuestErrorLog.Silent;

    /// <summary>Memory slots.</summary>
    public MemorySlots Memory { get; }

    /// <summary>Which pages the guest has written.</summary>
    public DirtyLog DirtyLog { get; }

    /// <summary>Interrupt controllers in the hypervisor.</summary>
    public KvmIrqchip Irqchip { get; }

    /// <summary>Events that inject interrupts.</summary>
    public IrqFds IrqFds { get; }

    /// <summary>Events that guest writes signal.</summary>
    public IoEvents IoEvents { get; }

    /// <summary>Guest writes that are collected for user space.</summary>
    public CoalescedMmio CoalescedMmio { get; }

    /// <summary>vCPUs in the order they were made.</summary>
    public ReadOnlySpan<KvmVcpu> Vcpus => Volatile.Read(ref _vcpus);

    /// <summary>A vCPU bug or a failed invariant made the VM unusable: every ioctl fails with EIO.</summary>
    public bool Dead { get; private set; }

    /// <summary>Upper bound of halt polling in nanoseconds, or null for the module's default.</summary>
    public uint? MaxHaltPollNs { get; set; }

    /// <summary>Paravirtual features offered to guests unless a vCPU says otherwise.</summary>
    public PvFeatures PvFeatures { get; private set; }

    /// <summary>The slots as they are now.</summary>
    internal MemorySlotSet Slots => Memory.Current;

    /// <summary>Physical numbers of the vCPUs.</summary>
    internal PhysicalIdMap PhysicalIds { get; } = new();

    /// <summary>Second-stage translation.</summary>
    internal GpaMmu Mmu { get; }

    /// <summary>
    /// Translates a guest-physical address by the second stage's tables; <paramref name="steps"/> takes a line for each
    /// entry.
    /// </summary>
    public bool WalkSecondStage(ulong gpa, out ulong physical, ICollection<string> steps)
    {
        physical = 0;
        lock (Mmu.Lock)
        {
            return gpa < GpaMmu.GpaSize && Mmu.Table.Walk(gpa, out physical, steps);
        }
    }

    /// <summary>In-kernel devices.</summary>
    internal KvmIoBuses Buses { get; } = new();

    /// <summary>What to add to the host's counter to get the guest's (GCNTC).</summary>
    internal long TimeOffset { get; set; }

    internal HostMachine Machine => Module.Machine;

    private bool PvFeaturesSet { get; set; }

    /// <summary>
    /// Makes a vCPU: EINVAL for an id above the limit, or if there are as many as can be; EEXIST for an id in use.
    /// </summary>
    public Errno CreateVcpu(uint id, out KvmVcpu? vcpu)
    {
        vcpu = null;
        lock (_lock)
        {
            if (id >= KvmLimits.MaxVcpus || _vcpus.Length >= KvmLimits.MaxVcpus)
            {
                return Errno.Inval;
            }

            if (_vcpuById[id] != null)
            {
                return Errno.Exist;
            }

            vcpu = new KvmVcpu(this, (int)id, DirtyLog.RingBytes);
            _vcpuById[id] = vcpu;
            Volatile.Write(ref _vcpus, [.. _vcpus, vcpu]);
            return Errno.None;
        }
    }

    /// <summary>Does what must be done before the first vCPU is made: EINVAL if there is one.</summary>
    internal Errno BeforeVcpus(Func<Errno> change)
    {
        lock (_lock)
        {
            return _vcpus.Length != 0 ? Errno.Inval : change();
        }
    }

    /// <summary>The vCPU with a physical number, or null.</summary>
    internal KvmVcpu? VcpuByPhysicalId(ulong id) => PhysicalIds.Find(id);

    /// <summary>The vCPU with an id, or null.</summary>
    public KvmVcpu? VcpuById(int id) => (uint)id < KvmLimits.MaxVcpus ? Volatile.Read(ref _vcpuById[id]) : null;

    /// <summary>Whether guests may be given a feature (VM attribute group 0).</summary>
    public bool Supports(KvmFeature feature) => feature switch
    {
        KvmFeature.Lsx => (La464.Cpucfg(2) & CpucfgBits.Lsx) != 0,
        KvmFeature.Lasx => (La464.Cpucfg(2) & CpucfgBits.Lasx) != 0,
        KvmFeature.X86Bt => (La464.Cpucfg(2) & CpucfgBits.X86Bt) != 0,
        KvmFeature.ArmBt => (La464.Cpucfg(2) & CpucfgBits.ArmBt) != 0,
        KvmFeature.MipsBt => (La464.Cpucfg(2) & CpucfgBits.MipsBt) != 0,
        KvmFeature.Ptw => (La464.Cpucfg(2) & CpucfgBits.Ptw) != 0,
        KvmFeature.MsgInt => (La464.Cpucfg(1) & CpucfgBits.MsgInt) != 0,
        KvmFeature.Pmu => Module.GuestPmu,
        KvmFeature.PvIpi or KvmFeature.PvStealTime or KvmFeature.PvPreempt => true,
        _ => false,
    };

    /// <summary>Sets the paravirtual features, once: EINVAL for unknown ones, or for a second, different set.</summary>
    public Errno SetPvFeatures(PvFeatures features)
    {
        if ((features & ~PvFeatures.Known) != 0)
        {
            return Errno.Inval;
        }

        lock (_lock)
        {
            if (PvFeaturesSet && features != PvFeatures)
            {
                return Errno.Inval;
            }

            PvFeatures = features;
            PvFeaturesSet = true;
            return Errno.None;
        }
    }

    /// <summary>Makes a request of all vCPUs and interrupts those in guest mode.</summary>
    /// <param name="request">The request.</param>
    /// <param name="wait">Returns only when no vCPU is in guest mode as it was before.</param>
    /// <returns>Whether a vCPU had to be interrupted.</returns>
    internal bool MakeAllVcpusRequest(KvmRequest request, bool wait)
    {
        bool kicked = false;
        foreach (KvmVcpu vcpu in Vcpus)
        {
            kicked |= vcpu.MakeRequest(request, wake: !wait);
        }

        if (wait && kicked)
        {
            foreach (KvmVcpu vcpu in Vcpus)
            {
                vcpu.Requests.WaitUntilOutsideGuest();
            }
        }

        return kicked;
    }

    /// <summary>
    /// Makes every vCPU use new TLB tags before it enters the guest again, and waits until none runs on old ones.
    /// </summary>
    internal void FlushRemoteTlbs()
    {
        Statistics.RemoteTlbFlushRequests++;
        if (MakeAllVcpusRequest(KvmRequest.TlbFlush, wait: true))
        {
            Statistics.RemoteTlbFlush++;
        }
    }

    /// <summary>Its process ends: every KVM_RUN, now and later, fails with EIO. Any thread.</summary>
    public void EndRuns() => MakeAllVcpusRequest(KvmRequest.VmDead, wait: false);

    /// <summary>Destroys the VM when its last descriptor is closed.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_destroyed)
            {
                return;
            }

            _destroyed = true;
        }

        Dead = true;
        IrqFds.DetachAll();
        AddressSpace.Unregister(Mmu);
        foreach (KvmVcpu vcpu in Vcpus)
        {
            vcpu.Dispose();
        }

        Mmu.Dispose();
        CoalescedMmio.Dispose();
        Module.DestroyVm();
    }
}
