using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Guest-sensitive instructions: cpucfg, csr*, cacop, iocsr*, idle. The word in BADI says which.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const uint CpucfgOpcode = 0x1b, CacopOpcode = 0x18, IocsrOpcode = 0xc90, IdleOpcode = 0xc91;
    private const uint CsrMajor = 0x04;

    /// <summary>CPUCFG word that names the hypervisor, and the one with its features.</summary>
    private const ulong CpucfgSignature = 0x4000_0000, CpucfgFeatures = 0x4000_0004;

    private const uint KvmSignature = 0x004d_564b; // "KVM"

    private bool _unsupportedCsrLogged;

    private int HandleGspr()
    {
        uint word = _exitBadi;
        ulong pc = _registers.Pc;
        Trace(TraceEvent.ExitGspr, word);
        _registers.Pc = pc + 4;
        bool emulated = true;
        int result = ResumeGuest;
        if (word >> 24 == CsrMajor)
        {
            EmulateCsr(word);
        }
        else if (word >> 10 == CpucfgOpcode)
        {
            EmulateCpucfg(word);
        }
        else if (word >> 15 == IocsrOpcode)
        {
            result = EmulateIocsr(word, out emulated);
        }
        else if (word >> 15 == IdleOpcode)
        {
            EmulateIdle();
        }
        else if (word >> 22 == CacopOpcode)
        {
            Trace(TraceEvent.ExitCache); // memory is coherent: nothing to do
        }
        else
        {
            emulated = false;
        }

        if (!emulated)
        {
            _registers.Pc = pc;
            QueueException(Trap.Ine);
        }

        return result;
    }

    private static int Rd(uint word) => (int)word & 31;

    private static int Rj(uint word) => (int)(word >> 5) & 31;

    private static int Rk(uint word) => (int)(word >> 10) & 31;

    private void WriteGpr(int register, ulong value)
    {
        if (register != 0)
        {
            _registers.Gpr[register] = value;
        }
    }

    private void EmulateCpucfg(uint word)
    {
        Statistics.Count(VcpuStat.CpucfgExits);
        ulong index = _registers.Gpr[Rj(word)];
        uint value = index switch
        {
            < KvmLimits.CpucfgWords => _cpucfg[index],
            CpucfgSignature => KvmSignature,
            CpucfgFeatures => (uint)Vm.PvFeatures,
            _ => 0,
        };
        Trace(TraceEvent.ExitCpucfg, index, value);
        WriteGpr(Rd(word), value);
    }

    /// <summary>csrrd, csrwr or csrxchg of a register that only software keeps; others read 0 and forget.</summary>
    private void EmulateCsr(uint word)
    {
        int csr = (int)(word >> 10) & 0x3fff;
        int rj = Rj(word);
        ulong old = 0, value = 0;
        if (GuestCsrs.IsSoftware(csr))
        {
            ref ulong register = ref _registers.Csr[csr];
            old = register;
            ulong mask = rj switch { 0 => 0, 1 => ulong.MaxValue, _ => _registers.Gpr[rj] };
            register = value = (old & ~mask) | (_registers.Gpr[Rd(word)] & mask);
        }
        else if (!_unsupportedCsrLogged)
        {
            _unsupportedCsrLogged = true;
            Vm.Log.Report($"the guest uses CSR 0x{csr:x}, which it does not have (reported once)");
        }

        Trace(TraceEvent.ExitCsr, (ulong)csr, old, value);
        WriteGpr(Rd(word), old);
    }

    private void EmulateIdle()
    {
        Statistics.Count(VcpuStat.IdleExits);
        Trace(TraceEvent.ExitIdle);
        if (!IsRunnable && !HasEnabledInterrupt)
        {
            Halt();
        }
    }

    /// <summary>
    /// An enabled interrupt is in the guest's ESTAT already, from where an idle instruction sees it whatever CRMD.IE says
    /// (manual volume 1, 4.2.6.2): it is no longer queued, so that nothing would ever end the wait.
    /// </summary>
    private bool HasEnabledInterrupt => (ReadGcsr(Csr.Estat) & ReadGcsr(Csr.Ecfg) & Estat.IsMask) != 0;

    private int EmulateIocsr(uint word, out bool emulated)
    {
        uint function = (word >> 10) & 0x1f;
        emulated = function < 8;
        if (!emulated)
        {
            return ResumeGuest;
        }

        int size = 1 << (int)(function & 3);
        bool write = function >= 4;
        uint address = (uint)_registers.Gpr[Rj(word)];
        int rd = Rd(word);
        ulong data = write ? Low(_registers.Gpr[rd], size) : 0;
        bool handled = write
            ? Vm.IocsrBus.Write(this, address, size, data)
            : Vm.IocsrBus.Read(this, address, size, out data);
        if (handled)
        {
            if (!write)
            {
                WriteGpr(rd, SignExtend(data, size));
            }

            Trace(TraceEvent.Iocsr, address, data, (ulong)(write ? TraceAccess.Write : TraceAccess.Read));
            return ResumeGuest;
        }

        Trace(TraceEvent.Iocsr, address, data, (ulong)(write ? TraceAccess.Write : TraceAccess.ReadUnsatisfied));
        KvmRun* run = RunPage;
        run->ExitReason = KvmExitReason.LoongArchIocsr;
        run->PhysicalAddress = address;
        run->Length = (uint)size;
        run->IsWrite = write ? (byte)1 : (byte)0;
        run->Data = data;
        _pendingRead = write ? PendingRead.None : PendingRead.Iocsr;
        _pendingRegister = rd;
        _pendingSize = size;
        return ResumeHost;
    }

    private static ulong Low(ulong value, int size) => size == 8 ? value : value & ((1UL << (8 * size)) - 1);

    private static ulong SignExtend(ulong value, int size)
    {
        int shift = 64 - (8 * size);
        return (ulong)((long)(value << shift) >> shift);
    }
}
