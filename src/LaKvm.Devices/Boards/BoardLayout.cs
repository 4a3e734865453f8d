
namespace LaKvm.Devices;

/// <summary>
/// A board as data: where its RAM is, and a row for every device. Everything else is made from it: the bus wiring
/// (<see cref="BoardDevices"/>) and the device tree (<see cref="BoardDeviceTree"/>); the tables of docs/memory-map.md
/// are tested against it.
/// </summary>
public sealed class BoardLayout
{
    /// <summary>Most cores: the EIOINTC names 16 nodes of 4.</summary>
    public const int MaxCores = 64;

    /// <summary>The HWI that software lets the EIOINTC use, as bit of ESTAT.</summary>
    public const int EiointcLine = CoreLine.Hardware0 + 1;

    /// <summary>RAM comes in multiples of this many bytes: the largest page size of Linux on LoongArch.</summary>
    public const ulong RamGranule = 0x1_0000;

    // What the PCI host bridge is connected with.
    private static readonly PchMsiSlot _doorbell = new(0x2ff0_0000, firstVector: 32);
    private static readonly PciWindowSlot _ports = new("pci-ports", 0x1800_4000, 0x4000, 0xc000, w => w.PciPorts);
    private static readonly PciWindowSlot _memory =
        new("pci-memory", 0x4000_0000, 0x4000_0000, 0x4000_0000, w => w.PciMemory);

    /// <summary>
    /// The board of QEMU's LoongArch "virt" machine: what both have is at the same addresses and pins. The virtio-mmio
    /// slots, which QEMU's has not, use free ones.
    /// </summary>
    public static BoardLayout QemuVirt { get; } = new()
    {
        LowRamSize = 0x1000_0000,
        HighRamBase = 0x8000_0000,
        Slots =
        [
            new PchPicSlot(0x1000_0000, pins: 32),
            _doorbell,
            new UartSlot(0, 0x1fe0_01e0, pin: 2),
            new UartSlot(1, 0x1fe0_02e0, pin: 3),
            new UartSlot(2, 0x1fe0_03e0, pin: 4),
            new UartSlot(3, 0x1fe0_04e0, pin: 5),
            new RtcSlot(0x100d_0100, pin: 6),
            new IsaSlot(0x1800_0000, 0x4000),
            .. Enumerable.Range(0, 8).Select(i => new VirtioMmioSlot(i, 0x1fe0_2000 + (0x200 * (ulong)i), pin: 20 + i)),
            new EventSlot(0x100e_0000, pin: 7),
            new PowerSlot(0x100e_001c),
            new HostPortSlot(0x100e_0020), // not in QEMU
            _ports,
            _memory,
            new PciHostSlot(0x2000_0000, buses: 128, firstPin: 16, _ports, _memory, _doorbell),
            new FlashSlot(0x1c00_0000),
            new FirmwarePortSlot(0x1e02_0000),
        ],
    };

    /// <summary>Bytes of RAM at address 0; the rest is at <see cref="HighRamBase"/>.</summary>
    public required ulong LowRamSize { get; init; }

    /// <summary>Where RAM beyond the low part starts.</summary>
    public required ulong HighRamBase { get; init; }

    /// <summary>The places for devices, in the order of the device tree.</summary>
    public required IReadOnlyList<BoardSlot> Slots { get; init; }

    /// <summary>The interrupt controller of the pins.</summary>
    public PchPicSlot PchPic => Slots.OfType<PchPicSlot>().Single();

    /// <summary>The doorbell of messages.</summary>
    public PchMsiSlot PchMsi => Slots.OfType<PchMsiSlot>().Single();

    /// <summary>The flash; cores begin at its start after reset.</summary>
    public FlashSlot Flash => Slots.OfType<FlashSlot>().Single();

    /// <summary>The power registers.</summary>
    public PowerSlot Power => Slots.OfType<PowerSlot>().Single();

    /// <summary>The PCI host bridge.</summary>
    public PciHostSlot Pci => Slots.OfType<PciHostSlot>().Single();

    /// <summary>The serial port that a kernel takes as its console.</summary>
    public UartSlot Console => Slots.OfType<UartSlot>().First();

    /// <summary>Number of virtio devices that there is room for.</summary>
    public int VirtioSlots(VirtioTransport transport) => transport == VirtioTransport.Pci
        ? PciHost.MaxDevices - 1 // the first is the host bridge
        : Slots.OfType<VirtioMmioSlot>().Count();

    /// <summary>A board like this one with other devices.</summary>
    public BoardLayout With(IReadOnlyList<BoardSlot> slots) =>
        new() { LowRamSize = LowRamSize, HighRamBase = HighRamBase, Slots = slots };

    /// <summary>The ranges of RAM of a given total.</summary>
    /// <exception cref="ArgumentException">Not a multiple of <see cref="RamGranule"/>, or nothing.</exception>
    public IReadOnlyList<RamRange> Ram(ulong size)
    {
        if (size == 0 || size % RamGranule != 0)
        {
            throw new ArgumentException($"RAM of 0x{size:x} bytes is not a multiple of 64 KiB.", nameof(size));
        }

        return size <= LowRamSize
            ? [new RamRange(0, size)]
            : [new RamRange(0, LowRamSize), new RamRange(HighRamBase, size - LowRamSize)];
    }

    /// <summary>Refuses numbers of cores that the board cannot have.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is such a number.</exception>
    public static void CheckCores(int cores)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cores, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(cores, MaxCores);
    }

    /// <summary>Refuses more devices than there is room for.</summary>
    /// <exception cref="ArgumentException">There are more.</exception>
    public void CheckDevices(BoardDeviceOptions options)
    {
        int slots = VirtioSlots(options.Transport);
        if (options.Virtio.Count > slots)
        {
            throw new ArgumentException($"The board has {slots} virtio slots.", nameof(options));
        }
    }
}
