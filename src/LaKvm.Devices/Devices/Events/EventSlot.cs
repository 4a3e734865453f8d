namespace LaKvm.Devices;

/// <summary>The event device with the power button. Only ACPI tells of it.</summary>
/// <param name="address">First physical address.</param>
/// <param name="pin">Pin of its interrupt.</param>
public sealed class EventSlot(ulong address, int pin)
    : BoardSlot("ged-events", address, EventDevice.Size, AccessWidths.Word, pin, PinTrigger.Edge)
{
    private const ulong Pressed = 0x80;

    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring) =>
        new EventDevice(wiring.Line(this), () => wiring.Interrupts.IsUnmasked(Pin));

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) => [];

    /// <inheritdoc/>
    protected internal override IEnumerable<byte[]> DescribeToAcpi()
    {
        byte[] button = Aml.Integer(EventDevice.PowerButton);
        yield return Aml.Device("PWRB",
            Aml.Name("_HID", Aml.HardwareId("PNP0C0C")),
            Aml.Name("_UID", Aml.Integer(0)));
        yield return Aml.Device("GED",
            Aml.Name("_HID", Aml.HardwareId("ACPI0013")),
            Aml.Name("_UID", Aml.Integer(0)),
            Aml.Name("_CRS", Aml.Resources(AmlResource.Interrupt(BoardAcpi.Interrupt(Pin), Trigger))),
            Aml.MemoryRegion("EREG", Base, (uint)Size),
            Aml.WordField("EREG", "ESEL"),
            Aml.Method("_EVT", 1,
                Aml.Store(Aml.Reference("ESEL"), Aml.Local(0)),
                Aml.If(Aml.Equal(Aml.And(Aml.Local(0), button), button), Aml.Notify("\\_SB.PWRB", Pressed))));
    }
}
