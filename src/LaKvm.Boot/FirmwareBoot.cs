using System.Buffers.Binary;
using System.Text;
using LaKvm.Devices;

namespace LaKvm.Boot;

/// <summary>A firmware to begin with.</summary>
/// <param name="Code">Its image, for the first flash bank.</param>
/// <param name="Variables">Its variables, in the second bank.</param>
public sealed record FirmwareRequest(ReadOnlyMemory<byte> Code, FlashContent Variables)
{
    /// <summary>A kernel file for the firmware to start, as it is; empty to let it look for one itself.</summary>
    public ReadOnlyMemory<byte> Kernel { get; init; }

    /// <summary>The kernel's initial RAM disk; empty for none.</summary>
    public ReadOnlyMemory<byte> Initrd { get; init; }

    /// <summary>The kernel's command line.</summary>
    public string CommandLine { get; init; } = "";
}

/// <summary>
/// Starts a board with a firmware: all cores begin at the reset vector without arguments. The firmware learns of the
/// machine from the device tree, where QEMU's board has it, and from the configuration port, whose items are those that
/// QEMU 11.1's board gives to the same firmware.
/// </summary>
public static class FirmwareBoot
{
    private const string TablesFile = "etc/acpi/tables", RootFile = "etc/acpi/rsdp";
    private const ushort Signature = 0, Version = 1, Uuid = 2, RamSize = 3, NoGraphics = 4, Cores = 5, Numa = 0xd,
        BootMenu = 0xe, MaxCores = 0xf, KernelSize = 8, InitrdSize = 0xb, KernelData = 0x11, InitrdData = 0x12,
        CommandLineSize = 0x14, CommandLineData = 0x15, SetupSize = 0x17, SetupData = 0x18;

    /// <summary>Gives a board the firmware.</summary>
    /// <exception cref="ImageException">The image does not fit into the flash.</exception>
    public static BoardDeviceOptions Attach(
        BoardLayout layout, BoardDeviceTreeOptions options, FirmwareRequest request)
    {
        if (request.Code.Length is 0 or > Flash.BankSize)
        {
            throw new ImageException(
                $"A firmware of {request.Code.Length} bytes does not fit into the flash of {Flash.BankSize}.");
        }

        var items = new FirmwareItems(Items(options, request), Files(layout, options));
        return options.Devices with { Firmware = new BoardFirmware(request.Code, request.Variables, items) };
    }

    /// <summary>Writes the device tree and tells how to start.</summary>
    /// <exception cref="ImageException">There is too little RAM.</exception>
    public static BootRegisters Place(IGuestRam ram, BoardLayout layout, ReadOnlySpan<byte> deviceTree)
    {
        Span<byte> place = ram.Writable(BootLoader.DeviceTreeAddress, (ulong)deviceTree.Length);
        if (place.IsEmpty)
        {
            throw new ImageException("The firmware needs more RAM.");
        }

        deviceTree.CopyTo(place);
        return new BootRegisters(layout.Flash.Base, 0, 0, 0, AllCores: true);
    }

    private static Dictionary<ushort, ReadOnlyMemory<byte>> Items(
        BoardDeviceTreeOptions options, FirmwareRequest request)
    {
        byte[] commandLine = Encoding.UTF8.GetBytes(request.CommandLine + '\0');
        return new()
        {
            [Signature] = "QEMU"u8.ToArray(),
            [Version] = Word(3), // the register of single bytes, and transfers
            [Uuid] = new byte[16],
            [RamSize] = Double(options.RamSize),
            [NoGraphics] = Half(1),
            [Cores] = Half(options.Cores),
            [Numa] = Double(0),
            [BootMenu] = Half(0),
            [MaxCores] = Half(options.Cores),
            [KernelSize] = Word((uint)request.Kernel.Length),
            [KernelData] = request.Kernel,
            [InitrdSize] = Word((uint)request.Initrd.Length),
            [InitrdData] = request.Initrd,
            [CommandLineSize] = Word((uint)commandLine.Length),
            [CommandLineData] = commandLine,
            [SetupSize] = Word(0),
            [SetupData] = default,
        };
    }

    private static Dictionary<string, ReadOnlyMemory<byte>> Files(BoardLayout layout, BoardDeviceTreeOptions options)
    {
        AcpiImage acpi = BoardAcpi.Build(layout, options);
        byte[] system = SystemTables.Build(options);
        return new()
        {
            [RootFile] = acpi.RootPointer.ToArray(),
            [TablesFile] = acpi.Tables.ToArray(),
            ["etc/table-loader"] = AcpiScript(acpi),
            ["etc/memmap"] = MemoryMap(layout.Ram(options.RamSize)),
            ["etc/smbios/smbios-anchor"] = SystemTables.Anchor(system.Length),
            ["etc/smbios/smbios-tables"] = system,
        };
    }

    /// <summary>Address and length (64 bits each), type (32; 1 is RAM), 32 bits of zeros.</summary>
    private static byte[] MemoryMap(IEnumerable<RamRange> ranges) =>
        [.. ranges.SelectMany(range => (byte[])[.. Double(range.Base), .. Double(range.Size), .. Word(1), .. Word(0)])];

    /// <summary>What the firmware does to put the tables into memory (the commands of QEMU's table loader).</summary>
    private static byte[] AcpiScript(AcpiImage image)
    {
        const byte high = 1, firmwareSegment = 2;
        IEnumerable<byte[]> commands =
        [
            Allocate(RootFile, 16, firmwareSegment),
            Allocate(TablesFile, AcpiImage.Alignment, high),
            .. image.Pointers.Select(pointer => AddPointer(TablesFile, pointer)),
            .. image.Checksums.Select(checksum => AddChecksum(TablesFile, checksum)),
            AddPointer(RootFile, AcpiImage.RootAddress),
            .. AcpiImage.RootChecksums.Select(checksum => AddChecksum(RootFile, checksum)),
        ];
        return [.. commands.SelectMany(command => command)];
    }

    private static byte[] Allocate(string file, int alignment, byte zone) =>
        Command(1, [.. Name(file), .. Word((uint)alignment), zone]);

    private static byte[] AddPointer(string file, AcpiPointer pointer) => Command(
        2, [.. Name(file), .. Name(TablesFile), .. Word((uint)pointer.Offset), (byte)pointer.Size]);

    private static byte[] AddChecksum(string file, AcpiChecksum sum) => Command(
        3, [.. Name(file), .. Word((uint)sum.Offset), .. Word((uint)sum.Start), .. Word((uint)sum.Length)]);

    private static byte[] Command(uint code, byte[] arguments)
    {
        const int size = 128;
        byte[] command = new byte[size];
        Word(code).CopyTo(command, 0);
        arguments.CopyTo(command, sizeof(uint));
        return command;
    }

    private static byte[] Name(string file) => Encoding.ASCII.GetBytes(file.PadRight(56, '\0'));

    private static byte[] Half(int value) => [(byte)value, (byte)(value >> 8)];

    private static byte[] Word(uint value)
    {
        byte[] bytes = new byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    private static byte[] Double(ulong value) => [.. Word((uint)value), .. Word((uint)(value >> 32))];
}
