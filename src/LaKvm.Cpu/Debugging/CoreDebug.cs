namespace LaKvm.Cpu;

/// <summary>
/// What a debugger wants of a core: where it stops, and steps that no interrupt comes into. To be changed on the core's
/// thread, or while the core does not run.
/// </summary>
/// <remarks>
/// A run that comes to a breakpoint ends before the instruction, and the next run ends there again: who wants to go on
/// takes the breakpoint away for one instruction, as debuggers do. Nothing is written into the guest's memory.
/// </remarks>
public sealed unsafe class CoreDebug
{
    private readonly Core _core;

    internal CoreDebug(Core core)
    {
        _core = core;
        Tlb = new TlbInspector(core);
    }

    /// <summary>What is in the TLBs.</summary>
    public TlbInspector Tlb { get; }

    /// <summary>Where the core stops.</summary>
    public ReadOnlySpan<StopPoint> StopPoints => Set.Points;

    /// <summary>
    /// Address of the access that ended the last run with <see cref="RunExit.Watchpoint"/>, and what it hit.
    /// </summary>
    public (ulong Address, StopPoint Point) Watched { get; private set; }

    /// <summary>Changes with the breakpoints; for engines, which keep them in what they know of pages.</summary>
    public int Version { get; private set; }

    /// <summary>Whether there is a breakpoint.</summary>
    public bool HasBreakpoints { get; private set; }

    /// <summary>Interrupts of root mode wait.</summary>
    public bool HoldsRootInterrupts => _core.Interrupts.HoldsRoot;

    /// <summary>Interrupts of guest mode wait.</summary>
    public bool HoldsGuestInterrupts => _core.Interrupts.HoldsGuest;

    /// <summary>Who sees what the core does; null if nobody looks.</summary>
    public ICoreObserver? Observer
    {
        get;
        private set
        {
            field = value;
            _core.Outside.Observe(_core, value);
        }
    }

    internal StopPointSet Set { get; private set; } = StopPointSet.Empty;

    /// <summary>Adds an observer, behind those that look already.</summary>
    public void Observe(ICoreObserver observer) =>
        Observer = Observer is { } other ? new CoreObservers(other, observer) : observer;

    /// <summary>Takes an observer away.</summary>
    public void EndObserving(ICoreObserver observer) =>
        Observer = Observer == observer ? null
        : Observer is CoreObservers several ? several.Without(observer)
        : Observer;

    /// <summary>Sets where the core stops, in place of what was set before.</summary>
    public void SetStopPoints(ReadOnlySpan<StopPoint> points)
    {
        if (points.SequenceEqual(StopPoints))
        {
            return;
        }

        Set = points.IsEmpty ? StopPointSet.Empty : new StopPointSet(points);
        HasBreakpoints = Set.HasBreakpoints;
        Version++;

        // Pages are looked up anew: then engines see their breakpoints, and accesses to watched pages get no fast path.
        _core.SoftTlbs.Clear();
    }

    /// <summary>
    /// Makes interrupts wait, so that a step does not end in a handler; what has come meanwhile is taken when they no
    /// longer wait.
    /// </summary>
    public void HoldInterrupts(bool root, bool guest)
    {
        (_core.Interrupts.HoldsRoot, _core.Interrupts.HoldsGuest) = (root, guest);
        _core.Interrupts.CheckInterrupts();
    }

    /// <summary>For engines: offsets of the breakpoints in the current mode's 4 KiB page of an address.</summary>
    public ReadOnlySpan<ushort> BreakpointsOnPage(ulong va) => Set.BreakpointsOnPage(va, _core.State->Vm);

    /// <summary>
    /// For engines, where a breakpoint may be at the PC: <see cref="Trap.Leave"/> if the run ends there, else
    /// <see cref="Trap.None"/>.
    /// </summary>
    public Trap BreakAtPc()
    {
        if (!Set.BreaksAt(_core.State->Pc, _core.State->Vm))
        {
            return Trap.None;
        }

        _core.Interrupts.PendingExit = RunExit.Breakpoint;
        return Trap.Leave;
    }

    /// <summary>An entry of a TLB was written.</summary>
    internal void TlbWritten(TlbKind kind, Tlb tlb, int index) =>
        Observer?.TlbWritten(_core, kind, TlbInspector.ViewOf(tlb[index], index));

    /// <summary>See <see cref="ICoreObserver.TlbInvalidated"/>.</summary>
    internal void TlbInvalidated(int operation, ulong tags, ulong address) =>
        Observer?.TlbInvalidated(_core, operation, tags, address);

    /// <summary>
    /// Whether loads or stores of the 4 KiB page of an address must not have a fast path. Atomics, which read what they
    /// store to, have that of stores.
    /// </summary>
    internal bool WatchesPage(ulong va, bool stores) =>
        Set.HasWatchpoints && Set.WatchesPage(va, stores, _core.State->Vm);

    /// <summary>As <see cref="WatchAccess"/>, of an instruction that loads and stores.</summary>
    internal Trap WatchAtomic(ulong va, int size)
    {
        Trap trap = WatchAccess(va, size, isStore: true);
        return trap == Trap.None ? WatchAccess(va, size, isStore: false) : trap;
    }

    /// <summary>
    /// In the slow path of an access that is going to happen: <see cref="Trap.Leave"/> if it is watched.
    /// </summary>
    internal Trap WatchAccess(ulong va, int size, bool isStore)
    {
        CpuState* s = _core.State;
        if (!Set.HasWatchpoints || Set.FindWatchpoint(va, size, isStore, s->Vm) is not { } hit)
        {
            return Trap.None;
        }

        // Engines are going to count the instruction, as any that ends a run; but this one has not been executed.
        s->Retired--;
        s->Budget++;
        Watched = (Math.Max(va, hit.Address), hit);
        _core.Interrupts.PendingExit = RunExit.Watchpoint;
        return Trap.Leave;
    }
}
