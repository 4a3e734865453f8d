using System.Runtime.CompilerServices;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Into the guest and back: what KVM's assembly does. On the way out only what the host's CSRs hold is taken. What
/// root mode in C# does not use itself stays as the guest needs it while the vCPU is loaded: the general registers
/// and GSTAT.PVM, which an exit sets anyway; PGDL and TGID, which change with the vCPU's tag.
/// </summary>
internal sealed unsafe class WorldSwitch(VcpuRegisters registers, Residency residency, GuestDebug debug)
{
    /// <summary>The instruction by which the guest was left last. Any thread may look.</summary>
    internal ulong ExitPc { get; private set; }

    /// <summary>Lets the guest execute up to its next exit.</summary>
    internal void EnterGuest(out ExitInfo exit)
    {
        HostCpu cpu = residency.Cpu!;
        Core core = cpu.Core;
        core.ErtnTo(registers.Pc);
        if (debug.Counts)
        {
            debug.Step(cpu);
        }
        else
        {
            RunToExit(cpu, core);
        }

        core.ReadExit(out ulong pc, out ulong estat, out ulong badv, out uint badi);
        registers.Pc = ExitPc = pc;
        exit = new ExitInfo(estat, badv, badi);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void RunToExit(HostCpu cpu, Core core)
    {
        RunSlice slice = cpu.Slice;
        RunExit exit;
        while ((exit = cpu.Engine.Run(slice.Left)) != RunExit.GuestExit)
        {
            if (GuestDebug.IsStop(exit))
            {
                debug.ComeTo(exit, cpu);
            }

            core.PollTimers();
            slice.Next();
        }

        slice.Exited();
    }
}
