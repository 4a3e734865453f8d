namespace LaKvm.Machine;

/// <summary>What is attached to the board.</summary>
public sealed record BoardDeviceOptions
{
    /// <summary>Far ends of the serial ports, in order; ports without one send to nobody.</summary>
    public IReadOnlyList<ISerialBackend> Serial { get; init; } = [];

    /// <summary>Devices for the virtio-mmio slots, in order; they belong to the board then.</summary>
    public IReadOnlyList<VirtioDevice> Virtio { get; init; } = [];

    /// <summary>Wall clock and timers of the real-time clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>
/// The board's peripherals, mapped and wired to pins. The same for the bare machine, where pins lead to the PCH-PIC,
/// and for a virtual machine, where they may lead to a hypervisor.
/// </summary>
public sealed class BoardDevices : IDisposable
{
    private readonly List<VirtioMmio> _virtio = [];

    /// <summary>Makes the devices and maps their registers.</summary>
    /// <param name="mmio">Receives them.</param>
    /// <param name="memory">RAM, for the devices that reach it.</param>
    /// <param name="pin">The wire of a PCH-PIC pin.</param>
    /// <param name="control">Carries out power-off and reboot.</param>
    /// <param name="options">What is attached.</param>
    /// <param name="log">Reports misuse.</param>
    /// <exception cref="ArgumentException">There are more virtio devices than slots.</exception>
    public BoardDevices(MmioBus mmio, IGuestMemory memory, Func<int, IInterruptLine> pin, IMachineControl control,
        BoardDeviceOptions options, GuestErrorLog log)
    {
        if (options.Virtio.Count > VirtBoard.VirtioSlots)
        {
            throw new ArgumentException($"The board has {VirtBoard.VirtioSlots} virtio slots.", nameof(options));
        }

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
        mmio.Map(VirtBoard.Rtc.Name, VirtBoard.Rtc.Base, VirtBoard.Rtc.Size, AccessWidths.Word, Rtc);
        mmio.Map(VirtBoard.Power.Name, VirtBoard.Power.Base, VirtBoard.Power.Size, AccessWidths.Byte,
            new PowerController(control));
        MapEmptyWindows(mmio);
        foreach (VirtioDevice device in options.Virtio)
        {
            BoardSlot slot = VirtBoard.Virtio(_virtio.Count);
            var transport = new VirtioMmio(device, memory, pin(slot.Pin), log);
            mmio.Map(slot.Name + _virtio.Count, slot.Base, slot.Size,
                AccessWidths.Byte | AccessWidths.Half | AccessWidths.Word, transport);
            _virtio.Add(transport);
        }
    }

    private static void MapEmptyWindows(MmioBus mmio)
    {
        var ones = new EmptyWindow(ulong.MaxValue);
        foreach (BoardSlot slot in VirtBoard.EmptyPci.Prepend(VirtBoard.Isa))
        {
            mmio.Map(slot.Name, slot.Base, slot.Size, AccessWidths.All, ones);
        }

        BoardSlot flash = VirtBoard.EmptyFlash;
        mmio.Map(flash.Name, flash.Base, flash.Size, AccessWidths.All, new EmptyWindow(0));
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
        foreach (VirtioMmio transport in _virtio)
        {
            transport.Reset();
        }
    }

    /// <summary>Ends the devices' threads and timers.</summary>
    public void Dispose()
    {
        Rtc.Dispose();
        foreach (VirtioMmio transport in _virtio)
        {
            transport.Dispose();
        }
    }
}
