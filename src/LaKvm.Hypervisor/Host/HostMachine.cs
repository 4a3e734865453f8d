using LaKvm.Cpu;
using LaKvm.Diagnostics;
using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// The physical machine whose root mode this hypervisor owns: RAM, cores, clock. What Linux's boot leaves behind for
/// KVM (page size, walker geometry, refill vector, interrupt masks) is set up here.
/// </summary>
public sealed class HostMachine : IDisposable
{
    /// <summary>Where the machine's RAM begins: above everything a board puts below 2 GiB.</summary>
    public const ulong RamBase = 0x8000_0000;

    private const ulong NanosecondsPerTick = 1_000_000_000 / IClock.Frequency;

    private readonly Lazy<KvmModule> _kvm;

    /// <summary>Builds and boots the machine.</summary>
    /// <param name="cpus">Number of cores.</param>
    /// <param name="ramBytes">RAM for guests, page tables and processes; reserved, not touched.</param>
    /// <param name="clock">Time source of counters and timers.</param>
    /// <param name="engine">Makes the engine that executes a core.</param>
    /// <param name="geometry">Page size and levels of the host's page tables; null for 16 KiB pages.</param>
    public HostMachine(
        int cpus, ulong ramBytes, IClock clock, Func<Core, IExecutionEngine> engine, GpaTableGeometry? geometry = null)
    {
        Clock = clock;
        Memory = new PhysicalMemory();
        Pages = new HostPages(Memory, Memory.Add(RamBase, ramBytes), geometry ?? GpaTableGeometry.Default);
        SharedPages = SharedPages.AddTo(Memory, RamBase + ramBytes, Pages.PageSize);
        AddressSpaceIds = new AddressSpaceIds();
        Cpus = new HostCpu[cpus];
        Scheduler = new HostScheduler(Cpus, clock);
        for (int id = 0; id < cpus; id++)
        {
            var refill = new RefillHandler(Pages.Geometry);
            var core = new Core(id, Memory, new NoDevices(), clock) { RootMode = refill };
            Cpus[id] = new HostCpu(id, core, engine(core), refill, Scheduler);
            Boot(core, Pages.Geometry);
        }

        _kvm = new Lazy<KvmModule>(() => new KvmModule(this));
    }

    /// <summary>Host physical memory.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>The page allocator.</summary>
    public HostPages Pages { get; }

    /// <summary>Time source.</summary>
    public IClock Clock { get; }

    /// <summary>Where is reported what guests do wrong that the cores notice themselves.</summary>
    public GuestErrorLog Errors
    {
        init
        {
            foreach (HostCpu cpu in Cpus)
            {
                cpu.Core.Errors = value;
            }
        }
    }

    /// <summary>
    /// The cores. For a debugger, to set breakpoints in guest mode: any of them may execute any vCPU.
    /// </summary>
    public IReadOnlyList<Core> Cores => [.. Cpus.Select(cpu => cpu.Core)];

    /// <summary>Number of cores.</summary>
    public int CpuCount => Cpus.Length;

    internal HostCpu[] Cpus { get; }

    /// <summary>The machine's KVM.</summary>
    internal KvmModule Kvm => _kvm.Value;

    internal HostScheduler Scheduler { get; }

    /// <summary>Pages that vCPUs share with user space.</summary>
    internal SharedPages SharedPages { get; }

    /// <summary>Numbers of the processes' address spaces in the TLBs.</summary>
    internal AddressSpaceIds AddressSpaceIds { get; }

    /// <summary>Monotonic time in nanoseconds.</summary>
    internal ulong Now => ToNanoseconds(Clock.Ticks);

    /// <summary>Nanoseconds of a number of ticks of the constant timer.</summary>
    internal static ulong ToNanoseconds(ulong ticks) => ticks * NanosecondsPerTick;

    /// <summary>Ticks of the constant timer in a number of nanoseconds.</summary>
    internal static ulong ToTicks(ulong nanoseconds) => nanoseconds / NanosecondsPerTick;

    /// <summary>Frees cores and memory; no vCPU may run any more.</summary>
    public void Dispose()
    {
        foreach (HostCpu cpu in Cpus)
        {
            (cpu.Engine as IDisposable)?.Dispose();
            cpu.Core.Dispose();
        }

        Memory.Dispose();
    }

    /// <summary>
    /// What the host kernel's own boot leaves in the registers that second-stage translation and exits use.
    /// </summary>
    private static void Boot(Core core, GpaTableGeometry geometry)
    {
        SetCsr(core, Csr.Crmd, Crmd.Pg | Crmd.Ie);
        SetCsr(core, Csr.Ecfg, 1UL << Estat.Ipi);
        SetCsr(core, Csr.Stlbps, (ulong)geometry.PageShift);
        SetCsr(core, Csr.Tlbrehi, (ulong)geometry.PageShift);
        SetCsr(core, Csr.Pwcl, geometry.WalkerLow);
        SetCsr(core, Csr.Pwch, geometry.WalkerHigh);
        core.InvalidateTlb(0, 0, 0);
    }

    private static void SetCsr(Core core, int csr, ulong value) => core.ExchangeCsr(csr, value, ulong.MaxValue);

    /// <summary>
    /// The host's own device space, which guests only reach through mappings of it: nothing is there.
    /// </summary>
    private sealed class NoDevices : ICoreBus
    {
        public bool Answers(ulong physicalAddress, int size) => false;

        public ulong ReadMmio(ulong physicalAddress, int size) => 0;

        public void WriteMmio(ulong physicalAddress, int size, ulong value)
        {
        }

        public ulong ReadIocsr(int core, uint address, int size) => 0;

        public void WriteIocsr(int core, uint address, int size, ulong value)
        {
        }
    }
}
