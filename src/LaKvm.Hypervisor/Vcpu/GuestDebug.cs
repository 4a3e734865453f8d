using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// What a debugger in this process has to do with a guest: it lets it execute some instructions, and has given cores
/// breakpoints and watchpoints (<see cref="CoreDebug"/>). The guest is made to leave, and KVM_RUN returns with
/// KVM_EXIT_DEBUG.
/// </summary>
internal sealed unsafe class GuestDebug
{
    /// <summary>
    /// Instructions that the guest may still execute; <see cref="long.MaxValue"/> without limit. What is executed again
    /// behind an exit (a page was mapped, a unit loaded) counts once.
    /// </summary>
    internal long InstructionsLeft { get; set; } = long.MaxValue;

    /// <summary>Whether instructions are counted at all.</summary>
    internal bool Counts => InstructionsLeft != long.MaxValue;

    /// <summary>What the guest has come to, and the address of that; null if nothing.</summary>
    internal (RunExit Kind, ulong Address)? Stop { get; private set; }

    /// <summary>Whether the guest may execute nothing.</summary>
    internal bool HasStopped => InstructionsLeft <= 0 || Stop != null;

    /// <summary>The guest goes on from where it has stopped.</summary>
    internal void Continue() => Stop = null;

    /// <summary>Runs a guest up to its next exit, counting its instructions.</summary>
    internal void Step(HostCpu cpu)
    {
        RunExit exit;
        do
        {
            if (InstructionsLeft <= 0)
            {
                cpu.SendIpi(); // makes the guest leave
            }

            long refills = cpu.Refill.Count;
            ulong start = cpu.Core.State->Retired;
            exit = cpu.Engine.Run(1);
            cpu.Core.PollTimers();
            if (cpu.Core.State->Retired != start && cpu.Refill.Count == refills)
            {
                InstructionsLeft--;
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
        Stop = (stop, stop == RunExit.Breakpoint ? core.State->Pc : core.Debug.Watched.Address);
        cpu.SendIpi();
    }

    /// <summary>The instruction by which the guest was left is going to be executed again.</summary>
    internal void Repeat()
    {
        if (Counts)
        {
            InstructionsLeft++;
        }
    }
}
