namespace LaKvm.Machine;

/// <summary>What is attached to the board.</summary>
public sealed record BoardDeviceOptions
{
    /// <summary>Far ends of the serial ports, in order; ports without one send to nobody.</summary>
    public IReadOnlyList<ISerialBackend> Serial { get; init; } = [];

    /// <summary>Wall clock and timers of the real-time clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// The board's peripherals, mapped and wired to pins. The same for the bare machine, where pins lead to the PCH-PIC, and for
/// a virtual machine, where they may lead to a hypervisor.
/// </summary>
public sealed class BoardDevices : IDisposable
{
    private readonly List<IDisposable> _disposables = [];

    /// <summary>Makes the devices and maps their registers.</summary>
    /// <param name="mmio">Receives them.</param>
    /// <param name="pin">The wire of a PCH-PIC pin.</param>
    /// <param name="control">Carries out power-off and reboot.</param>
    /// <param name="options">What is attached.</param>
    public BoardDevices(MmioBus mmio, Func<int, IInterruptLine> pin, IMachineControl control, BoardDeviceOptions options)
    {
        var uarts = new Uart16550[VirtBoard.Uarts];
        for (int i = 0; i < uarts.Length; i++)
        {
            BoardSlot slot = VirtBoard.Uart(i);
            ISerialBackend backend = i < options.Serial.Count ? options.Serial[i] : NullSerialBackend.Instance;
            uarts[i] = new Uart16550(pin(slot.Pin), backend);
            mmio.Map(slot.Name + i, slot.Base, Uart16550.Size, AccessWidths.Byte, uarts[i]);
        }

        Uarts = uarts;
        Rtc = new Ls7aRtc(pin(VirtBoard.Rtc.Pin), options.Time);
        _disposables.Add(Rtc);
        mmio.Map(VirtBoard.Rtc.Name, VirtBoard.Rtc.Base, VirtBoard.Rtc.Size, AccessWidths.Word, Rtc);
        mmio.Map(VirtBoard.Power.Name, VirtBoard.Power.Base, VirtBoard.Power.Size, AccessWidths.Byte,
            new PowerController(control));
        mmio.Map(VirtBoard.Isa.Name, VirtBoard.Isa.Base, VirtBoard.Isa.Size, AccessWidths.All, new IsaPorts());
    }

    /// <summary>The serial ports.</summary>
    public IReadOnlyList<Uart16550> Uarts { get; }

    /// <summary>The real-time clock.</summary>
    public Ls7aRtc Rtc { get; }

    /// <summary>As after power-on.</summary>
    public void Reset()
    {
        foreach (Uart16550 uart in Uarts)
        {
            uart.Reset();
        }

        Rtc.Reset();
    }

    /// <summary>Ends the devices' threads and timers.</summary>
    public void Dispose()
    {
        foreach (IDisposable disposable in _disposables)
        {
            disposable.Dispose();
        }
    }
}
