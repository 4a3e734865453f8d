using LaKvm.Diagnostics;
using LaKvm.Ioctl;
using LaKvm.Machine;

namespace LaKvm.Vmm;

/// <summary>The guest's interrupt controllers, wherever they are.</summary>
internal interface IIrqChip : IBoardInterrupts, IDisposable
{
    /// <summary>The chip's miscellaneous functions (IOCSR 0x420) were written.</summary>
    void SetChipFunctions(ulong functions);
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

    public IInterruptLine Pin(int pin) => _interrupts.Pin(pin);

    public void SetChipFunctions(ulong functions) => _interrupts.SetChipFunctions(functions);

    public void SetLine(int core, int estatBit, bool level) => _vcpus[core].Interrupt(level ? estatBit : -estatBit);

    public void Dispose()
    {
    }
}

/// <summary>Controllers in the hypervisor: pins and messages are handed in by number.</summary>
internal sealed class KernelIrqChip : IIrqChip
{
    private const uint TypeIpi = 12, TypeEiointc = 13, TypePchPic = 14;
    private const uint EiointcControl = 0x4000_0004, PchPicControl = 0x4000_0006;
    private const ulong EiointcCores = 0, EiointcFeatures = 1, PchPicBase = 0;

    private readonly Ioctl.Vm _vm;
    private readonly Device[] _devices;

    internal KernelIrqChip(BoardLayout layout, Ioctl.Vm vm, int cores)
    {
        _vm = vm;
        _devices = [vm.CreateDevice(TypeIpi), vm.CreateDevice(TypeEiointc), vm.CreateDevice(TypePchPic)];
        _devices[1].SetAttribute(EiointcControl, EiointcCores, (ulong)cores);
        _devices[1].SetAttribute(EiointcControl, EiointcFeatures, 0); // as on the chip
        _devices[2].SetAttribute(PchPicControl, PchPicBase, layout.PchPic.Base);
        Doorbell = new MessageDoorbell(vm);
    }

    /// <summary>The hypervisor answers for them.</summary>
    public IBusDevice? PinRegisters => null;

    public IBusDevice Doorbell { get; }

    public IInterruptLine Pin(int pin) => new GsiLine(_vm, (uint)pin);

    /// <summary>The hypervisor's controllers deliver from the start.</summary>
    public void SetChipFunctions(ulong functions)
    {
    }

    public void Dispose()
    {
        foreach (Device device in _devices)
        {
            device.Dispose();
        }
    }

    private sealed class MessageDoorbell(Ioctl.Vm vm) : IBusDevice
    {
        /// <summary>It has no state.</summary>
        public ulong Read(ulong offset, int size) => 0;

        /// <summary>A message: the data is the vector.</summary>
        public void Write(ulong offset, int size, ulong value)
        {
            if (offset == 0)
            {
                vm.SignalMsi((uint)value);
            }
        }
    }

    private sealed class GsiLine(Ioctl.Vm vm, uint gsi) : IInterruptLine
    {
        public void Set(bool level) => vm.SetIrqLine(gsi, level);
    }
}
