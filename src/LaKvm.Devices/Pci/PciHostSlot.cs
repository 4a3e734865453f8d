namespace LaKvm.Devices;

/// <summary>
/// The PCI host bridge: its configuration space (ECAM), and with two <see cref="PciWindowSlot"/>s all that a kernel is
/// told of the bus.
/// </summary>
/// <param name="address">First physical address of the configuration space, 1 MiB for each bus.</param>
/// <param name="buses">Number of buses.</param>
/// <param name="firstPin">PCH-PIC pin of INTA; those of INTB to INTD follow.</param>
/// <param name="ports">Window of the I/O space.</param>
/// <param name="memory">Window of the memory space.</param>
/// <param name="doorbell">Where messages go.</param>
public sealed class PciHostSlot(
    ulong address, int buses, int firstPin, PciWindowSlot ports, PciWindowSlot memory, PchMsiSlot doorbell)
    : BoardSlot("pcie", address, (ulong)buses << BusShift, AccessWidths.All)
{
    private const int BusShift = 20, DeviceShift = 11; // the second one in a device tree's addresses
    private const uint PortSpace = 1u << 24, MemorySpace32 = 2u << 24;

    /// <summary>PCH-PIC pin of INTA; those of INTB to INTD follow.</summary>
    public int FirstPin { get; } = firstPin;

    /// <summary>Number of buses.</summary>
    public int Buses { get; } = buses;

    /// <summary>Window of the I/O space.</summary>
    public PciWindowSlot Ports { get; } = ports;

    /// <summary>Window of the memory space.</summary>
    public PciWindowSlot Memory { get; } = memory;

    /// <inheritdoc/>
    public override string Label => "pci-configuration";

    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring)
    {
        var messages = new PciMessages(
            wiring.Memory, wiring.Interrupts.Doorbell, new RamRange(doorbell.Base, doorbell.Size));
        var host = new PciHost(wiring.PciMemory, messages, Enumerable.Range(0, PciHost.Pins)
            .Select(pin => wiring.Interrupts.Pin(FirstPin + pin, PinTrigger.Level)));
        if (wiring.Options.Transport == VirtioTransport.Pci)
        {
            PlugVirtio(host, wiring);
        }

        return host;
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) =>
    [
        BoardTree.Node(Name, Base)
            .Text("compatible", "pci-host-ecam-generic")
            .Text("device_type", "pci")
            .Cells("#address-cells", 3)
            .Cells("#size-cells", 2)
            .Cells("linux,pci-domain", 0)
            .Cells("bus-range", 0, (uint)Buses - 1)
            .Flag("dma-coherent")
            .Wide("reg", Base, Size)
            .Cells("ranges", [.. Range(PortSpace, Ports), .. Range(MemorySpace32, Memory)])
            .Cells("msi-map", 0, tree.MessageController, 0, 0x1_0000)
            .Cells("#interrupt-cells", 1)
            .Cells("interrupt-map", [.. InterruptMap(tree.PinController)])
            .Cells("interrupt-map-mask", (PciHost.Pins - 1) << DeviceShift, 0, 0, 7),
    ];

    private static void PlugVirtio(PciHost host, BoardWiring wiring)
    {
        int place = 1;
        foreach (VirtioDevice device in wiring.Options.Virtio)
        {
            host.Plug(place++, socket =>
                new VirtioPci(device, socket, wiring.Memory, wiring.Log, wiring.Bells?.Invoke()));
        }
    }

    /// <inheritdoc/>
    protected internal override IEnumerable<byte[]> DescribeToAcpi() => PciHostAcpi.Describe(this);

    /// <summary>Address on the bus (three cells), address for processors, size.</summary>
    private static IEnumerable<uint> Range(uint space, PciWindowSlot window) =>
    [
        space, (uint)(window.BusAddress >> 32), (uint)window.BusAddress, (uint)(window.Base >> 32), (uint)window.Base,
        (uint)(window.Size >> 32), (uint)window.Size,
    ];

    /// <summary>Device and pin, counted from 1, then the controller's pin. It repeats after four devices.</summary>
    private IEnumerable<uint> InterruptMap(uint controller) =>
        from device in Enumerable.Range(0, PciHost.Pins)
        from pin in Enumerable.Range(0, PciHost.Pins)
        from cell in new uint[]
        {
            (uint)device << DeviceShift, 0, 0, (uint)pin + 1, controller,
            (uint)(FirstPin + PciHost.LineOf(device + pin)), (uint)PinTrigger.Level,
        }
        select cell;
}

/// <summary>The processors' window onto an address space of the PCI bus.</summary>
/// <param name="label">Name among the board's devices.</param>
/// <param name="address">First physical address.</param>
/// <param name="busAddress">The address on the bus that is seen there.</param>
/// <param name="size">Bytes.</param>
/// <param name="space">The space, of those that a board is wired with.</param>
public sealed class PciWindowSlot(
    string label, ulong address, ulong busAddress, ulong size, Func<BoardWiring, PciSpace> space)
    : BoardSlot(label, address, size, AccessWidths.All)
{
    /// <summary>The address on the bus of the first byte.</summary>
    public ulong BusAddress { get; } = busAddress;

    /// <inheritdoc/>
    protected internal override IBusDevice Create(BoardWiring wiring) =>
        space(wiring).Open(Base, new RamRange(BusAddress, Size));

    /// <summary>The host bridge's node tells of it.</summary>
    protected internal override IEnumerable<FdtNode> Describe(BoardTree tree) => [];
}
