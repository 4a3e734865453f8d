
using LaKvm.Devices;

namespace LaKvm.Hypervisor;

/// <summary>
/// Inter-processor interrupts in the hypervisor: the machine's state machine. Registers belong to vCPUs by their id,
/// with or without a physical number; the sending registers name vCPUs by that. As in KVM the enable register is stored
/// but gates nothing.
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
        _ipi = new Ipi(KvmLimits.MaxVcpus, _registers, this, enableGates: false, IdOf);

        // ANY_SEND reaches all other registers of its target, which the VM's own bus knows.
        _registers.Map("below IPI", 0, Ipi.Base, AccessWidths.All, new OtherRegisters(vm, 0));
        _registers.Map("above IPI", Ipi.Base + Size, 0x1_0000 - Ipi.Base - Size, AccessWidths.All,
            new OtherRegisters(vm, Ipi.Base + Size));
    }

    public bool Read(KvmVcpu vcpu, ulong address, int size, out ulong data)
    {
        vcpu.Statistics.Count(VcpuStat.IpiReadExits);
        uint offset = (uint)address - Ipi.Base;
        bool whole = offset < Ipi.Size && (offset & (uint)(size - 1)) == 0; // all but what the bus takes apart
        data = whole
            ? RegisterData.Low(_ipi.Read(vcpu.Id, offset, size), size)
            : _registers.Read(vcpu.Id, (uint)address, size);
        return true;
    }

    public bool Write(KvmVcpu vcpu, ulong address, int size, ulong data)
    {
        vcpu.Statistics.Count(VcpuStat.IpiWriteExits);
        _registers.Write(vcpu.Id, (uint)address, size, data);
        return true;
    }

    public void SetLine(int core, int estatBit, bool level) => Vm.VcpuById(core)?.SetIrq(estatBit, level);

    /// <summary>
    /// Status, enable, set and clear are 32 bits wide, the four mailboxes 64; [31:16] is the vCPU's number.
    /// </summary>
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
    internal Errno Attach() => Vm.Buses.Iocsr.Register(Ipi.Base, Size, this);

    private int IdOf(int physicalNumber) => Vm.VcpuByPhysicalId((ulong)physicalNumber)?.Id ?? -1;

    private bool TryCore(ulong attribute, out int core)
    {
        core = (int)(attribute >> 16) & 0xffff;
        return Vm.VcpuById(core) != null;
    }

    private sealed class OtherRegisters(KvmVm vm, uint start) : IIocsrDevice
    {
        public ulong Read(int core, uint offset, int size) => 0;

        public void Write(int core, uint offset, int size, ulong value)
        {
            if (vm.VcpuById(core) is { } vcpu)
            {
                vm.Buses.Iocsr.Write(vcpu, start + offset, size, value);
            }
        }
    }
}
