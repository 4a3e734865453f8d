
namespace LaKvm.Devices;

/// <summary>What a device tree says beyond the board's own facts; ACPI's tables take what concerns them.</summary>
public sealed record BoardDeviceTreeOptions
{
    /// <summary>Number of cores, 1 to <see cref="BoardLayout.MaxCores"/>.</summary>
    public int Cores { get; init; } = 1;

    /// <summary>Bytes of RAM.</summary>
    public ulong RamSize { get; init; } = 1UL << 30;

    /// <summary>The kernel's command line; empty leaves it out.</summary>
    public string BootArguments { get; init; } = "";

    /// <summary>Seed of the kernel's random number generator; empty leaves it out.</summary>
    public byte[] RandomSeed { get; init; } = [];

    /// <summary>Where the initial RAM disk is, or null.</summary>
    public RamRange? InitialRamDisk { get; init; }

    /// <summary>What is attached.</summary>
    public BoardDeviceOptions Devices { get; init; } = new();
}

/// <summary>
/// Describes a board to a kernel, with the bindings of QEMU's LoongArch "virt" machine: Linux drivers find everything
/// under the same names. Cores, RAM and the chip's own interrupt controllers stand here; each device describes itself.
/// </summary>
public static class BoardDeviceTree
{
    private const uint CoreFrequency = 2_500_000_000;

    /// <summary>Makes the tree.</summary>
    /// <exception cref="ArgumentException">The board cannot have that many cores or devices.</exception>
    public static FdtNode Build(BoardLayout layout, BoardDeviceTreeOptions options)
    {
        BoardLayout.CheckCores(options.Cores);
        layout.CheckDevices(options.Devices);
        var tree = new BoardTree(options.Devices);
        FdtNode root = new FdtNode("")
            .Cells("#address-cells", 2)
            .Cells("#size-cells", 2)
            .Text("compatible", "linux,dummy-loongson3", "loongson,generic")
            .Text("model", "Loongson-3A5000-LaKvm")
            .Add(Chosen(layout.Console, options));
        AddCores(root, tree, options.Cores);
        foreach (RamRange range in layout.Ram(options.RamSize))
        {
            root.Add(BoardTree.Node("memory", range.Base)
                .Text("device_type", "memory")
                .Wide("reg", range.Base, range.Size));
        }

        AddChipControllers(root, tree);
        foreach (FdtNode node in layout.Slots.Where(s => s.IsUsed(options.Devices)).SelectMany(s => s.Describe(tree)))
        {
            root.Add(node);
        }

        return root;
    }

    private static FdtNode Chosen(BoardSlot console, BoardDeviceTreeOptions options)
    {
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

    private static void AddCores(FdtNode root, BoardTree tree, int count)
    {
        uint clock = tree.NewHandle();
        FdtNode cores = new FdtNode("cpus").Cells("#address-cells", 1).Cells("#size-cells", 0);
        var socket = new FdtNode("socket0");
        for (uint core = 0; core < count; core++)
        {
            uint handle = tree.NewHandle();
            cores.Add(BoardTree.Node("cpu", core)
                .Text("device_type", "cpu")
                .Text("compatible", "loongarch,Loongson-3A5000", "loongson,la464")
                .Cells("reg", core)
                .Cells("clocks", clock)
                .Cells("phandle", handle));
            socket.Add(new FdtNode($"core{core}").Cells("cpu", handle));
        }

        root.Add(cores.Add(new FdtNode("cpu-map").Add(socket)))
            .Add(new FdtNode("cpuclk")
                .Text("compatible", "fixed-clock")
                .Cells("#clock-cells", 0)
                .Cells("clock-frequency", CoreFrequency)
                .Cells("phandle", clock));
    }

    /// <summary>The controllers inside the chip: the cores' own, and the EIOINTC.</summary>
    private static void AddChipControllers(FdtNode root, BoardTree tree)
    {
        uint cores = tree.NewHandle();
        FdtNode core = new FdtNode("cpuic").Text("compatible", "loongson,cpu-interrupt-controller");
        FdtNode eiointc = new FdtNode("eiointc@1400")
            .Text("compatible", "loongson,ls2k2000-eiointc")
            .Wide("reg", 0x1400, 0x800);
        root.Add(BoardTree.Controller(core, cells: 1).Cells("phandle", cores))
            .Add(BoardTree.Controller(eiointc, cells: 1)
                .Cells("interrupt-parent", cores)
                .Cells("interrupts", BoardLayout.EiointcLine)
                .Cells("phandle", tree.VectorController));
    }
}
