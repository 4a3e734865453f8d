using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>How the board's virtio devices are reached.</summary>
public enum VirtioTransport
{
    /// <summary>Each at an address of the board.</summary>
    Mmio,

    /// <summary>As functions on the PCI bus.</summary>
    Pci,
}

/// <summary>What is attached to the board.</summary>
public sealed record BoardDeviceOptions
{
    /// <summary>Far ends of the serial ports, in order; ports without one send to nobody.</summary>
    public IReadOnlyList<ISerialBackend> Serial { get; init; } = [];

    /// <summary>Virtio devices, in order; they belong to the board then.</summary>
    public IReadOnlyList<VirtioDevice> Virtio { get; init; } = [];

    /// <summary>How those are reached.</summary>
    public VirtioTransport Transport { get; init; }

    /// <summary>The firmware that the cores begin with; null on a board without one.</summary>
    public BoardFirmware? Firmware { get; init; }

    /// <summary>Size of the terminal that shows the first serial port.</summary>
    public Func<TerminalSize> Terminal { get; init; } = () => default;
}

/// <summary>
/// The board's devices, made of its slots. The same for the bare machine, where pins lead to the PCH-PIC, and for a
/// virtual machine, where they may lead to a hypervisor.
/// </summary>
public sealed class BoardDevices : IDisposable
{
    private readonly List<IBusDevice> _devices = [];

    /// <summary>Makes the devices and maps their registers.</summary>
    /// <param name="layout">The board.</param>
    /// <param name="mmio">Receives them.</param>
    /// <param name="wiring">What they are wired to.</param>
    /// <exception cref="ArgumentException">There is more attached than the board has room for.</exception>
    public BoardDevices(BoardLayout layout, MmioBus mmio, BoardWiring wiring)
    {
        layout.CheckDevices(wiring.Options);
        foreach (BoardSlot slot in layout.Slots)
        {
            if (slot.IsUsed(wiring.Options) && slot.Create(wiring) is { } device)
            {
                _devices.Add(device);
                mmio.Map(slot.Label, slot.Base, slot.RegistersSize, slot.Widths, device);
            }
        }
    }

    /// <summary>The serial ports.</summary>
    public IReadOnlyList<Uart16550> Uarts => [.. _devices.OfType<Uart16550>()];

    /// <summary>The exit code that software has left; 0 on a board without a place for it.</summary>
    public int ExitCode => _devices.OfType<HostPort>().FirstOrDefault()?.ExitCode ?? 0;

    /// <summary>Those that do something by themselves.</summary>
    public IReadOnlyList<IPausable> Pausable =>
        [.. _devices.OfType<IPausable>(), .. _devices.OfType<PciHost>().SelectMany(host => host.Pausable)];

    /// <summary>Presses the power button.</summary>
    /// <returns>Whether software listens to it; not on a board without one.</returns>
    public bool PressPowerButton() => _devices.OfType<EventDevice>().FirstOrDefault()?.PressPowerButton() ?? false;

    /// <summary>As after power-on.</summary>
    public void Reset()
    {
        foreach (IDeviceState device in _devices.OfType<IDeviceState>())
        {
            device.Reset();
        }
    }

    /// <summary>Ends the devices' threads and timers.</summary>
    public void Dispose()
    {
        foreach (IDisposable device in _devices.OfType<IDisposable>())
        {
            device.Dispose();
        }
    }
}
