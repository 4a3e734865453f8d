using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// What a debugger in this process has to do with a guest: it lets it execute some instructions, and has given cores
/// breakpoints and watchpoints (<see cref="CoreDebug"/>). The guest is made to leave, and KVM_RUN returns with
/// KVM_EXIT_DEBUG.
/// </summary>
public sealed unsafe class GuestDebug
{
    private (RunExit Kind, ulong Address) _stop;
    private bool _isStopped;
    private bool _steps;
    private long _left = long.MaxValue;

    /// <summary>A debugger has wanted something at some time: until then an exit pays for one test.</summary>
    private bool _isUsed;

    /// <summary>
    /// Instructions that the guest may execute before KVM_RUN returns with KVM_EXIT_DEBUG; <see cref="long.MaxValue"/>
    /// without limit. What is executed again behind an exit (a page was mapped, a unit loaded) counts once.
    /// </summary>
    public long InstructionsLeft
    {
        get => _left;
        set
        {
            _left = value;
            _isUsed |= value != long.MaxValue;
        }
    }

    /// <summary>Whether instructions are counted at all.</summary>
    internal bool Counts => _isUsed && _left != long.MaxValue;

    /// <summary>
    /// The breakpoint or watchpoint, set in the cores, that the guest has come to, and its address; null if none.
    /// </summary>
    public (RunExit Kind, ulong Address)? Stop => _isStopped ? _stop : null;

    /// <summary>Whether planted breakpoints leave to user space.</summary>
    internal bool HasBreakpoints { get; private set; }

    /// <summary>Whether the guest may execute nothing.</summary>
    internal bool HasStopped => _isUsed && (_isStopped || _left <= 0);

    /// <summary>
    /// KVM_SET_GUEST_DEBUG: with bit 0, planted breakpoints exit (bit 16 asks for them too), and with bit 1 KVM_RUN
    /// executes one instruction; without it nothing else counts. Linux accepts the step on this architecture, but does
    /// not step; here it is as elsewhere: interrupts come into it, and what user space has to do for the instruction
    /// comes before KVM_EXIT_DEBUG.
    /// </summary>
    public void SetControl(uint control)
    {
        const uint enable = 1, singleStep = 2;
        HasBreakpoints = (control & enable) != 0;
        bool steps = HasBreakpoints && (control & singleStep) != 0;
        if (steps || _steps)
        {
            InstructionsLeft = steps ? 1 : long.MaxValue;
        }

        _steps = steps;
    }

    /// <summary>
    /// The guest goes on from where it was left; <paramref name="isBehindStop"/>: with KVM_EXIT_DEBUG, so that a step
    /// is complete and the next one begins.
    /// </summary>
    internal void Continue(bool isBehindStop)
    {
        _isStopped = false;
        if (_steps && isBehindStop)
        {
            _left = 1;
        }
    }

    /// <summary>Runs a guest up to its next exit, counting its instructions.</summary>
    internal void Step(HostCpu cpu)
    {
        RunExit exit;
        do
        {
            if (_left <= 0)
            {
                cpu.SendIpi(); // makes the guest leave
            }

            long refills = cpu.Refill.Count;
            ulong start = cpu.Core.State->Retired;
            exit = cpu.Engine.Run(1);
            cpu.Core.PollTimers();
            if (cpu.Core.State->Retired != start && cpu.Refill.Count == refills)
            {
                _left--;
            }

            if (IsStop(exit))
            {
                ComeTo(exit, cpu);
            }
        }
        while (exit != RunExit.GuestExit);
    }

    /// <summary>Whether an engine's run has ended because the guest has come to something.</summary>
    internal static bool IsStop(RunExit exit) => exit is RunExit.Breakpoint or RunExit.Watchpoint;

    /// <summary>The guest has come to something, and is made to leave.</summary>
    internal void ComeTo(RunExit stop, HostCpu cpu)
    {
        Core core = cpu.Core;
        _isStopped = _isUsed = true;
        _stop = (stop, stop == RunExit.Breakpoint ? core.State->Pc : core.Debug.Watched.Address);
        cpu.SendIpi();
    }

    /// <summary>The instruction by which the guest was left is going to be executed again.</summary>
    internal void Repeat()
    {
        if (Counts)
        {
            _left++;
        }
    }
}
