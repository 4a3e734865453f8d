using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Running;

namespace LaKvm.Machine;

/// <summary>
/// What a secondary core's firmware does: sleeps until an inter-processor interrupt finds an address in mailbox 0,
/// then begins there in direct-address mode. The address stays as it was mailed: kernels mail addresses in windows,
/// and count on relative jumps staying there when they switch translation on.
/// </summary>
internal sealed class CoreParking(Core core, ICoreBus board)
{
    /// <summary>Waits to be called; false if the turn has to end before.</summary>
    internal bool Wait(CpuTurn turn)
    {
        board.WriteIocsr(core.Id, Ipi.Base + Ipi.Enable, sizeof(uint), uint.MaxValue);
        core.ExchangeCsr(Csr.Ecfg, 1UL << CoreLine.Ipi, 1UL << CoreLine.Ipi);
        while (!turn.MustEnd)
        {
            core.WaitForInterrupt();
            board.WriteIocsr(core.Id, Ipi.Base + Ipi.Clear, sizeof(uint), uint.MaxValue);
            ulong entry = board.ReadIocsr(core.Id, Ipi.Base + Ipi.Mailbox, sizeof(ulong));
            if (entry != 0)
            {
                core.Reset(entry);
                return true;
            }
        }

        return false;
    }
}
