using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Exit dispatch: one handler for each exception code.</summary>
internal static unsafe class ExitTable
{
    private static readonly delegate*<in ExitInfo, KvmVcpu, ExitOutcome>[] Handlers = Build();

    /// <summary>Handles an exit.</summary>
    internal static ExitOutcome Handle(in ExitInfo exit, KvmVcpu vcpu) => Handlers[exit.Ecode](exit, vcpu);

    private static delegate*<in ExitInfo, KvmVcpu, ExitOutcome>[] Build()
    {
        var table = new delegate*<in ExitInfo, KvmVcpu, ExitOutcome>[ExitInfo.Ecodes];
        for (int i = 0; i < table.Length; i++)
        {
            table[i] = &Unhandled;
        }

        table[0] = &Interrupt;
        table[(int)Trap.Pil] = table[(int)Trap.Pif] = &ReadFault;
        table[(int)Trap.Pis] = table[(int)Trap.Pme] = &WriteFault;
        table[(int)Trap.Fpd] = &FpuDisabled;
        table[(int)Trap.Sxd] = &LsxDisabled;
        table[(int)Trap.Asxd] = &LasxDisabled;
        table[(int)Trap.Btd] = &LbtDisabled;
        table[(int)Trap.Gspr] = &GsprExit.Handle;
        table[(int)Trap.Hvc] = &HypercallExit.Handle;
        return table;
    }

    /// <summary>A kick or a reschedule, which the host's own handler acknowledges.</summary>
    private static ExitOutcome Interrupt(in ExitInfo exit, KvmVcpu vcpu)
    {
        vcpu.Statistics.Count(VcpuStat.IntExits);
        vcpu.Residency.Cpu!.TakeInterrupts();
        return ExitOutcome.ResumeGuest;
    }

    private static ExitOutcome ReadFault(in ExitInfo exit, KvmVcpu vcpu) => HandleFault(exit, vcpu, write: false);

    private static ExitOutcome WriteFault(in ExitInfo exit, KvmVcpu vcpu) => HandleFault(exit, vcpu, write: true);

    /// <summary>A second-stage fault: the page is mapped, or the access emulated where there is no memory.</summary>
    private static ExitOutcome HandleFault(in ExitInfo exit, KvmVcpu vcpu, bool write)
    {
        ulong gpa = exit.Badv;
        vcpu.Tracer.Trace(TraceEvent.PageFault, gpa, write ? 1UL : 0);
        if (gpa >= GpaMmu.GpaSize)
        {
            vcpu.Interrupts.QueueException(Trap.Adem);
            return ExitOutcome.ResumeGuest;
        }

        Errno error = vcpu.Vm.Mmu.MapGpa(vcpu, gpa, write);
        if (error == Errno.None)
        {
            // The TLB still holds the entry that faulted.
            vcpu.Residency.Tag.Change(gpa);
            vcpu.Requests.Make(KvmRequest.TlbFlushGpa);
            return ExitOutcome.ResumeGuest;
        }

        return error == Errno.Fault ? MmioExit.Handle(exit, vcpu, write) : ExitOutcome.Fail(error);
    }

    private static ExitOutcome FpuDisabled(in ExitInfo exit, KvmVcpu vcpu) => HandleUnitDisabled(vcpu, GuestFpu.Fpe);

    private static ExitOutcome LsxDisabled(in ExitInfo exit, KvmVcpu vcpu) => HandleUnitDisabled(vcpu, GuestFpu.Sxe);

    private static ExitOutcome LasxDisabled(in ExitInfo exit, KvmVcpu vcpu) => HandleUnitDisabled(vcpu, GuestFpu.Asxe);

    /// <summary>
    /// A unit that the host keeps off was used: the guest gets it, or INE if its CPUCFG does not have it.
    /// </summary>
    private static ExitOutcome HandleUnitDisabled(KvmVcpu vcpu, ulong unit)
    {
        if ((vcpu.Cpucfg.Units & unit) == 0)
        {
            vcpu.Interrupts.QueueException(Trap.Ine);
            return ExitOutcome.ResumeGuest;
        }

        if ((vcpu.Residency.Fpu.Loaded & unit) != 0)
        {
            KvmRun* run = vcpu.RunPage;
            run->ExitReason = KvmExitReason.InternalError;
            run->InternalSuberror = 0;
            run->InternalDataCount = 0;
            return ExitOutcome.ResumeHost;
        }

        vcpu.Requests.Make(KvmRequest.FpuLoad);
        return ExitOutcome.ResumeGuest;
    }

    /// <summary>No binary translation unit exists, so that no guest's CPUCFG has one.</summary>
    private static ExitOutcome LbtDisabled(in ExitInfo exit, KvmVcpu vcpu)
    {
        vcpu.Interrupts.QueueException(Trap.Ine);
        return ExitOutcome.ResumeGuest;
    }

    private static ExitOutcome Unhandled(in ExitInfo exit, KvmVcpu vcpu)
    {
        vcpu.Vm.Log.Report(
            $"exit with ESTAT 0x{exit.Estat:x}, instruction 0x{exit.Badi:x8}, BADV 0x{exit.Badv:x}: not one that "
            + $"a guest may cause");
        vcpu.Interrupts.QueueException(Trap.Ine);
        return ExitOutcome.ResumeGuest;
    }
}
