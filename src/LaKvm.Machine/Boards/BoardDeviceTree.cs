using LaKvm.Machine.Loading;

namespace LaKvm.Machine;

/// <summary>What a device tree says beyond the board's own facts.</summary>
public sealed record BoardDeviceTreeOptions
{
    /// <summary>Number of cores, 1 to <see cref="VirtBoard.MaxCores"/>.</summary>
    public int Cores { get; init; } = 1;

    /// <summary>Bytes of RAM.</summary>
    public ulong RamSize { get; init; } = 1UL << 30;

    /// <summary>The kernel's command line; empty leaves it out.</summary>
    public string BootArguments { get; init; } = "";

    /// <summary>Seed of the kernel's random number generator; empty leaves it out.</summary>
    public byte[] RandomSeed { get; init; } = [];

    /// <summary>Where the initial RAM disk is, or null.</summary>
    public RamRange? InitialRamDisk { get; init; }

    /// <summary>Numbers of the virtio-mmio slots that hold a device.</summary>
    public IReadOnlyList<int> VirtioSlots { get; init; } = [];
}

/// <summary>
/// Describes the board to a kernel, with the bindings of QEMU's LoongArch "virt" machine: Linux drivers find everything
/// under the same names.
/// </summary>
public static class BoardDeviceTree
{
    // Interrupt trigger of the generic binding: level, active high.
    private const uint LevelHigh = 4;

    private const uint CoreFrequency = 2_500_000_000;

    private enum Handle : uint
    {
        CoreClock = 1,
        CoreInterrupts,
        Eiointc,
        PchPic,
        Power,
        FirstCore,
    }

    /// <summary>Makes the tree.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The board cannot have that many cores or that slot.</exception>
    public static FdtNode Build(BoardDeviceTreeOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Cores, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Cores, VirtBoard.MaxCores);
        FdtNode root = new FdtNode("")
            .Cells("#address-cells", 2)
            .Cells("#size-cells", 2)
            .Text("compatible", "linux,dummy-loongson3", "loongson,generic")
            .Text("model", "Loongson-3A5000-LaKvm")
            .Add(Chosen(options))
            .Add(Cores(options.Cores))
            .Add(CoreClock());
        foreach (RamRange range in VirtBoard.Ram(options.RamSize))
        {
            root.Add(Node("memory", range.Base).Text("device_type", "memory").Wide("reg", range.Base, range.Size));
        }

        AddInterruptControllers(root);
        for (int uart = 0; uart < VirtBoard.Uarts; uart++)
        {
            root.Add(Device(VirtBoard.Uart(uart), "ns16550a").Cells("clock-frequency", Uart16550.ClockFrequency));
        }

