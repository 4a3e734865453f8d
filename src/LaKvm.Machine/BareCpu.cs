using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Running;

namespace LaKvm.Machine;

/// <summary>A core of the bare machine in its run loop: slices between looks at its timers, and waits.</summary>
/// <param name="core">The core.</param>
/// <param name="engine">What executes it.</param>
/// <param name="share">The cores that compute.</param>
/// <param name="parking">Where it waits to be called; null if it boots.</param>
/// <param name="hasOthers">Whether there are cores that it may wait for.</param>
internal sealed unsafe class BareCpu(
    Core core, IExecutionEngine engine, HostShare share, CoreParking? parking, bool hasOthers) : IMachineCpu
{
    private readonly RunSlice _slice = new(core);
    private readonly IdleWait _wait = new(core, share);
    private readonly SpinWatch _spin = new(core);
    private CoreParking? _parking = parking;

    /// <summary>It executes idle, and nothing has come that ends that.</summary>
    private bool _idle;

    public string Name => $"core {core.Id}";

    public void Interrupt() => core.RequestStop();

    public CpuStop? Run(CpuTurn turn)
    {
        core.CancelStop();
        GuestErrorLog.Enter(core);
        share.Enter();
        try
        {
            return IsCalled(turn) ? Execute(turn) : null;
        }
        finally
        {
            share.Leave();
            GuestErrorLog.Enter(null);
        }
    }

    private bool IsCalled(CpuTurn turn)
    {
        if (_parking?.Wait(turn) == false)
        {
            return false;
        }

        _parking = null;
        return true;
    }

    private CpuStop? Execute(CpuTurn turn)
    {
        long left = turn.Instructions;
        while (!turn.MustEnd)
        {
            if (_idle)
            {
                WaitInIdle();
                continue;
            }

            ulong start = core.State->Retired;
            RunExit exit = engine.Run(Math.Min(_slice.Next(), left));
            left -= (long)(core.State->Retired - start);
            _idle = exit == RunExit.Idle;
            if (StopFor(exit) is { } stop)
            {
                return stop;
            }

            if (left <= 0)
            {
                return new CpuStop(core.Id, CpuStopKind.InstructionCount);
            }

            AfterSlice(exit);
        }

        return null;
    }

    private CpuStop? StopFor(RunExit exit) => exit switch
    {
        RunExit.Breakpoint => new CpuStop(core.Id, CpuStopKind.Breakpoint, core.State->Pc),
        RunExit.Watchpoint => new CpuStop(core.Id, CpuStopKind.Watchpoint, core.Debug.Watched.Address),
        _ => null,
    };

    private void AfterSlice(RunExit exit)
    {
        if (exit == RunExit.Idle)
        {
            return;
        }

        core.PollTimers();
        if (exit == RunExit.Budget && hasOthers && _spin.IsWaiting())
        {
            core.Pause(SpinWatch.Pause);
        }
    }

    /// <summary>Only an interrupt ends idle: a core that was called to rest goes on waiting behind that.</summary>
    private void WaitInIdle()
    {
        _wait.Wait();
        _idle = !core.HasPendingInterrupt;
        if (_idle)
        {
            core.CancelStop();
        }
    }
}
