namespace LaKvm.Devices;

/// <summary>
/// Describes a board to a kernel by ACPI tables, as QEMU's LoongArch "virt" machine does: a kernel that finds them does
/// not look at the device tree. Cores, RAM and interrupt controllers stand here; each device describes itself in the
/// DSDT.
/// </summary>
public static class BoardAcpi
{
    /// <summary>Number of the PCH-PIC's first pin among ACPI's interrupts, as Linux fixes it.</summary>
    internal const int FirstInterrupt = 64;

    private const int FirstMessage = 64; // messages below would meet the vectors of pins
    private const byte MadtCore = 17, MadtEiointc = 20, MadtMessages = 21, MadtPins = 22, Version1 = 1;
    private const uint ReducedHardware = 1 << 20, HasResetRegister = 1 << 10;

    /// <summary>Makes the tables.</summary>
    /// <exception cref="ArgumentException">The board cannot have that many cores or devices.</exception>
    public static AcpiImage Build(BoardLayout layout, BoardDeviceTreeOptions options)
    {
        BoardLayout.CheckCores(options.Cores);
        layout.CheckDevices(options.Devices);
        AcpiTable firmwareControl = new AcpiTable().Text("FACS", 4).Word(0).Zeros(24).Byte(1).ZerosTo(64);
        AcpiTable dsdt = Dsdt(layout, options);
        AcpiTable[] listed =
        [
            Fadt(layout, firmwareControl, dsdt), Madt(layout, options.Cores), Pptt(options.Cores),
            Srat(layout, options), Spcr(layout), Mcfg(layout),
        ];
        var xsdt = new AcpiTable("XSDT", 1);
        foreach (AcpiTable table in listed)
        {
            xsdt.Pointer(table, sizeof(ulong));
        }

        return AcpiImage.Make([firmwareControl, dsdt, .. listed, xsdt]);
    }

    /// <summary>A PCH-PIC pin's number among ACPI's interrupts.</summary>
    internal static uint Interrupt(int pin) => (uint)(FirstInterrupt + pin);

    /// <summary>A device with the registers of a slot and perhaps its interrupt.</summary>
    internal static byte[] Device(BoardSlot slot, string name, string hardwareId, int number, bool shared = false)
    {
        byte[][] resources = slot.Pin == BoardSlot.NoPin
            ? [AmlResource.Registers(slot.Base, slot.Size)]
            : [AmlResource.Registers(slot.Base, slot.Size),
                AmlResource.Interrupt(Interrupt(slot.Pin), slot.Trigger, shared)];
        return Aml.Device(name,
            Aml.Name("_HID", Aml.HardwareId(hardwareId)),
            Aml.Name("_UID", Aml.Integer((ulong)number)),
            Aml.Name("_CCA", Aml.Integer(1)),
            Aml.Name("_CRS", Aml.Resources(resources)));
    }

    private static AcpiTable Dsdt(BoardLayout layout, BoardDeviceTreeOptions options)
    {
        IEnumerable<byte[]> cores = Enumerable.Range(0, options.Cores).Select(core => Aml.Device($"C{core:X3}",
            Aml.Name("_HID", Aml.HardwareId("ACPI0007")),
            Aml.Name("_UID", Aml.Integer((ulong)core))));
        IEnumerable<byte[]> devices = layout.Slots
            .Where(slot => slot.IsUsed(options.Devices))
            .SelectMany(slot => slot.DescribeToAcpi());
        byte[] softOff = Aml.Package(Aml.Integer(PowerController.SoftOff), [0], [0], [0]);
        return new AcpiTable("DSDT", 2)
            .Bytes(Aml.Scope("\\_SB", [.. cores, .. devices]))
            .Bytes(Aml.Name("\\_S5", softOff));
    }

    /// <summary>No fixed hardware, but sleep and reset registers (ACPI 6.4, 4.1).</summary>
    private static AcpiTable Fadt(BoardLayout layout, AcpiTable firmwareControl, AcpiTable dsdt)
    {
        ulong power = layout.Power.Base;
        return new AcpiTable("FACP", 5)
            .Pointer(firmwareControl, sizeof(uint))
            .Pointer(dsdt, sizeof(uint))
            .ZerosTo(112).Word(ReducedHardware | HasResetRegister)
            .ByteRegister(power + PowerController.ResetControl).Byte(PowerController.ResetValue)
            .ZerosTo(140).Pointer(dsdt, sizeof(ulong))
            .ZerosTo(244).ByteRegister(power + PowerController.SleepControl)
            .ByteRegister(power + PowerController.SleepStatus);
    }

    private static AcpiTable Madt(BoardLayout layout, int cores)
    {
        AcpiTable table = new AcpiTable("APIC", 1).Word(0).Word(1);
        for (uint core = 0; core < cores; core++)
        {
            table.Bytes([MadtCore, 15, Version1]).Word(core).Word(core).Word(1);
        }

        return table
            .Bytes([MadtEiointc, 13, Version1, BoardLayout.EiointcLine, 0]).Double(0xffff)
            .Bytes([MadtMessages, 19, Version1]).Double(layout.PchMsi.Base)
            .Word(FirstMessage).Word(Eiointc.Vectors - FirstMessage)
            .Bytes([MadtPins, 17, Version1]).Double(layout.PchPic.Base).Half(0x1000).Half(0).Half(FirstInterrupt);
    }

    /// <summary>One package of cores of one thread each.</summary>
    private static AcpiTable Pptt(int cores)
    {
        const uint package = 0x11, core = 0x0a;
        AcpiTable table = new AcpiTable("PPTT", 2).Bytes([0, 20, 0, 0]).Word(package).Zeros(12);
        for (uint id = 0; id < cores; id++)
        {
            table.Bytes([0, 20, 0, 0]).Word(core).Word(AcpiTable.HeaderSize).Word(id).Word(0);
        }

        return table;
    }

    /// <summary>All cores and all RAM in one domain: Linux for LoongArch has no memory without it.</summary>
    private static AcpiTable Srat(BoardLayout layout, BoardDeviceTreeOptions options)
    {
        AcpiTable table = new AcpiTable("SRAT", 1).Word(1).Zeros(8);
        for (int core = 0; core < options.Cores; core++)
        {
            table.Bytes([0, 16, 0, (byte)core]).Word(1).Zeros(8);
        }

        foreach (RamRange range in layout.Ram(options.RamSize))
        {
            table.Bytes([1, 40]).Word(0).Half(0).Double(range.Base).Double(range.Size).Word(0).Word(1).Zeros(8);
        }

        return table;
    }

    /// <summary>The console: a 16550 with byte registers, 115200 baud.</summary>
    private static AcpiTable Spcr(BoardLayout layout)
    {
        const byte accessByte = 1, registerBits = 32, baud115200 = 7, oneStopBit = 1, ansi = 3;
        return new AcpiTable("SPCR", 2).Word(0)
            .Bytes([0, registerBits, 0, accessByte]).Double(layout.Console.Base)
            .Half(0).Word(Interrupt(layout.Console.Pin))
            .Bytes([baud115200, 0, oneStopBit, 0, ansi, 0]).Word(uint.MaxValue).ZerosTo(80);
    }

    private static AcpiTable Mcfg(BoardLayout layout) => new AcpiTable("MCFG", 1).Zeros(8)
        .Double(layout.Pci.Base).Half(0).Byte(0).Byte((byte)(layout.Pci.Buses - 1)).Word(0);
}
