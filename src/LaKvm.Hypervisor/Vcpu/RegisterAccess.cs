using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// A vCPU's registers as user space reads and writes them: KVM_GET_REGS, KVM_GET_FPU, KVM_GET_ONE_REG and the like.
/// With the vCPU's mutex held.
/// </summary>
public sealed unsafe class RegisterAccess
{
    private const ulong RegisterPrefix = 0x9030_0000_0000_0000;
    private const ulong SetMask = 0x7_0000, CsrSet = 0x1_0000, KvmSet = 0x2_0000, CpucfgSet = 0x4_0000,
        LbtSet = 0x5_0000;
    private const ulong RegCounter = 1, RegReset = 2, RegDebugInstruction = 3;
    private const int VectorBytes = 32 * 32;

    private readonly KvmVcpu _vcpu;
    private readonly KvmVm _vm;
    private readonly VcpuRegisters _registers;
    private readonly Residency _residency;

    internal RegisterAccess(KvmVcpu vcpu)
    {
        _vcpu = vcpu;
        _vm = vcpu.Vm;
        _registers = vcpu.Registers;
        _residency = vcpu.Residency;
    }

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

    /// <summary>KVM_GET_FPU.</summary>
    public void GetFpu(KvmFpu* fpu)
    {
        _residency.Synchronize();
        fpu->Fcsr = _registers.Fcsr;
        fpu->Fcc = _registers.Fcc;
        Buffer.MemoryCopy(_registers.Vector, fpu->Registers, VectorBytes, VectorBytes);
    }

    /// <summary>KVM_SET_FPU.</summary>
    public void SetFpu(KvmFpu* fpu)
    {
        _residency.Synchronize();
        _registers.Fcsr = fpu->Fcsr;
        _registers.Fcc = fpu->Fcc;
        Buffer.MemoryCopy(fpu->Registers, _registers.Vector, VectorBytes, VectorBytes);
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
                value = _vcpu.Cpucfg[(int)index >> 3];
                return Errno.None;
            case LbtSet:
                return Errno.NxIo; // the guest's CPUCFG cannot have the unit
            case KvmSet when index == RegCounter:
                value = _vm.Machine.Clock.Ticks + (ulong)_vm.TimeOffset;
                return Errno.None;
            case KvmSet when index == RegDebugInstruction:
                value = HypercallExit.DebugInstruction;
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

    private Errno SetCpucfg(int word, ulong value)
    {
        if (!GuestCpucfg.Accepts(word, value))
        {
            return Errno.Inval;
        }

        _residency.Synchronize(); // which units are loaded follows from word 2
        _vcpu.Cpucfg.Set(word, (uint)value);
        return Errno.None;
    }

    private Errno GetCsr(int csr, out ulong value)
    {
        value = 0;
        if ((uint)csr >= Csr.BankSize)
        {
            return Errno.Inval;
        }

        _residency.Synchronize();
        if (csr == Csr.Estat)
        {
            DeliverPending();
            ulong lines = (_registers.Csr[Csr.Gintc] & 0xff) << Estat.Hwi0;
            value = (_registers.Csr[Csr.Estat] & ~Estat.HwiMask) | lines;
            return Errno.None;
        }

        value = _registers.Csr[csr];
        return Errno.None;
    }

    /// <summary>What is pending but not delivered belongs to ESTAT too.</summary>
    private void DeliverPending()
    {
        _vcpu.Scheduling.Load();
        _vcpu.Interrupts.Deliver(_residency.Core);
        _residency.HardwareChanges();
        _vcpu.Scheduling.Put();
        _residency.Synchronize();
    }

    private Errno SetCsr(int csr, ulong value)
    {
        if ((uint)csr >= Csr.BankSize)
        {
            return Errno.Inval;
        }

        _residency.Synchronize();
        _residency.SoftwareChanges();
        switch (csr)
        {
            case Csr.Cpuid:
                return _vm.PhysicalIds.Set(_vcpu, value);
            case Csr.Estat:
                _registers.Csr[Csr.Gintc] = (value & Estat.HwiMask) >> Estat.Hwi0;
                ulong status = Estat.IsMask & ~(Estat.HwiMask | (1UL << 13) | (1UL << Estat.Avec));
                _registers.Csr[Csr.Estat] = value & (status | Estat.CodeMask);
                return Errno.None;
            default:
                // GSTAT too is only a place to keep something: the tag in the core is the hypervisor's own.
                _registers.Csr[csr] = value;
                _vcpu.Pmu.Written(csr);
                return Errno.None;
        }
    }

    /// <summary>
    /// Sets the guest's counter, for the whole VM: every vCPU's call is accepted, the first vCPU's counts, so that all
    /// keep the same time.
    /// </summary>
    private void SetCounter(ulong value)
    {
        if (_vcpu.Id == 0)
        {
            _vm.TimeOffset = (long)(value - _vm.Machine.Clock.Ticks);
        }
    }

    private void Reset()
    {
        _residency.Synchronize();
        _vcpu.Steal.Reset();
        _vcpu.Interrupts.Reset();
        _registers.Csr[Csr.Gintc] = 0;
        _registers.Csr[Csr.Estat] = 0;
        _residency.SoftwareChanges();
    }
}
