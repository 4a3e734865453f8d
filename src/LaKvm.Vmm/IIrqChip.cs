using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Ioctl;

namespace LaKvm.Vmm;

/// <summary>The guest's interrupt controllers, wherever they are.</summary>
internal interface IIrqChip : IBoardInterrupts, IDisposable
{
    /// <summary>The chip's miscellaneous functions (IOCSR 0x420) were written.</summary>
    void SetChipFunctions(ulong functions);

    /// <summary>Lines for people about the controllers' state.</summary>
    IEnumerable<string> Describe();
}

/// <summary>Controllers in the VMM: the board's own, whose outputs become KVM_INTERRUPT.</summary>
internal sealed class UserIrqChip : IIrqChip, ICoreInterrupts
{
    private readonly Vcpu[] _vcpus;
    private readonly BoardInterrupts _interrupts;

    internal UserIrqChip(BoardLayout layout, Vcpu[] vcpus, IocsrBus iocsr, GuestErrorLog log)
    {
        _vcpus = vcpus;
        _interrupts = new BoardInterrupts(layout, vcpus.Length, iocsr, this, log);
    }

    public IBusDevice PinRegisters => _interrupts.PinRegisters;

    public IBusDevice Doorbell => _interrupts.Doorbell;

    public IInterruptLine Pin(int pin, PinTrigger trigger) => _interrupts.Pin(pin, trigger);

    public bool IsUnmasked(int pin) => _interrupts.IsUnmasked(pin);

    public void SetChipFunctions(ulong functions) => _interrupts.SetChipFunctions(functions);

    public IEnumerable<string> Describe() => _interrupts.Describe(_vcpus.Length);

    public void SetLine(int core, int estatBit, bool level) => _vcpus[core].Interrupt(level ? estatBit : -estatBit);

    public void Dispose()
    {
    }
}

/// <summary>Controllers in the hypervisor: pins and messages are handed in by number.</summary>
internal sealed class KernelIrqChip : IIrqChip
{
    private const uint TypeIpi = 12, TypeEiointc = 13, TypePchPic = 14;
    private const uint IpiRegisters = 0x4000_0001, EiointcRegisters = 0x4000_0002;
    private const uint EiointcStatus = 0x4000_0003, EiointcControl = 0x4000_0004;
    private const uint PchPicRegisters = 0x4000_0005, PchPicControl = 0x4000_0006;
    private const ulong StatusConfiguration = 2, ControlCores = 0, ControlFeatures = 1, PchPicBase = 0;

    private readonly Device[] _devices;
    private readonly InterruptGate _gate;
    private readonly int _cores;

    internal KernelIrqChip(BoardLayout layout, HostProcess process, Ioctl.Vm vm, int cores)
    {
        _cores = cores;
        _gate = new InterruptGate(process, vm);
        _devices = [vm.CreateDevice(TypeIpi), vm.CreateDevice(TypeEiointc), vm.CreateDevice(TypePchPic)];
        _devices[1].SetAttribute(EiointcControl, ControlCores, (ulong)cores);
        _devices[1].SetAttribute(EiointcControl, ControlFeatures, 0); // as on the chip
        _devices[2].SetAttribute(PchPicControl, PchPicBase, layout.PchPic.Base);
        Doorbell = new MessageDoorbell(_gate);
    }

    /// <summary>The hypervisor answers for them.</summary>
    public IBusDevice? PinRegisters => null;

    public IBusDevice Doorbell { get; }

    public IInterruptLine Pin(int pin, PinTrigger trigger)
    {
        if (trigger == PinTrigger.Edge)
        {
            _gate.UseEvent(pin);
        }

        return new GsiLine(_gate, pin);
    }

    public bool IsUnmasked(int pin) =>
        PchPic.IsUnmasked(_devices[2].GetAttribute(PchPicRegisters, PchPic.Mask), pin);

    /// <summary>
    /// KVM's controllers have no switch: what is off is kept from them. How they read the pin map is part of their
    /// configuration.
    /// </summary>
    public void SetChipFunctions(ulong functions)
    {
        EiointcFeatures configuration = EiointcFeatures.Enable | ChipRegisters.InterruptEncoding(functions);
        _devices[1].SetAttribute(EiointcStatus, StatusConfiguration, (ulong)configuration);
        _gate.Open(ChipRegisters.InterruptsEnabled(functions));
    }

    public IEnumerable<string> Describe() => InterruptDump.Describe(
        new InterruptRegisters((offset, _) => _devices[2].GetAttribute(PchPicRegisters, offset), ReadEiointc,
            (core, offset) => _devices[0].GetAttribute(IpiRegisters, ((ulong)core << 16) | offset)), _cores);

    public void Dispose()
    {
        _gate.Dispose();
        foreach (Device device in _devices)
        {
            device.Dispose();
        }
    }

    /// <summary>Its attributes are 32 bits wide.</summary>
    private ulong ReadEiointc(int core, uint offset)
    {
        ulong attribute = ((ulong)core << 16) | offset;
        return _devices[1].GetAttribute(EiointcRegisters, attribute)
            | (_devices[1].GetAttribute(EiointcRegisters, attribute + sizeof(uint)) << 32);
    }

    private sealed class MessageDoorbell(InterruptGate gate) : IBusDevice
    {
        /// <summary>It has no state.</summary>
        public ulong Read(ulong offset, int size) => 0;

        /// <summary>A message: the data is the vector.</summary>
        public void Write(ulong offset, int size, ulong value)
        {
            if (offset == 0)
            {
                gate.Send((uint)value);
            }
        }
    }

    private sealed class GsiLine(InterruptGate gate, int pin) : IInterruptLine
    {
        public void Set(bool level) => gate.Drive(pin, level);
    }
}
