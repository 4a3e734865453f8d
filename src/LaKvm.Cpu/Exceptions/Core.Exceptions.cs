namespace LaKvm.Cpu;

public sealed unsafe partial class Core
{
    /// <summary>
    /// Delivers the exception that an instruction at <see cref="CpuState.Pc"/> raised: sets ERA, ESTAT, BADV, BADI, mode
    /// and PC. Returns <see cref="Trap.Refetch"/>, or <see cref="Trap.Leave"/> when this leaves guest mode for a root
    /// mode that the engine's caller owns.
    /// </summary>
    public Trap RaiseException(Trap trap, uint word) => throw new NotImplementedException();

    /// <summary>
    /// Called by the engine, with <see cref="CpuState.Pc"/> at the next instruction and the budget settled, whenever
    /// <see cref="CpuState.Attention"/> is non-zero: takes pending interrupts, timers, TLB and code invalidations. Returns
    /// <see cref="Trap.None"/> if execution goes on at the same PC in the same mode, <see cref="Trap.Refetch"/> if state
    /// changed, <see cref="Trap.Leave"/> if the run call must return with <see cref="PendingExit"/>.
    /// </summary>
    public Trap HandleAttention() => throw new NotImplementedException();

    /// <summary>What the run call returns after <see cref="Trap.Leave"/>.</summary>
    public RunExit PendingExit { get; private set; }

    /// <summary>Makes the core's run call return soon with <see cref="RunExit.Stopped"/>. Any thread.</summary>
    public void RequestStop() => throw new NotImplementedException();

    /// <summary>
    /// Sleeps until an interrupt, a timer or a stop request wakes the core that returned <see cref="RunExit.Idle"/>.
    /// </summary>
    public void WaitForInterrupt() => throw new NotImplementedException();

    /// <summary>Raises or drops interrupt line <paramref name="estatBit"/> (2 to 9 HWI, 12 IPI). Any thread.</summary>
    public void SetInterruptLine(int estatBit, bool level) => throw new NotImplementedException();
}
