using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Accesses to guest-physical addresses without memory: devices of the hypervisor first, then user space.
/// </summary>
internal static unsafe class MmioExit
{
    /// <summary>Emulates the access of a second-stage fault, or makes an exception of it.</summary>
    internal static ExitOutcome Handle(in ExitInfo exit, KvmVcpu vcpu, bool write)
    {
        ulong gpa = exit.Badv;
        if (!write && vcpu.Registers.Pc == gpa)
        {
            vcpu.Interrupts.QueueException(Trap.Adef); // the guest jumped to where there is no memory
            return ExitOutcome.ResumeGuest;
        }

        MmioInstruction access = MmioInstruction.Decode(exit.Badi);
        if (access.Size == 0 || access.Store != write)
        {
            vcpu.Vm.Log.Report($"instruction 0x{exit.Badi:x8} cannot access the device address 0x{gpa:x}: only plain "
                + $"loads and stores can");
            vcpu.Interrupts.QueueException(Trap.Adem);
            return ExitOutcome.ResumeGuest;
        }

        if (access.Register != MmioRegister.General)
        {
            return WideMmioExit.Handle(exit, vcpu, access);
        }

        return write ? Store(exit, vcpu, access) : Load(exit, vcpu, access);
    }

    /// <summary>User space has answered a load.</summary>
    internal static void CompleteLoad(in PendingAccess pending, KvmVcpu vcpu)
    {
        KvmRun* run = vcpu.RunPage;
        FinishLoad(vcpu, pending.Register, pending.Access, run->Data);
        vcpu.Tracer.Trace(TraceEvent.Mmio, run->PhysicalAddress, run->Data);
    }

    /// <summary>Asks user space for an access.</summary>
    internal static void Ask(KvmVcpu vcpu, ulong gpa, int size, ulong data, bool write)
    {
        KvmRun* run = vcpu.RunPage;
        run->ExitReason = KvmExitReason.Mmio;
        run->PhysicalAddress = gpa;
        run->Data = data;
        run->Length = (uint)size;
        run->IsWrite = write ? (byte)1 : (byte)0;
    }

    private static ExitOutcome Store(in ExitInfo exit, KvmVcpu vcpu, MmioInstruction access)
    {
        ulong gpa = exit.Badv;
        ulong data = RegisterData.Low(vcpu.Registers.Gpr[exit.Rd], access.Size);
        vcpu.Registers.Pc += 4;
        vcpu.Tracer.Trace(TraceEvent.Mmio, gpa, data, (ulong)TraceAccess.Write);
        if (vcpu.Vm.Buses.Mmio.Write(vcpu, gpa, access.Size, data))
        {
            return ExitOutcome.ResumeGuest;
        }

        Ask(vcpu, gpa, access.Size, data, write: true);
        return ExitOutcome.ResumeHost;
    }

    private static ExitOutcome Load(in ExitInfo exit, KvmVcpu vcpu, MmioInstruction access)
    {
        ulong gpa = exit.Badv;
        if (vcpu.Vm.Buses.Mmio.Read(vcpu, gpa, access.Size, out ulong data))
        {
            FinishLoad(vcpu, exit.Rd, access, data);
            vcpu.Tracer.Trace(TraceEvent.Mmio, gpa, data);
            return ExitOutcome.ResumeGuest;
        }

        vcpu.Tracer.Trace(TraceEvent.Mmio, gpa, 0, (ulong)TraceAccess.ReadUnsatisfied);
        Ask(vcpu, gpa, access.Size, 0, write: false);
        vcpu.Pending.Wait(PendingKind.Mmio, exit.Badi, access);
        return ExitOutcome.ResumeHost;
    }

    private static void FinishLoad(KvmVcpu vcpu, int register, MmioInstruction access, ulong data)
    {
        vcpu.Registers.Write(register,
            access.Signed ? RegisterData.SignExtend(data, access.Size) : RegisterData.Low(data, access.Size));
        vcpu.Registers.Pc += 4;
    }
}
