using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Exit dispatch: one handler for each exception code.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const int EcodeMask = 0x3f;

    private static readonly delegate*<KvmVcpu, int>[] FaultTable = BuildFaultTable();

    private int HandleExit()
    {
        Volatile.Write(ref _mode, OutsideGuest);
        int ecode = (int)(_exitEstat >> Estat.EcodeShift) & EcodeMask;
        Trace(TraceEvent.Exit, (ulong)ecode, _exitBadi);
        if (ecode != 0)
        {
            return FaultTable[ecode](this);
        }

        Statistics.Count(VcpuStat.IntExits);
        _cpu!.TakeInterrupts();
        return ResumeGuest;
    }

    private static delegate*<KvmVcpu, int>[] BuildFaultTable()
    {
        var table = new delegate*<KvmVcpu, int>[EcodeMask + 1];
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = &Unhandled;
        }

        table[(int)Trap.Pil] = table[(int)Trap.Pif] = &ReadFault;
        table[(int)Trap.Pis] = table[(int)Trap.Pme] = &WriteFault;
        table[(int)Trap.Fpd] = &FpuDisabled;
        table[(int)Trap.Sxd] = &LsxDisabled;
        table[(int)Trap.Asxd] = &LasxDisabled;
        table[(int)Trap.Btd] = &LbtDisabled;
        table[(int)Trap.Gspr] = &Gspr;
        table[(int)Trap.Hvc] = &Hypercall;
        return table;
    }

    private static int ReadFault(KvmVcpu v) => v.HandlePageFault(write: false);

    private static int WriteFault(KvmVcpu v) => v.HandlePageFault(write: true);

    private static int FpuDisabled(KvmVcpu v) => v.HandleUnitDisabled(EuenFpe);

    private static int LsxDisabled(KvmVcpu v) => v.HandleUnitDisabled(EuenSxe);

    private static int LasxDisabled(KvmVcpu v) => v.HandleUnitDisabled(EuenAsxe);

    /// <summary>No binary translation unit exists, so that no guest's CPUCFG has one.</summary>
    private static int LbtDisabled(KvmVcpu v)
    {
        v.QueueException(Trap.Ine);
        return ResumeGuest;
    }

    private static int Gspr(KvmVcpu v) => v.HandleGspr();

    private static int Hypercall(KvmVcpu v) => v.HandleHypercall();

    private static int Unhandled(KvmVcpu v)
    {
        v.Vm.Log.Report($"exit with ESTAT 0x{v._exitEstat:x}, instruction 0x{v._exitBadi:x8}, BADV 0x{v._exitBadv:x}: not one that "
            + $"a guest may cause");
        v.QueueException(Trap.Ine);
        return ResumeGuest;
    }
}
