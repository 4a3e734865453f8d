using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Hypervisor;

/// <summary>Guest-sensitive instructions: cpucfg, csr*, cacop, iocsr*, idle. The word in BADI says which.</summary>
internal static unsafe class GsprExit
{
    /// <summary>CPUCFG word that names the hypervisor, and the one with its features.</summary>
    private const ulong CpucfgSignature = 0x4000_0000, CpucfgFeatures = 0x4000_0004;

    private const uint KvmSignature = 0x004d_564b; // "KVM"

    private static readonly Word
        Cpucfg = new(Opcode.Cpucfg),
        Csrxchg = new(Opcode.Csrxchg), // csrrd and csrwr are csrxchg with 0 and 1 in the field of rj
        Iocsrrd = new(Opcode.IocsrrdB, Opcode.IocsrrdH, Opcode.IocsrrdW, Opcode.IocsrrdD),
        Iocsrwr = new(Opcode.IocsrwrB, Opcode.IocsrwrH, Opcode.IocsrwrW, Opcode.IocsrwrD),
        Idle = new(Opcode.Idle),
        Cacop = new(Opcode.Cacop);

    /// <summary>
    /// Emulates the instruction; one that is none of these gets INE. The few that there are need no search in the whole
    /// table of instructions, which would take a sixth of an exit's time.
    /// </summary>
    internal static ExitOutcome Handle(in ExitInfo exit, KvmVcpu vcpu)
    {
        uint word = exit.Badi;
        vcpu.Tracer.Trace(TraceEvent.ExitGspr, word);
        VcpuRegisters registers = vcpu.Registers;
        registers.Pc += 4;
        if (Csrxchg.Matches(word))
        {
            return EmulateCsr(exit, vcpu);
        }

        if (Cpucfg.Matches(word))
        {
            return EmulateCpucfg(exit, vcpu);
        }

        if (Iocsrrd.Matches(word))
        {
            return EmulateIocsrRead(exit, vcpu);
        }

        if (Iocsrwr.Matches(word))
        {
            return EmulateIocsrWrite(exit, vcpu);
        }

        if (Idle.Matches(word))
        {
            return EmulateIdle(vcpu);
        }

        return Cacop.Matches(word) ? EmulateCacop(vcpu) : Refuse(vcpu);
    }

    /// <summary>User space has answered an iocsrrd, whose data is sign-extended whatever its width.</summary>
    internal static void CompleteIocsrRead(in PendingAccess pending, KvmVcpu vcpu)
    {
        KvmRun* run = vcpu.RunPage;
        vcpu.Registers.Write(pending.Register, RegisterData.SignExtend(run->Data, pending.Access.Size));
        vcpu.Tracer.Trace(TraceEvent.Iocsr, run->PhysicalAddress, run->Data);
    }

    private static ExitOutcome Refuse(KvmVcpu vcpu)
    {
        vcpu.Registers.Pc -= 4;
        vcpu.Interrupts.QueueException(Trap.Ine);
        return ExitOutcome.ResumeGuest;
    }

    /// <summary>Memory is coherent: nothing to do.</summary>
    private static ExitOutcome EmulateCacop(KvmVcpu vcpu)
    {
        vcpu.Tracer.Trace(TraceEvent.ExitCache);
        return ExitOutcome.ResumeGuest;
    }

    private static ExitOutcome EmulateCpucfg(in ExitInfo exit, KvmVcpu vcpu)
    {
        vcpu.Statistics.Count(VcpuStat.CpucfgExits);
        ulong index = vcpu.Registers.Gpr[exit.Rj];
        uint value = index switch
        {
            < KvmLimits.CpucfgWords => vcpu.Cpucfg[(int)index],
            CpucfgSignature => KvmSignature,
            CpucfgFeatures => (uint)vcpu.Vm.PvFeatures,
            _ => 0,
        };
        vcpu.Tracer.Trace(TraceEvent.ExitCpucfg, index, value);
        vcpu.Registers.Write(exit.Rd, value);
        return ExitOutcome.ResumeGuest;
    }

