using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LaKvm.Diagnostics;
using LaKvm.Memory;

namespace LaKvm.Cpu;

/// <summary>
/// One LA464 core: registers, CSRs of root mode and of the guest, TLBs, timers and interrupt inputs. Its state belongs
/// to the thread that runs it; only the members that say so may be called from others.
/// </summary>
public sealed unsafe partial class Core : IGuestPlace, IDisposable
{
    private readonly CsrBank _hostCsr = new();
    private readonly CsrBank _guestCsr = new();
    private SoftTlb _softTlb = new();
    private readonly Tlb _hostTlb = new();
    private readonly Tlb _guestTlb = new();
    private readonly Tlb _stageTwoTlb = new();
    private readonly ConstantTimer _hostTimer;
    private readonly ConstantTimer _guestTimer;
    private readonly ExceptionWatch _hostWatch, _guestWatch;
    private readonly ICoreBus _bus;
    private readonly IClock _clock;

    /// <summary>Makes a core in its reset state.</summary>
    public Core(int id, PhysicalMemory memory, ICoreBus bus, IClock clock)
    {
        Id = id;
        Memory = memory;
        _bus = bus;
        _clock = clock;
        _hostTimer = new ConstantTimer(clock, countsOnAfterOneShot: false);
        _guestTimer = new ConstantTimer(clock, countsOnAfterOneShot: true);
        State = (CpuState*)NativeMemory.AlignedAlloc(CpuState.SizeInBytes, 64);
        _hostWatch = new ExceptionWatch(this);
        _guestWatch = new ExceptionWatch(this);
        Debug = new CoreDebug(this);
        Memory.CodeModified += PostCodeModified;
        Memory.CodeAdded += PostCodeAdded;
        Reset();
    }

    /// <summary>The register block.</summary>
    public CpuState* State { get; }

    /// <summary>RAM.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>Core number: CSR.CPUID.</summary>
    public int Id { get; }

    /// <summary>What a debugger wants of the core.</summary>
    public CoreDebug Debug { get; }

    /// <summary>Where is reported what software does wrong that the core itself notices.</summary>
    public GuestErrorLog Errors { get; set; } = GuestErrorLog.Silent;

    int IGuestPlace.CoreNumber => Id;

    ulong IGuestPlace.GuestPc => State->Pc;

    /// <summary>The engine that executes this core, told of code and mapping changes.</summary>
    public ICodeCache? CodeCache { get; set; }

    /// <summary>
    /// Owner of root mode, or null if root mode is guest-visible code as on the bare machine. With an owner, leaving
    /// guest mode ends the engine's run call.
    /// </summary>
    public IRootMode? RootMode { get; set; }

    /// <summary>
    /// Power-on reset (manual volume 1, 6.3): direct-address mode at PLV0 with interrupts off, TLBs empty, at
    /// <paramref name="pc"/>.
    /// </summary>
    public void Reset(ulong pc = 0x1c00_0000)
    {
        NativeMemory.Clear(State, CpuState.SizeInBytes);
        _hostCsr.Reset();
        _guestCsr.Reset();
        _hostCsr[Csr.Cpuid] = (ulong)Id;
        _hostTimer.Reset();
        _guestTimer.Reset();
        _hostWatch.Returned();
        _guestWatch.Returned();
        _hostTlb.Clear();
        _guestTlb.Clear();
        _stageTwoTlb.Clear();
        _softTlb.Reset();
        _otherSoftTlb?.Reset();
        State->Pc = pc;
        SwitchMode();
        if (!_codeMail.IsEmpty)
        {
            // Attention was cleared with the state, but what other threads have written still has to be known.
            RequestAttention(AttentionMail);
        }
    }

    /// <summary>Frees the core's memory; it must not run any more.</summary>
    public void Dispose()
    {
        Memory.CodeModified -= PostCodeModified;
        Memory.CodeAdded -= PostCodeAdded;
        _softTlb.Dispose();
        _otherSoftTlb?.Dispose();
        _hostTlb.Dispose();
        _guestTlb.Dispose();
        _stageTwoTlb.Dispose();
        _hostCsr.Dispose();
        _guestCsr.Dispose();
        _sleeper.Dispose();
        NativeMemory.AlignedFree(State);
    }

    /// <summary>Whether a guest runs of which root mode traps what a bit of GCFG stands for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool GuestTraps(ulong enable) => State->Vm != 0 && (_hostCsr[Csr.Gcfg] & enable) != 0;

    /// <summary>
    /// What a privileged instruction does where <see cref="CpuState.Restricted"/> is not 0. The guest's own exception
    /// comes first (inferred).
    /// </summary>
    public static Trap RestrictedTrap(CpuState* s) => s->Plv != 0 ? Trap.Ipe : Trap.Gspr;

    /// <summary>What watches the exceptions of root mode, or of the guest.</summary>
    private ExceptionWatch WatchOf(bool root) => root ? _hostWatch : _guestWatch;

    /// <summary>CSR bank, TLB and timer of the mode that runs now.</summary>
    private CsrBank Bank => State->Vm != 0 ? _guestCsr : _hostCsr;

    /// <summary>Software TLB of the mode and privilege level that run now.</summary>
    private int CurrentTable
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => SoftTlb.TableOf(State->Vm, State->Plv, (State->Csr[Csr.Crmd] & Crmd.Pg) == 0);
    }

    /// <summary>
    /// Brings what depends on mode, privilege and EUEN up to date: to be called after CRMD, EUEN or GSTAT.VM changed.
    /// </summary>
    private void SwitchMode()
    {
        // Every exit comes here twice, so nothing is read again that was just written.
        CpuState* s = State;
        uint vm = s->Vm;
        ulong* host = _hostCsr.Values, guest = _guestCsr.Values, bank = vm != 0 ? guest : host;
        ulong crmd = bank[Csr.Crmd], units = host[Csr.Euen];
        uint plv = (uint)(crmd & Crmd.PlvMask);
        s->Csr = bank;
        s->Plv = (byte)plv;
        s->Restricted = (byte)(vm != 0 && (host[Csr.Gcfg] & LvzFields.GcfgSit) != 0 ? plv | 1 : plv);
        s->Tlb = _softTlb.Table(SoftTlb.TableOf((int)vm, (int)plv, (crmd & Crmd.Pg) == 0));
        s->Units = (byte)(vm != 0 ? units & guest[Csr.Euen] : units);
        CheckInterrupts();
    }
}