        root.Add(Device(VirtBoard.Rtc, "loongson,ls7a-rtc")).Add(Isa());
        foreach (int slot in options.VirtioSlots)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)slot, (uint)VirtBoard.VirtioSlots);
            root.Add(Device(VirtBoard.Virtio(slot), "virtio,mmio").Flag("dma-coherent"));
        }

        AddPower(root);
        return root;
    }

    private static FdtNode Node(string name, ulong address) => new($"{name}@{address:x}");

    /// <summary>A device with registers and perhaps an interrupt.</summary>
    private static FdtNode Device(BoardSlot slot, string compatible)
    {
        FdtNode node = Node(slot.Name, slot.Base).Text("compatible", compatible).Wide("reg", slot.Base, slot.Size);
        return slot.Pin == VirtBoard.NoPin
            ? node
            : node.Cells("interrupt-parent", (uint)Handle.PchPic).Cells("interrupts", (uint)slot.Pin, LevelHigh);
    }

    private static FdtNode Chosen(BoardDeviceTreeOptions options)
    {
        BoardSlot console = VirtBoard.Uart(0);
        FdtNode chosen = new FdtNode("chosen").Text("stdout-path", $"/{console.Name}@{console.Base:x}");
        if (options.BootArguments.Length != 0)
        {
            chosen.Text("bootargs", options.BootArguments);
        }

        if (options.RandomSeed.Length != 0)
        {
            chosen.Bytes("rng-seed", options.RandomSeed);
        }

        if (options.InitialRamDisk is { } disk)
        {
            chosen.Wide("linux,initrd-start", disk.Base).Wide("linux,initrd-end", disk.End);
        }

        return chosen;
    }

    private static FdtNode Cores(int count)
    {
        FdtNode cores = new FdtNode("cpus").Cells("#address-cells", 1).Cells("#size-cells", 0);
        var socket = new FdtNode("socket0");
        for (uint core = 0; core < count; core++)
        {
            uint handle = (uint)Handle.FirstCore + core;
            cores.Add(Node("cpu", core)
                .Text("device_type", "cpu")
                .Text("compatible", "loongarch,Loongson-3A5000", "loongson,la464")
                .Cells("reg", core)
                .Cells("clocks", (uint)Handle.CoreClock)
                .Cells("phandle", handle));
            socket.Add(new FdtNode($"core{core}").Cells("cpu", handle));
        }

        return cores.Add(new FdtNode("cpu-map").Add(socket));
    }

    private static FdtNode CoreClock() => new FdtNode("cpuclk")
        .Text("compatible", "fixed-clock")
        .Cells("#clock-cells", 0)
        .Cells("clock-frequency", CoreFrequency)
        .Cells("phandle", (uint)Handle.CoreClock);

    private static void AddInterruptControllers(FdtNode root) => root
        .Add(Controller(new FdtNode("cpuic").Text("compatible", "loongson,cpu-interrupt-controller"), cells: 1)
            .Cells("phandle", (uint)Handle.CoreInterrupts))
        .Add(Controller(new FdtNode("eiointc@1400").Text("compatible", "loongson,ls2k2000-eiointc"), cells: 1)
            .Wide("reg", 0x1400, 0x800)
            .Cells("interrupt-parent", (uint)Handle.CoreInterrupts)
            .Cells("interrupts", VirtBoard.EiointcLine)
            .Cells("phandle", (uint)Handle.Eiointc))
        .Add(Controller(Device(VirtBoard.PchPic, "loongson,pch-pic-1.0"), cells: 2)
            .Cells("interrupt-parent", (uint)Handle.Eiointc)
            .Cells("loongson,pic-base-vec", 0)
            .Cells("phandle", (uint)Handle.PchPic))
        .Add(Controller(Device(VirtBoard.PchMsi, "loongson,pch-msi-1.0"), cells: 1)
            .Flag("msi-controller")
            .Cells("interrupt-parent", (uint)Handle.Eiointc)
            .Cells("loongson,msi-base-vec", VirtBoard.FirstMsiVector)
            .Cells("loongson,msi-num-vecs", VirtBoard.MsiVectors));

    /// <summary>Makes a node an interrupt controller whose specifiers have that many cells.</summary>
    private static FdtNode Controller(FdtNode node, uint cells) =>
        node.Flag("interrupt-controller").Cells("#interrupt-cells", cells).Cells("#address-cells", 0);

    /// <summary>
    /// The legacy ports: Linux maps the I/O range of a node named "isa" at the start of its port space, and in-kernel
    /// probes of fixed ports (the keyboard controller's) fault without it. The child address is 1 (I/O), port.
    /// </summary>
    private static FdtNode Isa() => Node(VirtBoard.Isa.Name, VirtBoard.Isa.Base)
        .Text("compatible", "isa")
        .Cells("#address-cells", 2)
        .Cells("#size-cells", 1)
        .Cells("ranges", 1, 0, (uint)(VirtBoard.Isa.Base >> 32), (uint)VirtBoard.Isa.Base, (uint)VirtBoard.Isa.Size);

    private static void AddPower(FdtNode root) => root
        .Add(Device(VirtBoard.Power, "syscon")
            .Cells("reg-shift", 0)
            .Cells("reg-io-width", 1)
            .Cells("phandle", (uint)Handle.Power))
        .Add(new FdtNode("poweroff")
            .Text("compatible", "syscon-poweroff")
            .Cells("regmap", (uint)Handle.Power)
            .Cells("offset", (uint)PowerController.SleepControl)
            .Cells("value", PowerController.PowerOffValue))
        .Add(new FdtNode("reboot")
            .Text("compatible", "syscon-reboot")
            .Cells("regmap", (uint)Handle.Power)
            .Cells("offset", (uint)PowerController.ResetControl)
            .Cells("value", PowerController.ResetValue));
}
