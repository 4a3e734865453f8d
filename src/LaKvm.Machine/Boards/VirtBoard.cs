using LaKvm.Machine.Loading;

namespace LaKvm.Machine;

/// <summary>A place on the board: where a device's registers are and which pin of the PCH-PIC it drives.</summary>
/// <param name="Name">Name of the bus window, and of the device tree's node.</param>
/// <param name="Base">First physical address.</param>
/// <param name="Size">Bytes, as the device tree describes them.</param>
/// <param name="Pin">PCH-PIC pin, or <see cref="VirtBoard.NoPin"/>.</param>
public readonly record struct BoardSlot(string Name, ulong Base, ulong Size, int Pin = VirtBoard.NoPin);

/// <summary>
/// The board's facts, once: the bus wiring (<see cref="BoardDevices"/>, <see cref="BoardInterrupts"/>) and the device
/// tree (<see cref="BoardDeviceTree"/>) are both made from them. Addresses, pins and vectors are those of QEMU's
/// LoongArch "virt" machine; the virtio-mmio slots, which QEMU has not, use free addresses and pins. See
/// docs/memory-map.md.
/// </summary>
public static class VirtBoard
{
    /// <summary>Most cores: the EIOINTC names 16 nodes of 4.</summary>
    public const int MaxCores = 64;

    /// <summary>Bytes of RAM at address 0; the rest is at <see cref="HighRamBase"/>.</summary>
    public const ulong LowRamSize = 0x1000_0000;

    /// <summary>Where RAM beyond the low part starts.</summary>
    public const ulong HighRamBase = 0x8000_0000;

    /// <summary>RAM comes in multiples of this many bytes: the largest page size of Linux on LoongArch.</summary>
    public const ulong RamGranule = 0x1_0000;

    /// <summary>Pins of the PCH-PIC; their vectors are the same numbers.</summary>
    public const int Pins = 32;

    /// <summary>First vector of message-signalled interrupts.</summary>
    public const int FirstMsiVector = 32;

    /// <summary>Number of vectors of message-signalled interrupts.</summary>
    public const int MsiVectors = Eiointc.Vectors - FirstMsiVector;

    /// <summary>The HWI that software lets the EIOINTC use, as bit of ESTAT.</summary>
    public const int EiointcLine = CoreLine.Hardware0 + 1;

    /// <summary>Number of serial ports.</summary>
    public const int Uarts = 4;

    /// <summary>Number of virtio-mmio slots.</summary>
    public const int VirtioSlots = 8;

    /// <summary>The device drives no pin.</summary>
    public const int NoPin = -1;

    /// <summary>The PCH-PIC.</summary>
    public static BoardSlot PchPic { get; } = new("platic", 0x1000_0000, Machine.PchPic.Size);

    /// <summary>The doorbell of message-signalled interrupts.</summary>
    public static BoardSlot PchMsi { get; } = new("msi", 0x2ff0_0000, Machine.PchMsi.Size);

    /// <summary>The real-time clock.</summary>
    public static BoardSlot Rtc { get; } = new("rtc", 0x100d_0100, 0x100, 6);

    /// <summary>Power-off and reset.</summary>
    public static BoardSlot Power { get; } = new("ged", 0x100e_001c, PowerController.Size);

    /// <summary>The legacy I/O ports.</summary>
    public static BoardSlot Isa { get; } = new("isa", 0x1800_0000, 0x4000);

    /// <summary>
    /// Where QEMU has a PCI host: ports, configuration space, memory. There is none here, and a kernel that knows the addresses
    /// finds a bus without devices, as the ones say that it reads.
    /// </summary>
    public static IReadOnlyList<BoardSlot> EmptyPci { get; } =
    [
        new("pci ports", 0x1800_4000, 0xc000),
        new("pci configuration", 0x2000_0000, 0x800_0000),
        new("pci memory", 0x4000_0000, 0x4000_0000),
    ];

    /// <summary>Where QEMU has its firmware's flash, without an image: reads as zeros.</summary>
    public static BoardSlot EmptyFlash { get; } = new("flash", 0x1c00_0000, 0x200_0000);

    /// <summary>A serial port.</summary>
    public static BoardSlot Uart(int index) => new("serial", 0x1fe0_01e0 + ((ulong)index * 0x100), 0x100, 2 + index);

    /// <summary>A virtio-mmio slot.</summary>
    public static BoardSlot Virtio(int index) =>
        new("virtio_mmio", 0x1fe0_2000 + ((ulong)index * 0x200), 0x200, 20 + index);

    /// <summary>The ranges of RAM of a given total.</summary>
    /// <exception cref="ArgumentException">Not a multiple of <see cref="RamGranule"/>, or nothing.</exception>
    public static IReadOnlyList<RamRange> Ram(ulong size)
    {
        if (size == 0 || size % RamGranule != 0)
        {
            throw new ArgumentException($"RAM of 0x{size:x} bytes is not a multiple of 64 KiB.", nameof(size));
        }

        return size <= LowRamSize
            ? [new RamRange(0, size)]
            : [new RamRange(0, LowRamSize), new RamRange(HighRamBase, size - LowRamSize)];
    }
}
