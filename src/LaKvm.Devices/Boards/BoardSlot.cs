using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>
/// A place on a board and what is plugged in there: all that the board knows of a device. Bus wiring, device tree and
/// reset are made of the slots (<see cref="BoardLayout.Slots"/>); a new kind of device is a class in a folder of its
/// own, and a row in the layout.
/// </summary>
/// <param name="name">Name of the device tree's node.</param>
/// <param name="address">First physical address.</param>
/// <param name="size">Bytes that belong to it.</param>
/// <param name="widths">Widths of access that the device takes.</param>
/// <param name="pin">PCH-PIC pin that it drives, or <see cref="NoPin"/>.</param>
/// <param name="trigger">What the controller is to look at.</param>
public abstract class BoardSlot(string name, ulong address, ulong size, AccessWidths widths,
    int pin = BoardSlot.NoPin, PinTrigger trigger = PinTrigger.Level)
{
    /// <summary>The device drives no pin.</summary>
    public const int NoPin = -1;

    /// <summary>Name of the device tree's node.</summary>
    public string Name { get; } = name;

    /// <summary>Name among the board's devices, for logs and errors.</summary>
    public virtual string Label => Name;

    /// <summary>First physical address.</summary>
    public ulong Base { get; } = address;

    /// <summary>Bytes that belong to it, as the device tree describes them.</summary>
    public ulong Size { get; } = size;

    /// <summary>Bytes that the device answers; the others are as if nothing were there.</summary>
    public virtual ulong RegistersSize => Size;

    /// <summary>Widths of access that the device takes.</summary>
    public AccessWidths Widths { get; } = widths;

    /// <summary>PCH-PIC pin that it drives, or <see cref="NoPin"/>.</summary>
    public int Pin { get; } = pin;

    /// <summary>What the controller is to look at.</summary>
    public PinTrigger Trigger { get; } = trigger;

    /// <summary>Whether anything is plugged in.</summary>
    public virtual bool IsUsed(BoardDeviceOptions options) => true;

    /// <summary>
    /// Makes the device; null if it answers without the board's bus. One with state is an <see cref="IDeviceState"/>,
    /// one that must be ended is disposable.
    /// </summary>
    protected internal abstract IBusDevice? Create(BoardWiring wiring);

    /// <summary>What a kernel is told of the device: nodes for the root of the tree.</summary>
    protected internal abstract IEnumerable<FdtNode> Describe(BoardTree tree);

    /// <summary>The same by ACPI: terms for the scope \_SB; none for what kernels can't use.</summary>
    protected internal virtual IEnumerable<byte[]> DescribeToAcpi() => [];
}

/// <summary>What a device may be wired to.</summary>
/// <param name="Memory">RAM.</param>
/// <param name="Interrupts">Pins and messages.</param>
/// <param name="Control">Carries out power-off and reboot.</param>
/// <param name="Options">What is attached.</param>
/// <param name="Calendar">Time of day, and timers that go by it.</param>
/// <param name="Log">Reports misuse.</param>
/// <param name="Bells">
/// Makes a bell that a driver's writes can ring without reaching the bus; null where all writes reach it.
/// </param>
public sealed record BoardWiring(
    IGuestMemory Memory,
    IBoardInterrupts Interrupts,
    IMachineControl Control,
    BoardDeviceOptions Options,
    TimeProvider Calendar,
    GuestErrorLog Log,
    Func<IDriverBell>? Bells = null)
{
    /// <summary>Memory addresses of the PCI bus.</summary>
    public PciSpace PciMemory { get; } = new();

    /// <summary>I/O addresses of the PCI bus.</summary>
    public PciSpace PciPorts { get; } = new();

    /// <summary>The wire of a slot's pin.</summary>
    public IInterruptLine Line(BoardSlot slot) => Interrupts.Pin(slot.Pin, slot.Trigger);
}

/// <summary>What makes a pin's interrupt; the values are those of the device tree's interrupt binding.</summary>
public enum PinTrigger : uint
{
    /// <summary>The rise: the wire's level afterwards means nothing.</summary>
    Edge = 1,

    /// <summary>That it is high.</summary>
    Level = 4,
}

/// <summary>A device that keeps something between accesses.</summary>
public interface IDeviceState
{
    /// <summary>As after power-on.</summary>
    void Reset();
}

/// <summary>The interrupt controllers that a board's devices are wired to, wherever they are.</summary>
public interface IBoardInterrupts
{
    /// <summary>The wire of a pin of the PCH-PIC, for software that uses it as the trigger says.</summary>
    IInterruptLine Pin(int pin, PinTrigger trigger);

    /// <summary>Whether software lets a pin of the PCH-PIC interrupt it.</summary>
    bool IsUnmasked(int pin);

    /// <summary>Registers of the PCH-PIC; null if they are not reached over the board's bus.</summary>
    IBusDevice? PinRegisters { get; }

    /// <summary>The doorbell of message-signalled interrupts.</summary>
    IBusDevice Doorbell { get; }
}
