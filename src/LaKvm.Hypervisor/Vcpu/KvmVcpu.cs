using System.Runtime.CompilerServices;
using LaKvm.Cpu;
using LaKvm.Diagnostics;
using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// A virtual CPU (struct kvm_vcpu). Its thread is whoever calls <see cref="Run"/>; everything but the members that say so
/// is called by that thread, or with the vCPU's mutex held while it does not run.
/// </summary>
public sealed unsafe partial class KvmVcpu : IGuestPlace, IDisposable
{
    private const ulong NoGpa = ulong.MaxValue;

    private readonly VcpuRegisters _registers;
    private readonly MmuMemoryCache _memoryCache;
    private readonly HostMachine _machine;
    private readonly KvmTracer _tracer;

    /// <summary>What user space maps: the run page, then the dirty ring.</summary>
    private readonly SharedMemory _shared;

    /// <summary>The core it is loaded on, or null.</summary>
    private HostCpu? _cpu;
    private Core? _core;
    private int _lastCpu = -1;

    int IGuestPlace.CoreNumber => Id;

    /// <summary>Also in user space: the instruction by which the guest was left last.</summary>
    ulong IGuestPlace.GuestPc => _exitPc;

    internal KvmVcpu(KvmVm vm, int id, uint dirtyRingBytes)
    {
        Vm = vm;
        Id = id;
        _machine = vm.Machine;
        _tracer = vm.Tracer;
        _memoryCache = new MmuMemoryCache(_machine.Pages, KvmLimits.MmuCacheObjects);
        _shared = new SharedMemory(_machine.Pages.PageSize + dirtyRingBytes);
        try
        {
            _sleeper = new HostSleeper();
            _registers = new VcpuRegisters();
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
    public KvmRun* RunPage => (KvmRun*)_shared.Pointer;

    /// <summary>
    /// mmap of the vCPU: the run page at page 0, the VM's ring of coalesced MMIO, the dirty ring; nothing can be accessed
    /// between and behind them. Null where there is nothing at all. To be undone by <see cref="SharedMemory.Unmap"/>.
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

        void Show(SharedMemory memory, ulong from, ulong length, ulong at)
        {
            ulong first = Math.Max(at, start);
            ulong end = Math.Min(at + length, start + size);
            if (first < end)
            {
                memory.ShowAt(view + (first - start), from + (first - at), end - first);
            }
        }
    }

    internal DirtyRing? DirtyRing { get; }

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
        _registers.Dispose();
        _shared.Dispose();
        _sleeper.Dispose();
    }

    private static ulong La464Reset(int csr) => CsrTable.Find(csr)!.Reset;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Trace(TraceEvent e, ulong a = 0, ulong b = 0, ulong c = 0)
    {
        if (_tracer.Wants(e))
        {
            SendTrace(e, a, b, c);
        }
    }

    private void SendTrace(TraceEvent e, ulong a, ulong b, ulong c) =>
        _tracer.Send(new TraceRecord(e, KvmTracer.Now, Id, _registers.Pc, a, b, c));

    private ulong ExchangeGcsr(int csr, ulong value, ulong mask = ulong.MaxValue) =>
        _core!.ExchangeGcsr(csr, value, mask);

    private ulong ReadGcsr(int csr) => _core!.ReadGcsr(csr);
}
