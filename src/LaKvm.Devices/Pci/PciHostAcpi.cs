namespace LaKvm.Devices;

/// <summary>What a kernel is told of the PCI host bridge by ACPI (PCI Firmware 3.3, chapter 4).</summary>
internal static class PciHostAcpi
{
    private const string OperatingSystemCapabilities = "33db4d5b-1ff7-401c-9657-7441c03dd766";

    // PCIe features left to the kernel: all but hot-plug, which no port here has.
    private const ulong Granted = 0x1e, UnknownUuid = 4;

    /// <summary>The bridge, and a device for each of INTA to INTD that says which interrupt it is.</summary>
    internal static IEnumerable<byte[]> Describe(PciHostSlot slot) =>
        [.. Enumerable.Range(0, PciHost.Pins).Select(line => Link(slot, line)), Bridge(slot)];

    private static byte[] Bridge(PciHostSlot slot) => Aml.Device("PCI0",
        Aml.Name("_HID", Aml.HardwareId("PNP0A08")),
        Aml.Name("_CID", Aml.HardwareId("PNP0A03")),
        Aml.Name("_SEG", Aml.Integer(0)),
        Aml.Name("_BBN", Aml.Integer(0)),
        Aml.Name("_UID", Aml.Integer(0)),
        Aml.Name("_CCA", Aml.Integer(1)),
        Aml.Name("_PRT", Routes()),
        Aml.Name("_CBA", Aml.Integer(slot.Base)),
        Aml.Name("_CRS", Aml.Resources(
            AmlResource.Buses(slot.Buses), AmlResource.PortWindow(slot.Ports), AmlResource.MemoryWindow(slot.Memory))),
        Capabilities(),
        Aml.Device("RES0",
            Aml.Name("_HID", Aml.HardwareId("PNP0C02")),
            Aml.Name("_CRS", Aml.Resources(AmlResource.Registers(slot.Base, slot.Size)))));

    private static byte[] Link(PciHostSlot slot, int line)
    {
        byte[] interrupt = Aml.Resources(
            AmlResource.Interrupt(BoardAcpi.Interrupt(slot.FirstPin + line), PinTrigger.Level));
        return Aml.Device(LinkName(line),
            Aml.Name("_HID", Aml.HardwareId("PNP0C0F")),
            Aml.Name("_UID", Aml.Integer((ulong)line)),
            Aml.Name("_PRS", interrupt),
            Aml.Name("_CRS", interrupt),
            Aml.Method("_SRS", 1));
    }

    private static string LinkName(int line) => $"L{line:D3}";

    /// <summary>For every device and pin: which link. The low half of the address stands for all functions.</summary>
    private static byte[] Routes() => Aml.Package([..
        from device in Enumerable.Range(0, PciHost.MaxDevices)
        from pin in Enumerable.Range(0, PciHost.Pins)
        select Aml.Package(
            Aml.Integer(((ulong)device << 16) | 0xffff), Aml.Integer((ulong)pin),
            Aml.Reference(LinkName(PciHost.LineOf(device + pin))), Aml.Integer(0))]);

    /// <summary>The kernel asks in the third word of a buffer what it may do itself.</summary>
    private static byte[] Capabilities()
    {
        byte[] status = Aml.Reference("CDW1"), control = Aml.Reference("CDW3");
        return Aml.Method("_OSC", 4,
            Aml.BufferWord(Aml.Argument(3), 0, "CDW1"),
            Aml.If(Aml.Equal(Aml.Argument(0), Aml.Uuid(OperatingSystemCapabilities)),
                Aml.BufferWord(Aml.Argument(3), 8, "CDW3"),
                Aml.And(control, Aml.Integer(Granted), control)),
            Aml.Else(Aml.Or(status, Aml.Integer(UnknownUuid), status)),
            Aml.Return(Aml.Argument(3)));
    }
}
