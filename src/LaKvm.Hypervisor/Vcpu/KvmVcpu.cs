using System.Runtime.InteropServices;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// A virtual CPU (struct kvm_vcpu). Its thread is whoever calls <see cref="Run"/>; everything but the members that say so
/// is called by that thread, or with the vCPU's mutex held while it does not run.
/// </summary>
public sealed unsafe partial class KvmVcpu : IDisposable
{
    private const ulong NoGpa = ulong.MaxValue;

    private readonly VcpuRegisters _registers = new();
    private readonly MmuMemoryCache _memoryCache;
    private readonly HostMachine _machine;
    private readonly KvmRun* _runPage;

    /// <summary>The core it is loaded on, or null.</summary>
    private HostCpu? _cpu;
    private Core? _core;
    private int _lastCpu = -1;

    internal KvmVcpu(KvmVm vm, int id, uint dirtyRingBytes)
    {
        Vm = vm;
        Id = id;
        _machine = vm.Machine;
        _memoryCache = new MmuMemoryCache(_machine.Pages);
        _runPage = (KvmRun*)NativeMemory.AlignedAlloc((nuint)HostPages.PageSize, (nuint)HostPages.PageSize);
        NativeMemory.Clear(_runPage, (nuint)HostPages.PageSize);
        DirtyRing = dirtyRingBytes == 0 ? null : new DirtyRing(dirtyRingBytes);
        DirtyRingBytes = dirtyRingBytes;
        ulong* csr = _registers.Csr;
        csr[Csr.Crmd] = Crmd.Da;
        csr[Csr.Asid] = La464Reset(Csr.Asid);
        csr[Csr.Stlbps] = La464Reset(Csr.Stlbps);
        csr[Csr.Tid] = (ulong)id;
        csr[Csr.Cpuid] = KvmLimits.MaxPhysicalId; // not set yet
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
    public KvmRun* RunPage => _runPage;

    /// <summary>
    /// Memory that user space maps, by page of the descriptor: the run page, the ring of coalesced MMIO, the dirty ring.
    /// Null elsewhere.
    /// </summary>
    public byte* SharedPage(int page)
    {
        ulong offset = (ulong)(page - KvmLimits.DirtyRingPageOffset) << HostPages.PageShift;
        return page switch
        {
            0 => (byte*)_runPage,
            KvmLimits.CoalescedMmioPageOffset => (byte*)Vm.CoalescedRing,
            >= KvmLimits.DirtyRingPageOffset when offset < DirtyRingBytes => (byte*)DirtyRing!.Entries + offset,
            _ => null,
        };
    }

    internal DirtyRing? DirtyRing { get; }

    internal uint DirtyRingBytes { get; }

    /// <summary>CSR.CPUID: what interrupts are routed by; 256 until it is set.</summary>
    internal ulong PhysicalId
    {
        get => _registers.Csr[Csr.Cpuid];
        set => _registers.Csr[Csr.Cpuid] = value;
    }

    /// <summary>Frees the registers and shared pages; the vCPU does not run any more.</summary>
    public void Dispose()
    {
        Synchronize();
        foreach (HostCpu cpu in _machine.Cpus)
        {
            if (cpu.LastVcpu == this)
            {
                cpu.LastVcpu = null;
            }
        }

        _memoryCache.Drain();
        DirtyRing?.Dispose();
        _registers.Dispose();
        NativeMemory.AlignedFree(_runPage);
        _sleeper.Dispose();
    }

    private static ulong La464Reset(int csr) => CsrTable.Find(csr)!.Reset;

    private void Trace(TraceEvent e, ulong a = 0, ulong b = 0, ulong c = 0)
    {
        if (Vm.Tracer.Wants(e))
        {
            Vm.Tracer.Send(new TraceRecord(e, _machine.Now, Id, _registers.Pc, a, b, c));
        }
    }

    private ulong ExchangeGcsr(int csr, ulong value, ulong mask = ulong.MaxValue) =>
        _core!.ExchangeGcsr(csr, value, mask);

    private ulong ReadGcsr(int csr) => _core!.ReadGcsr(csr);
}
