using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LaKvm.Diagnostics;
using LaKvm.Isa;
using LaKvm.Memory;

namespace LaKvm.Cpu;

/// <summary>
/// One LA464 core, put together of its parts: registers, the two modes with their CSRs, TLBs and timers, address
/// translation, interrupts, exceptions. Its state belongs to the thread that runs it; only the members that say so may
/// be called from others.
/// </summary>
public sealed unsafe class Core : IGuestPlace, IDisposable
{
    private readonly Surroundings _outside;
    private readonly PerformanceCounters _counters;
    private readonly InterruptUnit _interrupts;
    private readonly CsrUnit _csrs;
    private readonly ExceptionUnit _exceptions;
    private readonly MemoryUnit _accesses;
    private readonly PageWalker _walker;
    private readonly CodeMail _codeMail;

    /// <summary>Makes a core in its reset state.</summary>
    public Core(int id, PhysicalMemory memory, ICoreBus bus, IClock clock)
    {
        Id = id;
        Memory = memory;
        _outside = new Surroundings(bus, clock);
        State = (CpuState*)NativeMemory.AlignedAlloc(CpuState.SizeInBytes, 64);
        var root = new Mode(0, State, _outside);
        var guest = new Mode(1, State, _outside);
        _counters = new PerformanceCounters(State, root, guest);
        _interrupts = new InterruptUnit(State, root, guest, _counters, _outside);
        SoftTlbs = new SoftTlbs();
        Modes = new Modes(State, root, guest, SoftTlbs, _interrupts, _counters);
        Mmu = new Mmu(State, Modes, SoftTlbs, _outside);
        Debug = new CoreDebug(this);
        Tlbs = new TlbUnit(State, Modes, Mmu, SoftTlbs, Debug, _outside);
        _walker = new PageWalker(State, Modes, Mmu, memory);
        _csrs = new CsrUnit(State, Modes, _interrupts, _counters, Mmu, _outside);
        _exceptions = new ExceptionUnit(this, State, Modes, _interrupts, Debug);
        _accesses = new MemoryUnit(State, Modes, Mmu, SoftTlbs, memory, Debug, _outside);
        _codeMail = new CodeMail(memory, SoftTlbs, _interrupts);
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
    public GuestErrorLog Errors
    {
        get => _outside.Errors;
        set => _outside.Errors = value;
    }

    /// <summary>The engine that executes this core, told of code and mapping changes.</summary>
    public ICodeCache? CodeCache { get; set; }

    /// <summary>
    /// Owner of root mode, or null if root mode is guest-visible code as on the bare machine. With an owner, leaving
    /// guest mode ends the engine's run call.
    /// </summary>
    public IRootMode? RootMode
    {
        get => _exceptions.RootMode;
        set => _exceptions.RootMode = value;
    }

    /// <summary>What the run call returns after <see cref="Trap.Leave"/>.</summary>
    public RunExit PendingExit => _interrupts.PendingExit;

    /// <summary>Ticks of the machine's clock now.</summary>
    public ulong Ticks => _outside.Clock.Ticks;

    /// <summary>
    /// Tick at which a timer of this core fires next; <see cref="ulong.MaxValue"/> if none is running.
    /// </summary>
    public ulong TimerDeadline => _interrupts.TimerDeadline;

    /// <summary>True while an interrupt is pending and enabled in root mode, whatever CRMD.IE says.</summary>
    public bool HasPendingInterrupt => _interrupts.HasPendingInterrupt;

    /// <summary>
    /// Whether the core that returned <see cref="RunExit.Idle"/> has to go on: an interrupt is pending, a timer has
    /// fired, or a stop was requested.
    /// </summary>
    public bool MustWake => _interrupts.MustWake;

    /// <summary>
    /// GSTAT.PVM, for the owner of root mode: whether the next <see cref="Ertn"/> enters the guest. As a write of GSTAT
    /// with that bit, which changes nothing else.
    /// </summary>
    public bool ErtnEntersGuest
    {
        set => _exceptions.ErtnEntersGuest = value;
    }

    int IGuestPlace.CoreNumber => Id;

    ulong IGuestPlace.GuestPc => State->Pc;

    internal Modes Modes { get; }

    internal SoftTlbs SoftTlbs { get; }

    internal Mmu Mmu { get; }

    internal TlbUnit Tlbs { get; }

    internal InterruptUnit Interrupts => _interrupts;

    internal CsrUnit Csrs => _csrs;

    internal Surroundings Outside => _outside;

    internal PerformanceCounters Counters => _counters;

    /// <summary>
    /// What a privileged instruction does where <see cref="CpuState.Restricted"/> is not 0. The guest's own exception
    /// comes first (inferred). csrrd of a performance counter is allowed where MISC.RPCNTL says so (manual volume 1,
    /// 7.4.4).
    /// </summary>
    public static Trap RestrictedTrap(CpuState* s, Instruction* i) =>
        s->Plv == 0 ? Trap.Gspr
        : i->Opcode == Opcode.Csrrd && Pmcfg.IsCount(i->Imm) && (s->Csr[Csr.Misc] >> (8 + s->Plv) & 1) != 0 ? Trap.None
        : Trap.Ipe;

    /// <summary>
    /// The engine's word beside a software TLB entry of the current mode, for what the engine knows about the page:
    /// zeroed by the core whenever the entry changes.
    /// </summary>
    public static nint* EngineWord(CpuState* s, ulong va) =>
        SoftTlbTable.EngineWords(s->Tlb) + (CpuState.TlbEntry(s, va) - s->Tlb);

    /// <summary>
    /// Power-on reset (manual volume 1, 6.3): direct-address mode at PLV0 with interrupts off, TLBs empty, at
    /// <paramref name="pc"/>.
    /// </summary>
    public void Reset(ulong pc = 0x1c00_0000)
    {
        NativeMemory.Clear(State, CpuState.SizeInBytes);
        Modes.Root.Reset();
        Modes.Guest.Reset();
        Modes.Root[Csr.Cpuid] = (ulong)Id;
        Mmu.SecondStage.Clear();
        SoftTlbs.Reset();
        _counters.Reset(CodeCache);
        State->Pc = pc;
        Modes.Switch();
        _codeMail.Reset();
    }

    /// <summary>Frees the core's memory; it must not run any more.</summary>
    public void Dispose()
    {
        _codeMail.Dispose();
        SoftTlbs.Dispose();
        Mmu.Dispose();
        Modes.Root.Dispose();
        Modes.Guest.Dispose();
        _interrupts.Dispose();
        NativeMemory.AlignedFree(State);
    }

    /// <summary>Reads a CSR of root mode as csrrd does there; unimplemented ones read 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadCsr(int csr) => _csrs.ReadCsr(csr);

    /// <summary>csrxchg in root mode: changes the bits of <paramref name="mask"/>, returns the old value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ExchangeCsr(int csr, ulong value, ulong mask) => _csrs.ExchangeCsr(csr, value, mask);

    /// <summary>gcsrrd: reads a CSR of the guest CSR file.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong ReadGcsr(int csr) => _csrs.ReadGcsr(csr);

    /// <summary>
    /// gcsrwr and gcsrxchg: as <see cref="ExchangeCsr"/> on the guest CSR file, with root mode's wider masks.
    /// </summary>
    public ulong ExchangeGcsr(int csr, ulong value, ulong mask) => _csrs.ExchangeGcsr(csr, value, mask);

    /// <summary>gcsrrd of several CSRs, each into the word that its number says.</summary>
    public void ReadGcsrs(ReadOnlySpan<int> numbers, ulong* values) => _csrs.ReadGcsrs(numbers, values);

    /// <summary>gcsrwr of several CSRs in their order, each from the word that its number says.</summary>
    public void WriteGcsrs(ReadOnlySpan<int> numbers, ulong* values) => _csrs.WriteGcsrs(numbers, values);

    /// <summary>
    /// Delivers the exception that an instruction at <see cref="CpuState.Pc"/> raised: sets ERA, ESTAT, BADV, BADI,
    /// mode and PC. Returns <see cref="Trap.Refetch"/>, or <see cref="Trap.Leave"/> when this leaves guest mode, or
    /// user code, for a root mode that the engine's caller owns.
    /// </summary>
    public Trap RaiseException(Trap trap, uint word) => _exceptions.RaiseException(trap, word);

    /// <summary>
    /// Root mode is going to have the guest take an exception at <paramref name="pc"/>, by changing its CSRs: it counts
    /// for the report of a guest that does nothing but fault.
    /// </summary>
    public void WatchInjected(Trap code, ulong pc, ulong address, uint word) =>
        Modes.Guest.Watch.Entered(code, pc, address, word);

    /// <summary>
    /// ertn: returns from the exception that is being handled (manual volume 1, 4.2.6.1). In root mode this is also how
    /// a guest is entered: general exceptions return to the mode in GSTAT.PVM, TLB refills to the one in TLBRPRMD.
    /// </summary>
    public void Ertn() => _exceptions.Ertn();

    /// <summary>
    /// For the owner of root mode: <see cref="Ertn"/> to PLV0 at <paramref name="pc"/>, with root mode's interrupts on.
    /// </summary>
    public void ErtnTo(ulong pc) => _exceptions.ErtnTo(pc);

    /// <summary>
    /// For the owner of root mode: what its CSRs hold behind an exit, as <see cref="ReadCsr"/> reads them.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ReadExit(out ulong era, out ulong estat, out ulong badv, out uint badi) =>
        _exceptions.ReadExit(out era, out estat, out badv, out badi);

    /// <summary>Raises or drops interrupt line <paramref name="estatBit"/> (2 to 9 HWI, 12 IPI). Any thread.</summary>
    public void SetInterruptLine(int estatBit, bool level) => _interrupts.SetInterruptLine(estatBit, level);

    /// <summary>Makes the core's run call return soon with <see cref="RunExit.Stopped"/>. Any thread.</summary>
    public void RequestStop() => _interrupts.RequestStop();

    /// <summary>
    /// Takes a <see cref="RequestStop"/> back that no run call has answered. On the core's thread; who asks for a stop
    /// says why before, and it is looked at after this.
    /// </summary>
    public void CancelStop() => _interrupts.CancelStop();

    /// <summary>
    /// Sleeps until an interrupt, a timer or a stop request wakes the core that returned <see cref="RunExit.Idle"/>.
    /// </summary>
    public void WaitForInterrupt() => _interrupts.WaitForInterrupt();

    /// <summary>Sleeps for <paramref name="ticks"/>, or until another thread wants something of this core.</summary>
    public void Pause(ulong ticks) => _interrupts.Pause(ticks);

    /// <summary>
    /// Sets ESTAT.TI of root mode and of the guest if their timers have expired, and ESTAT.PCOV if a counter of the
    /// current mode has overflowed. To be called between slices of a run, so that no timer is later than a slice.
    /// </summary>
    public void PollTimers() => _interrupts.PollTimers();

    /// <summary>
    /// Instructions of a run that is to be no longer than <paramref name="instructions"/>: none of the counters
    /// overflows before its end.
    /// </summary>
    public long LimitRun(long instructions) => _counters.Limit(instructions);

    /// <summary>
    /// Called by the engine, with <see cref="CpuState.Pc"/> at the next instruction and the budget settled, whenever
    /// <see cref="CpuState.Attention"/> is non-zero: takes pending interrupts, timers, TLB and code invalidations.
    /// Returns <see cref="Trap.None"/> if execution goes on at the same PC in the same mode, <see cref="Trap.Refetch"/>
    /// if state changed, <see cref="Trap.Leave"/> if the run call must return with <see cref="PendingExit"/>.
    /// </summary>
    public Trap HandleAttention()
    {
        int attention = Interlocked.Exchange(ref State->Attention, 0);
        Trap result = Trap.None;
        if ((attention & InterruptUnit.AttentionMail) != 0)
        {
            _codeMail.Read(CodeCache);
            result = Trap.Refetch;
        }

        if ((attention & (InterruptUnit.AttentionStop | InterruptUnit.AttentionTimer)) != 0)
        {
            _counters.TellEngine(CodeCache);
            _interrupts.PendingExit =
                (attention & InterruptUnit.AttentionStop) != 0 ? RunExit.Stopped : RunExit.TimerSet;
            _interrupts.CheckInterrupts();
            return Trap.Leave;
        }

        Trap interrupt = _exceptions.TakeInterrupt();
        return interrupt == Trap.None ? result : interrupt;
    }

    /// <summary>TLBFILL in root mode.</summary>
    public void TlbFill() => Tlbs.TlbFill(Tlbs.CurrentTlb);

    /// <summary>
    /// invtlb of the current mode. False if <paramref name="op"/> is none of its forms. In root mode rj carries the GID
    /// in bits 23:16 and the ASID in bits 9:0.
    /// </summary>
    public bool InvalidateTlb(int op, ulong rj, ulong rk) => Tlbs.InvalidateTlb(op, rj, rk);

    /// <summary>
    /// lddir: the entry of directory <paramref name="level"/> (1 to 4) at <paramref name="directory"/> for the address
    /// in TLBRBADV.
    /// </summary>
    public Trap LoadDirectory(ulong directory, int level, out ulong entry) =>
        _walker.LoadDirectory(directory, level, out entry);

    /// <summary>
    /// ldpte: loads the even (0) or odd (1) page entry for the address in TLBRBADV from the table at
    /// <paramref name="table"/> into TLBRELO0 or 1, and its page size into TLBREHI.
    /// </summary>
    public Trap LoadPageEntry(ulong table, int odd) => _walker.LoadPageEntry(table, odd);

    /// <summary>
    /// Load of <paramref name="size"/> bytes that the software TLB did not answer: translates, fills the software TLB,
    /// splits unaligned accesses, reads MMIO; where nothing is, that is an address error. On a trap
    /// <see cref="CpuState.TrapAddress"/> is set.
    /// </summary>
    public Trap LoadSlow(ulong va, int size, void* value) => _accesses.LoadSlow(va, size, value);

    /// <summary>Store counterpart of <see cref="LoadSlow"/>; all bytes are stored or none.</summary>
    public Trap StoreSlow(ulong va, int size, void* value) => _accesses.StoreSlow(va, size, value);

    /// <summary>Slow path of <see cref="MemoryAccess.AtomicPointer"/>: unaligned raises ALE.</summary>
    public Trap AtomicPointerSlow(ulong va, int size, out byte* pointer) =>
        _accesses.AtomicPointerSlow(va, size, out pointer);

    /// <summary>
    /// To be called after a host atomic has changed memory at <paramref name="va"/> through a pointer.
    /// </summary>
    public void AtomicStored(ulong va, byte* pointer) => _accesses.AtomicStored(va);

    /// <summary>
    /// Translates an instruction address of the current mode. On success <paramref name="pointer"/> is the host address
    /// of the instruction (null if it is not RAM) and <paramref name="physical"/> its physical address; both are valid
    /// up to the end of the 4 KiB page until the next <see cref="Trap.Refetch"/> or handled attention.
    /// </summary>
    public Trap TranslateFetch(ulong va, out byte* pointer, out ulong physical) =>
        _accesses.TranslateFetch(va, out pointer, out physical);

    /// <summary>To be called by the engine before it decodes from a page that it holds nothing of.</summary>
    public void CodePageAdded(ulong physicalPage) => Memory.MarkCode(physicalPage);

    /// <summary>Zeroes the engine's words of all software TLBs of this core.</summary>
    public void ClearEngineWords() => SoftTlbs.ClearEngineWords();
}
