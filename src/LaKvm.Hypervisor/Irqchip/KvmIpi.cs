using LaKvm.Machine;

namespace LaKvm.Hypervisor;

/// <summary>
/// Inter-processor interrupts in the hypervisor: the machine's state machine, cores named by the vCPUs' physical numbers.
/// As in KVM the enable register is stored but gates nothing.
/// </summary>
internal sealed class KvmIpi : KvmDevice, IKvmIoDevice, ICoreInterrupts
{
    private const uint Size = 0x160;
    private const uint GroupRegisters = 0x4000_0001;

    private readonly IocsrBus _registers;
    private readonly Ipi _ipi;

    internal KvmIpi(KvmVm vm)
        : base(vm, KvmDeviceType.Ipi)
    {
        _registers = new IocsrBus(vm.Log);
        _ipi = new Ipi(KvmLimits.MaxPhysicalId, _registers, this, enableGates: false);

        // ANY_SEND reaches all other registers of its target, which the VM's own bus knows.
        _registers.Map("below IPI", 0, Ipi.Base, AccessWidths.All, new OtherRegisters(vm, 0));
        _registers.Map("above IPI", Ipi.Base + Size, 0x1_0000 - Ipi.Base - Size, AccessWidths.All,
            new OtherRegisters(vm, Ipi.Base + Size));
    }

    public bool Read(KvmVcpu vcpu, ulong address, int size, out ulong data)
    {
        vcpu.Statistics.Count(VcpuStat.IpiReadExits);
        data = _registers.Read((int)vcpu.PhysicalId, (uint)address, size);
        return true;
    }

    public bool Write(KvmVcpu vcpu, ulong address, int size, ulong data)
    {
        vcpu.Statistics.Count(VcpuStat.IpiWriteExits);
        _registers.Write((int)vcpu.PhysicalId, (uint)address, size, data);
        return true;
    }

    public void SetLine(int core, int estatBit, bool level) =>
        Vm.VcpuByPhysicalId((ulong)core)?.SetIrq(estatBit, level);

    /// <summary>Status, enable, set and clear are 32 bits wide, the four mailboxes 64; [31:16] is the vCPU's number.</summary>
    public override int AttributeSize(uint group, ulong attribute) => (group, attribute & 0xffff) switch
    {
        (GroupRegisters, 0x0 or 0x4 or 0x8 or 0xc) => 4,
        (GroupRegisters, 0x20 or 0x28 or 0x30 or 0x38) => 8,
        _ => NoAttribute,
    };

    public override Errno GetAttribute(uint group, ulong attribute, out ulong value)
    {
        value = 0;
        int size = AttributeSize(group, attribute);
        if (size == NoAttribute || !TryCore(attribute, out int core))
        {
            return Errno.Inval;
        }

        value = _registers.Read(core, Ipi.Base + (uint)(attribute & 0xffff), size);
        return Errno.None;
    }

    public override Errno SetAttribute(uint group, ulong attribute, ulong value)
    {
        int size = AttributeSize(group, attribute);
        if (size == NoAttribute || !TryCore(attribute, out int core))
        {
            return Errno.Inval;
        }

        uint register = (uint)(attribute & 0xffff);
        if (register == Ipi.Status)
        {
            _ipi.Restore(core, (uint)value, (uint)_registers.Read(core, Ipi.Base + Ipi.Enable, 4));
        }
        else if (register is not (Ipi.Set or Ipi.Clear))
        {
            _registers.Write(core, Ipi.Base + register, size, value);
        }

        return Errno.None;
    }

    /// <summary>Puts the registers on the VM's bus.</summary>
    internal Errno Attach() => Vm.IocsrBus.Register(Ipi.Base, Size, this);

    private bool TryCore(ulong attribute, out int core)
    {
        KvmVcpu? vcpu = Vm.VcpuById((int)(attribute >> 16) & 0xffff);
        core = (int)(vcpu?.PhysicalId ?? KvmLimits.MaxPhysicalId);
        return core < KvmLimits.MaxPhysicalId;
    }

    private sealed class OtherRegisters(KvmVm vm, uint start) : IIocsrDevice
    {
        public ulong Read(int core, uint offset, int size) => 0;

        public void Write(int core, uint offset, int size, ulong value)
        {
            if (vm.VcpuByPhysicalId((ulong)core) is { } vcpu)
            {
                vm.IocsrBus.Write(vcpu, start + offset, size, value);
            }
        }
    }
}
