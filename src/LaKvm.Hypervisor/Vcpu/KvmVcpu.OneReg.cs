using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Registers by the numbers of KVM_GET_ONE_REG and KVM_SET_ONE_REG.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const ulong RegisterPrefix = 0x9030_0000_0000_0000;
    private const ulong SetMask = 0x7_0000, CsrSet = 0x1_0000, KvmSet = 0x2_0000, CpucfgSet = 0x4_0000, LbtSet = 0x5_0000;
    private const ulong RegCounter = 1, RegReset = 2, RegDebugInstruction = 3;

    /// <summary>KVM_GET_REGS.</summary>
    public void GetRegs(KvmRegs* regs)
    {
        Buffer.MemoryCopy(_registers.Gpr, regs->Gpr, 256, 256);
        regs->Pc = _registers.Pc;
    }

    /// <summary>KVM_SET_REGS.</summary>
    public void SetRegs(KvmRegs* regs)
    {
        Buffer.MemoryCopy(regs->Gpr, _registers.Gpr, 256, 256);
        _registers.Gpr[0] = 0;
        _registers.Pc = regs->Pc;
    }

    /// <summary>Reads a register: EINVAL for a number that names none, ENXIO for a unit that the guest lacks.</summary>
    public Errno GetOneReg(ulong id, out ulong value)
    {
        value = 0;
        if (!TryParse(id, out ulong set, out ulong index))
        {
            return Errno.Inval;
        }

        switch (set)
        {
            case CsrSet:
                return GetCsr((int)(index >> 3), out value);
            case CpucfgSet when index >> 3 < KvmLimits.CpucfgWords:
                value = _cpucfg[index >> 3];
                return Errno.None;
            case LbtSet:
                return Errno.NxIo; // the guest's CPUCFG cannot have the unit
            case KvmSet when index == RegCounter:
                value = _machine.Clock.Ticks + (ulong)Vm.TimeOffset;
                return Errno.None;
            case KvmSet when index == RegDebugInstruction:
                value = DebugInstruction;
                return Errno.None;
            default:
                return Errno.Inval;
        }
    }

    /// <summary>Writes a register: EINVAL for a number that names none or a value that it cannot have, ENXIO.</summary>
    public Errno SetOneReg(ulong id, ulong value)
    {
        if (!TryParse(id, out ulong set, out ulong index))
        {
            return Errno.Inval;
        }

        switch (set)
        {
            case CsrSet:
                return SetCsr((int)(index >> 3), value);
            case CpucfgSet when index >> 3 < KvmLimits.CpucfgWords:
                return SetCpucfg((int)(index >> 3), value);
            case LbtSet:
                return Errno.NxIo;
            case KvmSet when index == RegCounter:
                SetCounter(value);
                return Errno.None;
            case KvmSet when index == RegReset:
                Reset();
                return Errno.None;
            default:
                return Errno.Inval;
        }
    }

    private static bool TryParse(ulong id, out ulong set, out ulong index)
    {
        set = id & SetMask;
        index = id & ~(RegisterPrefix | SetMask);
        return (id & RegisterPrefix) == RegisterPrefix && index <= 0x7fff;
    }

    private Errno GetCsr(int csr, out ulong value)
    {
        value = 0;
        if ((uint)csr >= Csr.BankSize)
        {
            return Errno.Inval;
        }

        Synchronize();
        if (csr == Csr.Estat)
        {
            DeliverPending();
            ulong lines = (_registers.Csr[Csr.Gintc] & 0xff) << Hwi0;
            value = (_registers.Csr[Csr.Estat] & ~Estat.HwiMask) | lines;
            return Errno.None;
        }

        value = _registers.Csr[csr];
        return Errno.None;
    }

    /// <summary>What is pending but not delivered belongs to ESTAT too.</summary>
    private void DeliverPending()
    {
        Load();
        DeliverInterrupts();
        _softwareCopyValid = false;
        Put();
        Synchronize();
    }

    private Errno SetCsr(int csr, ulong value)
    {
        if ((uint)csr >= Csr.BankSize)
        {
            return Errno.Inval;
        }

        Synchronize();
        _hardwareCopyValid = false;
        switch (csr)
        {
            case Csr.Gstat:
                return Errno.None; // the tag of the vCPU's translations is not user space's (Linux lets it be overwritten)
            case Csr.Cpuid:
                return Vm.SetPhysicalId(this, value);
            case Csr.Estat:
                _registers.Csr[Csr.Gintc] = (value & Estat.HwiMask) >> Hwi0;
                ulong status = Estat.IsMask & ~(Estat.HwiMask | (1UL << 13) | (1UL << Estat.Avec));
                _registers.Csr[Csr.Estat] = value & (status | Estat.CodeMask);
                return Errno.None;
            default:
                _registers.Csr[csr] = value;
                return Errno.None;
        }
    }

    /// <summary>
    /// Sets the guest's counter, for the whole VM: every vCPU's call is accepted, the first vCPU's counts, so that all
    /// keep the same time.
    /// </summary>
    private void SetCounter(ulong value)
    {
        if (Id != 0)
        {
            return;
        }

        Vm.TimeOffset = (long)(value - _machine.Clock.Ticks);
    }

    private void Reset()
    {
        Synchronize();
        _stealAddress = 0;
        _irqPending = 0;
        _irqClear = 0;
        _exception = Trap.None;
        _registers.Csr[Csr.Gintc] = 0;
        _registers.Csr[Csr.Estat] = 0;
        _hardwareCopyValid = false;
    }
}
