
using LaKvm.Devices;

namespace LaKvm.Hypervisor;

/// <summary>
/// The extended I/O interrupt controller in the hypervisor: the machine's state machine with one set of registers. ISRs
/// belong to vCPUs by their id; routes name vCPUs by their physical number.
/// </summary>
internal sealed class KvmEiointc : KvmDevice, IKvmIoDevice, ICoreInterrupts
{
    private const uint Base = 0x1400, Size = 0x900;
    private const uint VirtualBase = 0x4000_0000, VirtualSize = 0x1000, VirtualConfig = VirtualBase + 4;
    private const uint GroupRegisters = 0x4000_0002, GroupStatus = 0x4000_0003, GroupControl = 0x4000_0004;
    private const ulong StatusCores = 0, StatusFeatures = 1, StatusState = 2;
    private const ulong ControlCores = 0, ControlFeatures = 1, ControlLoaded = 3;

    private readonly IocsrBus _registers;
    private readonly Eiointc _controller;
    private int _cores = KvmLimits.MaxVcpus;

    internal KvmEiointc(KvmVm vm)
        : base(vm, KvmDeviceType.Eiointc)
    {
        _registers = new IocsrBus(vm.Log);
        _controller = new Eiointc(KvmLimits.MaxVcpus, _registers, this, IdOf);
    }

    /// <summary>Where vectors come in.</summary>
    internal IVectorSink Vectors => _controller;

    public bool Read(KvmVcpu vcpu, ulong address, int size, out ulong data)
    {
        vcpu.Statistics.Count(VcpuStat.EiointcReadExits);
        data = _registers.Read(vcpu.Id, (uint)address, size);
        return true;
    }

    public bool Write(KvmVcpu vcpu, ulong address, int size, ulong data)
    {
        vcpu.Statistics.Count(VcpuStat.EiointcWriteExits);
        _registers.Write(vcpu.Id, (uint)address, size, data);
        return true;
    }

    public void SetLine(int core, int estatBit, bool level) => Vm.VcpuById(core)?.SetIrq(estatBit, level);

    /// <summary>
    /// All are 32 bits wide. Registers: [31:16] the vCPU's number, [15:0] the offset from IOCSR 0x1400.
    /// </summary>
    public override int AttributeSize(uint group, ulong attribute) => group switch
    {
        GroupRegisters => IsRegister((uint)attribute & 0xffff) ? 4 : NoAttribute,
        GroupStatus => attribute is StatusCores or StatusFeatures or StatusState ? 4 : NoAttribute,
        GroupControl => attribute is ControlCores or ControlFeatures ? 4 : 0, // what is not known is ignored
        _ => NoAttribute,
    };

    public override Errno GetAttribute(uint group, ulong attribute, out ulong value)
    {
        value = 0;
        if (AttributeSize(group, attribute) == NoAttribute)
        {
            return Errno.Inval;
        }

        switch (group)
        {
            case GroupRegisters when TryRegister(attribute, out int core, out uint register, out int shift):
                value = (uint)(_controller.Peek(core, register) >> shift);
                return Errno.None;
            case GroupStatus:
                value = attribute switch
                {
                    StatusCores => (uint)_cores,
                    StatusFeatures => (uint)_controller.Features,
                    _ => (uint)_controller.Configuration,
                };
                return Errno.None;
            default:
                return Errno.Inval;
        }
    }

    public override Errno SetAttribute(uint group, ulong attribute, ulong value)
    {
        if (AttributeSize(group, attribute) == NoAttribute)
        {
            return Errno.Inval;
        }

        switch (group)
        {
            case GroupRegisters when TryRegister(attribute, out int core, out uint register, out int shift):
                ulong old = _controller.Peek(core, register);
                _controller.Poke(core, register, (old & ~(0xffff_ffffUL << shift)) | ((ulong)(uint)value << shift));
                return Errno.None;
            case GroupStatus when attribute == StatusState:
                _controller.Configuration = (EiointcFeatures)(uint)value;
                return Errno.None;
            case GroupStatus:
                return Errno.None; // read-only ones are accepted and ignored, as when a migration restores them
            case GroupControl:
                return Control(attribute, (uint)value);
            default:
                return Errno.Inval;
        }
    }

    /// <summary>Puts the registers on the VM's bus.</summary>
    internal Errno Attach()
    {
        Errno error = Vm.Buses.Iocsr.Register(Base, Size, this);
        return error == Errno.None ? Vm.Buses.Iocsr.Register(VirtualBase, VirtualSize, this) : error;
    }

    private Errno Control(ulong attribute, uint value)
    {
        switch (attribute)
        {
            case ControlCores:
                if (value is 0 or > KvmLimits.MaxVcpus)
                {
                    return Errno.Inval;
                }

                _cores = (int)value;
                Initialize(_controller.Features);
                return Errno.None;
            case ControlFeatures:
                const EiointcFeatures known = EiointcFeatures.VirtualExtension | EiointcFeatures.Enable
                    | EiointcFeatures.PinEncoding | EiointcFeatures.CoreEncoding;
                Initialize((EiointcFeatures)value & known);
                return Errno.None;
            case ControlLoaded:
                _controller.Restored();
                return Errno.None;
            default:
                return Errno.None;
        }
    }

    /// <summary>
    /// These attributes come before all others: what was pending is gone, its lines are low. A controller that has no
    /// configuration register counts as configured.
    /// </summary>
    private void Initialize(EiointcFeatures features) => _controller.Reset(
        features,
        (features & EiointcFeatures.VirtualExtension) != 0 ? EiointcFeatures.None : EiointcFeatures.Enable);

    private int IdOf(int physicalNumber) => Vm.VcpuByPhysicalId((ulong)physicalNumber)?.Id ?? -1;

    private static bool IsRegister(uint offset) => offset is (>= 0xa0 and < 0xc8) or (>= 0x200 and < 0x220)
        or (>= 0x280 and < 0x2a0) or (>= 0x300 and < 0x320) or (>= 0x400 and < 0x420) or (>= 0x800 and < 0x900);

    private bool TryRegister(ulong attribute, out int core, out uint register, out int shift)
    {
        core = (int)(attribute >> 16) & 0xffff;
        register = (uint)attribute & 0xfff8;
        shift = (attribute & 4) != 0 ? 32 : 0;
        return core < _cores && (attribute & 3) == 0;
    }
}
