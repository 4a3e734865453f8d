namespace LaKvm.Hypervisor;

/// <summary>
/// The way of a vCPU's registers into a core or into memory. Giving a core up leaves the registers in it; whoever takes
/// the core next, or wants to see the registers, saves them first. Three rules make that end:
/// <list type="bullet">
/// <item>only the owner of a core touches what is in it;</item>
/// <item>who takes a core saves what is in it before waiting for anything;</item>
/// <item>who waits for registers in another core keeps trying to take that core, since its owner may give it back as it
/// was.</item>
/// </list>
/// Each step does one thing that others can see, so that a test can try all orders of them.
/// </summary>
internal struct HandOver
{
    private readonly RegisterSet _registers;

    private HandOver(RegisterSet registers, CoreContext? target)
    {
        _registers = registers;
        Target = target;
        Source = null;
        Stage = target == null ? HandOverStage.Look : HandOverStage.SaveOther;
    }

    /// <summary>The core to load the registers into, which this vCPU owns; null to get them into memory.</summary>
    internal CoreContext? Target { get; init; }

    /// <summary>Another core that the registers were seen in.</summary>
    internal CoreContext? Source { get; set; }

    /// <summary>The next step.</summary>
    internal HandOverStage Stage { get; set; }

    /// <summary>Into a core that is owned and holds other registers, or none.</summary>
    internal static HandOver ToCore(RegisterSet registers, CoreContext target) => new(registers, target);

    /// <summary>Into memory, wherever they are.</summary>
    internal static HandOver ToMemory(RegisterSet registers) => new(registers, null);

    /// <summary>Goes all the way.</summary>
    internal void Complete()
    {
        SpinWait spin = default;
        while (Stage != HandOverStage.Done)
        {
            if (!Step())
            {
                spin.SpinOnce();
            }
        }
    }

    /// <summary>One step. False if somebody else has to do something first; the same is tried again then.</summary>
    internal bool Step()
    {
        switch (Stage)
        {
            case HandOverStage.SaveOther:
                Target!.Resident?.Save(Target);
                Stage = HandOverStage.FreeOther;
                return true;
            case HandOverStage.FreeOther:
                Free(Target!);
                Stage = HandOverStage.Look;
                return true;
            case HandOverStage.Look:
                Source = _registers.ResidentCpu;
                Stage = Source != null ? HandOverStage.Take
                    : Target != null ? HandOverStage.Restore : HandOverStage.Done;
                return true;
            case HandOverStage.Take:
                bool taken = Source!.TryAcquire(_registers);
                Stage = taken ? HandOverStage.SaveOwn : HandOverStage.Look;
                return taken;
            case HandOverStage.SaveOwn:
                if (Source!.Resident == _registers)
                {
                    _registers.Save(Source);
                    Stage = HandOverStage.FreeOwn;
                }
                else
                {
                    Stage = HandOverStage.GiveBack; // somebody else was here between look and take
                }

                return true;
            case HandOverStage.FreeOwn:
                Free(Source!);
                Stage = HandOverStage.GiveBack;
                return true;
            case HandOverStage.GiveBack:
                Source!.Release();
                Stage = HandOverStage.Look;
                return true;
            case HandOverStage.Restore:
                _registers.Restore(Target!);
                Stage = HandOverStage.Settle;
                return true;
            case HandOverStage.Settle:
                Target!.Resident = _registers;
                _registers.ResidentCpu = Target;
                Stage = HandOverStage.Done;
                return true;
            default:
                return true;
        }
    }

    /// <summary>What the core holds has been saved: its vCPU finds it in memory.</summary>
    private static void Free(CoreContext cpu)
    {
        if (cpu.Resident is { } saved)
        {
            cpu.Resident = null; // the owner's alone, so that others see only the next write
            saved.ResidentCpu = null;
        }
    }
}

/// <summary>The next step of a <see cref="HandOver"/>.</summary>
internal enum HandOverStage : byte
{
    /// <summary>Save what is in the target.</summary>
    SaveOther,

    /// <summary>Say that it is in memory now.</summary>
    FreeOther,

    /// <summary>Look where the registers are.</summary>
    Look,

    /// <summary>Take the core that they are in.</summary>
    Take,

    /// <summary>Save them, if they still are.</summary>
    SaveOwn,

    /// <summary>Say that they are in memory now.</summary>
    FreeOwn,

    /// <summary>Give that core back.</summary>
    GiveBack,

    /// <summary>Put them into the target.</summary>
    Restore,

    /// <summary>Say that they are there.</summary>
    Settle,

    /// <summary>Nothing is left to do.</summary>
    Done,
}
