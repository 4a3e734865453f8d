using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>A vCPU's registers as user space reads and writes them.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const ulong RegisterPrefix = 0x9030_0000_0000_0000;
    private const ulong SetMask = 0x7_0000, CsrSet = 0x1_0000, KvmSet = 0x2_0000, CpucfgSet = 0x4_0000,
        LbtSet = 0x5_0000;
    private const ulong RegCounter = 1, RegReset = 2, RegDebugInstruction = 3;
    private const int VectorBytes = 32 * 32;

    /// <summary>KVM_GET_REGS.</summary>
    public void GetRegs(KvmRegs* regs)
    {
        Buffer.MemoryCopy(Registers.Gpr, regs->Gpr, 256, 256);
        regs->Pc = Registers.Pc;
    }

    /// <summary>KVM_SET_REGS.</summary>
    public void SetRegs(KvmRegs* regs)
    {
        Buffer.MemoryCopy(regs->Gpr, Registers.Gpr, 256, 256);
        Registers.Gpr[0] = 0;
        Registers.Pc = regs->Pc;
    }

    /// <summary>KVM_GET_FPU.</summary>
    public void GetFpu(KvmFpu* fpu)
    {
        Residency.Synchronize();
        fpu->Fcsr = Registers.Fcsr;
        fpu->Fcc = Registers.Fcc;
        Buffer.MemoryCopy(Registers.Vector, fpu->Registers, VectorBytes, VectorBytes);
    }

    /// <summary>KVM_SET_FPU.</summary>
    public void SetFpu(KvmFpu* fpu)
    {
        Residency.Synchronize();
        Registers.Fcsr = fpu->Fcsr;
        Registers.Fcc = fpu->Fcc;
        Buffer.MemoryCopy(fpu->Registers, Registers.Vector, VectorBytes, VectorBytes);
    }

    /// <summary>Bits that user space may set in a CPUCFG word; EINVAL for a word that does not exist.</summary>
    public static Errno GetCpucfgMask(ulong word, out uint mask) => GuestCpucfg.GetMask(word, out mask);

    /// <summary>Paravirtual features of the VM, as CPUCFG word 0x40000004 shows them.</summary>
    public ulong GetPvFeatures() => (ulong)Vm.PvFeatures;

    /// <summary>Sets the paravirtual features of the VM: EINVAL for unknown ones or a change.</summary>
    public Errno SetPvFeatures(ulong features) =>
        features > uint.MaxValue ? Errno.Inval : Vm.SetPvFeatures((PvFeatures)(uint)features);

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
                value = Cpucfg[(int)index >> 3];
                return Errno.None;
            case LbtSet:
                return Errno.NxIo; // the guest's CPUCFG cannot have the unit
            case KvmSet when index == RegCounter:
                value = Vm.Machine.Clock.Ticks + (ulong)Vm.TimeOffset;
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

        Residency.Synchronize(); // which units are loaded follows from word 2
        Cpucfg.Set(word, (uint)value);
        return Errno.None;
    }

    private Errno GetCsr(int csr, out ulong value)
    {
        value = 0;
        if ((uint)csr >= Csr.BankSize)
        {
            return Errno.Inval;
        }

        Residency.Synchronize();
        if (csr == Csr.Estat)
        {
            DeliverPending();
            ulong lines = (Registers.Csr[Csr.Gintc] & 0xff) << Estat.Hwi0;
            value = (Registers.Csr[Csr.Estat] & ~Estat.HwiMask) | lines;
            return Errno.None;
        }

        value = Registers.Csr[csr];
        return Errno.None;
    }

    /// <summary>What is pending but not delivered belongs to ESTAT too.</summary>
    private void DeliverPending()
    {
        Load();
        Interrupts.Deliver(Residency.Core);
        Residency.HardwareChanges();
        Put();
        Residency.Synchronize();
    }

    private Errno SetCsr(int csr, ulong value)
    {
        if ((uint)csr >= Csr.BankSize)
        {
            return Errno.Inval;
        }

        Residency.Synchronize();
        Residency.SoftwareChanges();
        switch (csr)
        {
            case Csr.Cpuid:
                return Vm.PhysicalIds.Set(this, value);
            case Csr.Estat:
                Registers.Csr[Csr.Gintc] = (value & Estat.HwiMask) >> Estat.Hwi0;
                ulong status = Estat.IsMask & ~(Estat.HwiMask | (1UL << 13) | (1UL << Estat.Avec));
                Registers.Csr[Csr.Estat] = value & (status | Estat.CodeMask);
                return Errno.None;
            default:
                // GSTAT too is only a place to keep something: the tag in the core is the hypervisor's own.
                Registers.Csr[csr] = value;
                return Errno.None;
        }
    }

    /// <summary>
    /// Sets the guest's counter, for the whole VM: every vCPU's call is accepted, the first vCPU's counts, so that all
    /// keep the same time.
    /// </summary>
    private void SetCounter(ulong value)
    {
        if (Id == 0)
        {
            Vm.TimeOffset = (long)(value - Vm.Machine.Clock.Ticks);
        }
    }

    private void Reset()
    {
        Residency.Synchronize();
        Steal.Reset();
        Interrupts.Reset();
        Registers.Csr[Csr.Gintc] = 0;
        Registers.Csr[Csr.Estat] = 0;
        Residency.SoftwareChanges();
    }
}