    /// <summary>csrrd, csrwr or csrxchg of a register that only software keeps; others read 0 and forget.</summary>
    private static ExitOutcome EmulateCsr(in ExitInfo exit, KvmVcpu vcpu)
    {
        int csr = (int)(exit.Badi >> 10) & 0x3fff;
        if (vcpu.Pmu.Has(csr))
        {
            vcpu.Registers.Pc -= 4; // done by the guest itself, which has the counters then
            vcpu.Pmu.Request();
            return ExitOutcome.ResumeGuest;
        }

        ulong old = 0, value = 0;
        VcpuRegisters registers = vcpu.Registers;
        if (GuestCsrs.IsSoftware(csr))
        {
            ref ulong register = ref registers.Csr[csr];
            old = register;
            ulong mask = exit.Rj switch { 0 => 0, 1 => ulong.MaxValue, int rj => registers.Gpr[rj] };
            register = value = (old & ~mask) | (registers.Gpr[exit.Rd] & mask);
        }
        else
        {
            vcpu.ReportUnknownCsr(csr);
        }

        vcpu.Tracer.Trace(TraceEvent.ExitCsr, (ulong)csr, old, value);
        registers.Write(exit.Rd, old);
        return ExitOutcome.ResumeGuest;
    }

    /// <summary>
    /// Waits, unless there is something to go on for. An enabled interrupt in the guest's ESTAT is seen by an idle
    /// instruction whatever CRMD.IE says (manual volume 1, 4.2.6.2): it is no longer queued, so that nothing would ever
    /// end the wait.
    /// </summary>
    private static ExitOutcome EmulateIdle(KvmVcpu vcpu)
    {
        vcpu.Statistics.Count(VcpuStat.IdleExits);
        vcpu.Tracer.Trace(TraceEvent.ExitIdle);
        Core core = vcpu.Residency.Core;
        ulong pending = core.ReadGcsr(Csr.Estat) | (vcpu.Pmu.IsInterrupting ? 1UL << Estat.Pcov : 0);
        bool enabled = (pending & core.ReadGcsr(Csr.Ecfg) & Estat.IsMask) != 0;
        if (!vcpu.Interrupts.IsRunnable && !enabled)
        {
            vcpu.Halt();
        }

        return ExitOutcome.ResumeGuest;
    }

    private static ExitOutcome EmulateIocsrRead(in ExitInfo exit, KvmVcpu vcpu)
    {
        uint address = (uint)vcpu.Registers.Gpr[exit.Rj];
        int size = SizeOf(exit);
        if (vcpu.Vm.Buses.Iocsr.Read(vcpu, address, size, out ulong data))
        {
            vcpu.Registers.Write(exit.Rd, RegisterData.SignExtend(data, size));
            vcpu.Tracer.Trace(TraceEvent.Iocsr, address, data, (ulong)TraceAccess.Read);
            return ExitOutcome.ResumeGuest;
        }

        vcpu.Tracer.Trace(TraceEvent.Iocsr, address, data, (ulong)TraceAccess.ReadUnsatisfied);
        Ask(vcpu, address, size, data, write: false);
        vcpu.Pending.Wait(
            PendingKind.Iocsr, exit.Badi, new(MmioRegister.General, size, Store: false, Signed: true, size));
        return ExitOutcome.ResumeHost;
    }

    private static ExitOutcome EmulateIocsrWrite(in ExitInfo exit, KvmVcpu vcpu)
    {
        uint address = (uint)vcpu.Registers.Gpr[exit.Rj];
        int size = SizeOf(exit);
        ulong data = RegisterData.Low(vcpu.Registers.Gpr[exit.Rd], size);
        vcpu.Tracer.Trace(TraceEvent.Iocsr, address, data, (ulong)TraceAccess.Write);
        if (vcpu.Vm.Buses.Iocsr.Write(vcpu, address, size, data))
        {
            return ExitOutcome.ResumeGuest;
        }

        Ask(vcpu, address, size, data, write: true);
        return ExitOutcome.ResumeHost;
    }

    private static void Ask(KvmVcpu vcpu, uint address, int size, ulong data, bool write)
    {
        KvmRun* run = vcpu.RunPage;
        run->ExitReason = KvmExitReason.LoongArchIocsr;
        run->PhysicalAddress = address;
        run->Length = (uint)size;
        run->IsWrite = write ? (byte)1 : (byte)0;
        run->Data = data;
    }

    /// <summary>iocsr instructions have log2 of their size in bits 11:10.</summary>
    private static int SizeOf(in ExitInfo exit) => 1 << ((int)(exit.Badi >> 10) & 3);

    /// <summary>What some rows of the instruction table have in common, which no other row has.</summary>
    private readonly struct Word
    {
        private readonly uint _mask, _word;

        internal Word(params ReadOnlySpan<Opcode> rows)
        {
            _word = rows[0].Info().Word;
            _mask = rows[0].Info().Mask;
            foreach (Opcode row in rows)
            {
                _mask &= ~(_word ^ row.Info().Word);
            }

            _word &= _mask;
        }

        internal bool Matches(uint word) => (word & _mask) == _word;
    }
}
