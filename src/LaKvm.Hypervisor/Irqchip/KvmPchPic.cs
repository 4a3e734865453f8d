
using LaKvm.Devices;

namespace LaKvm.Hypervisor;

/// <summary>The bridge's interrupt controller in the hypervisor; its vectors go to the EIOINTC of the VM.</summary>
internal sealed class KvmPchPic : KvmDevice, IKvmIoDevice, IVectorSink
{
    private const int Pins = 32;
    private const ulong Size = 0x3e8;
    private const uint GroupRegisters = 0x4000_0005, GroupControl = 0x4000_0006;
    private const ulong ControlBase = 0;
    private const ulong Unset = ulong.MaxValue;

    private readonly PchPic _controller;
    private ulong _base = Unset;

    internal KvmPchPic(KvmVm vm)
        : base(vm, KvmDeviceType.PchPic) => _controller = new PchPic(this, Pins);

    public bool Read(KvmVcpu vcpu, ulong address, int size, out ulong data)
    {
        vcpu.Statistics.Count(VcpuStat.PchPicReadExits);
        data = _controller.Read(address - _base, size);
        return true;
    }

    public bool Write(KvmVcpu vcpu, ulong address, int size, ulong data)
    {
        vcpu.Statistics.Count(VcpuStat.PchPicWriteExits);
        _controller.Write(address - _base, size, data);
        return true;
    }

    public void SetLevel(int vector, bool level) => Vm.Irqchip.Vectors?.SetLevel(vector, level);

    public void Trigger(int vector) => Vm.Irqchip.Vectors?.Trigger(vector);

    /// <summary>Registers are 64 bits wide; the byte arrays of routes and vectors are reached byte by byte.</summary>
    public override int AttributeSize(uint group, ulong attribute) => group switch
    {
        GroupRegisters when IsByte(attribute) => 1,
        GroupRegisters when attribute is PchPic.Mask or PchPic.HtMsiEnable or PchPic.Edge or PchPic.Auto0
        or PchPic.Auto1
            or PchPic.Irr or PchPic.Isr or PchPic.Polarity => 8,
        GroupControl when attribute == ControlBase => 8,
        _ => NoAttribute,
    };

    public override Errno GetAttribute(uint group, ulong attribute, out ulong value)
    {
        int size = AttributeSize(group, attribute);
        value = 0;
        if (size == NoAttribute || group == GroupControl)
        {
            return Errno.Inval;
        }

        value = _controller.Read(attribute, size);
        return Errno.None;
    }

    public override Errno SetAttribute(uint group, ulong attribute, ulong value)
    {
        int size = AttributeSize(group, attribute);
        if (size == NoAttribute)
        {
            return Errno.Inval;
        }

        if (group == GroupControl)
        {
            return SetBase(value);
        }

        _controller.Poke(attribute, size, value);
        return Errno.None;
    }

    /// <summary>Drives a pin.</summary>
    internal void SetPin(int pin, bool level) => _controller.SetPin(pin, level);

    private static bool IsByte(ulong attribute) =>
        attribute is (>= PchPic.Route and < PchPic.Route + 64) or (>= PchPic.Vector and < PchPic.Vector + 64);

    private Errno SetBase(ulong address)
    {
        if (_base != Unset || Vm.Buses.Mmio.Overlaps(address, Size))
        {
            return Errno.Fault;
        }

        _base = address;
        return Vm.Buses.Mmio.Register(address, Size, this);
    }
}
