using System.Diagnostics;
using LaKvm.Devices;
using LaKvm.Tests.Support;

namespace LaKvm.Machine.Tests;

public class FdtTests
{
    private static readonly BoardDeviceTreeOptions _full = new()
    {
        Cores = 8,
        RamSize = 2UL << 30,
        BootArguments = "console=ttyS0 root=/dev/vda",
        RandomSeed = [1, 2, 3, 4, 5],
        InitialRamDisk = new RamRange(0x9000_0000, 0x12345),
        Devices = WithVirtio(8),
    };

    private static BoardDeviceOptions WithVirtio(int count) => new()
    {
        Virtio = [.. Enumerable.Range(0, count).Select(_ => new VirtioEntropy(FixedSources.Random))],
    };

    private static FdtNode Tree(BoardDeviceTreeOptions options) =>
        FdtReader.Read(FdtWriter.Write(BoardDeviceTree.Build(BoardLayout.QemuVirt, options)));

    [Fact]
    public void Blob_reads_back_as_the_tree_that_was_written()
    {
        FdtNode root = new FdtNode("")
            .Text("names", "a", "bcd").Cells("cells", 1, 0xffffffff).Wide("wide", 0x1122334455667788).Flag("flag")
            .Bytes("odd", [1, 2, 3])
            .Add(new FdtNode("first").Cells("cells", 7).Add(new FdtNode("inner@0").Flag("flag")))
            .Add(new FdtNode("a-longer-name@10").Text("names", ""));
        FdtNode copy = FdtReader.Read(FdtWriter.Write(root));
        copy.Should().BeEquivalentTo(root, options => options.WithStrictOrdering());
        copy.Strings("names").Should().Equal("a", "bcd");
        copy.CellsOf("wide").Should().Equal(0x11223344u, 0x55667788u);
    }

    [Fact]
    public void Names_of_properties_are_stored_once()
    {
        FdtNode one = new FdtNode("").Add(new FdtNode("a").Flag("a-rather-long-property-name"));
        FdtNode two = new FdtNode("").Add(new FdtNode("a").Flag("a-rather-long-property-name"))
            .Add(new FdtNode("b").Flag("a-rather-long-property-name"));
        (FdtWriter.Write(two).Length - FdtWriter.Write(one).Length).Should().BeLessThan(28);
    }

    [Fact]
    public void Boot_core_is_in_the_header() => FdtWriter.Write(new FdtNode(""), 5)[31].Should().Be(5);

    [Fact]
    public void Duplicate_names_are_refused()
    {
        Action property = () => new FdtNode("").Flag("a").Flag("a");
        property.Should().Throw<ArgumentException>();
        Action child = () => new FdtNode("").Add(new FdtNode("a")).Add(new FdtNode("a"));
        child.Should().Throw<ArgumentException>();
    }

    [Fact]
    public void Chosen_has_what_the_kernel_is_told()
    {
        FdtNode chosen = Tree(_full).At("chosen");
        chosen.Strings("stdout-path").Should().Equal("/serial@1fe001e0");
        chosen.Strings("bootargs").Should().Equal("console=ttyS0 root=/dev/vda");
        chosen.Value("rng-seed").Should().Equal(1, 2, 3, 4, 5);
        chosen.CellsOf("linux,initrd-start").Should().Equal(0u, 0x9000_0000u);
        chosen.CellsOf("linux,initrd-end").Should().Equal(0u, 0x9001_2345u);
        Tree(new()).At("chosen").Properties.Should().ContainSingle();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(64)]
    public void Every_core_has_a_node_and_a_place_in_the_map(int cores)
    {
        FdtNode root = Tree(_full with { Cores = cores });
        FdtNode cpus = root.At("cpus");
        cpus.Children.Count(c => c.Name.StartsWith("cpu@", StringComparison.Ordinal)).Should().Be(cores);
        for (uint core = 0; core < cores; core++)
        {
            FdtNode node = cpus.At($"cpu@{core:x}");
            node.CellsOf("reg").Should().Equal(core);
            node.Strings("device_type").Should().Equal("cpu");
            node.CellsOf("clocks").Should().Equal(root.At("cpuclk").CellsOf("phandle"));
            cpus.At($"cpu-map/socket0/core{core}").CellsOf("cpu").Should().Equal(node.CellsOf("phandle"));
        }

        FdtWriter.Write(BoardDeviceTree.Build(BoardLayout.QemuVirt, _full with { Cores = cores })).Length.Should()
            .BeLessThan(1 << 16);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void Impossible_numbers_of_cores_are_refused(int cores)
    {
        Action build = () => BoardDeviceTree.Build(BoardLayout.QemuVirt, _full with { Cores = cores });
        build.Should().Throw<ArgumentOutOfRangeException>();
    }

    [Fact]
    public void Handles_are_unique_and_references_lead_to_the_right_nodes()
    {
        FdtNode root = Tree(_full);
        var handles = new List<uint>();
        void Collect(FdtNode node)
        {
            handles.AddRange(node.Has("phandle") ? node.CellsOf("phandle") : []);
            node.Children.ToList().ForEach(Collect);
        }

        Collect(root);
        handles.Should().OnlyHaveUniqueItems();
        uint[] pic = root.At("platic@10000000").CellsOf("phandle");
        root.At("serial@1fe001e0").CellsOf("interrupt-parent").Should().Equal(pic);
        uint[] eiointc = root.At("eiointc@1400").CellsOf("phandle");
        root.At("platic@10000000").CellsOf("interrupt-parent").Should().Equal(eiointc);
        root.At("msi@2ff00000").CellsOf("interrupt-parent").Should().Equal(eiointc);
        root.At("eiointc@1400").CellsOf("interrupt-parent").Should().Equal(root.At("cpuic").CellsOf("phandle"));
        root.At("poweroff").CellsOf("regmap").Should().Equal(root.At("ged@100e001c").CellsOf("phandle"));
        root.At("reboot").CellsOf("regmap").Should().Equal(root.At("ged@100e001c").CellsOf("phandle"));
    }

    /// <summary>The properties of QEMU 11.1's virt machine ("dumpdtb") for the devices that both boards have.</summary>
    [Theory]
    [InlineData("platic@10000000", "loongson,pch-pic-1.0", 0x1000_0000, 0x400)]
    [InlineData("msi@2ff00000", "loongson,pch-msi-1.0", 0x2ff0_0000, 8)]
    [InlineData("eiointc@1400", "loongson,ls2k2000-eiointc", 0x1400, 0x800)]
    [InlineData("rtc@100d0100", "loongson,ls7a-rtc", 0x100d_0100, 0x100, 6)]
    [InlineData("serial@1fe001e0", "ns16550a", 0x1fe0_01e0, 0x100, 2)]
    [InlineData("serial@1fe002e0", "ns16550a", 0x1fe0_02e0, 0x100, 3)]
    [InlineData("serial@1fe003e0", "ns16550a", 0x1fe0_03e0, 0x100, 4)]
    [InlineData("serial@1fe004e0", "ns16550a", 0x1fe0_04e0, 0x100, 5)]
    [InlineData("ged@100e001c", "syscon", 0x100e_001c, 3)]
    [InlineData("host-port@100e0020", "lakvm,host-port", 0x100e_0020, 8)]
    [InlineData("virtio_mmio@1fe02000", "virtio,mmio", 0x1fe0_2000, 0x200, 20)]
    [InlineData("virtio_mmio@1fe02e00", "virtio,mmio", 0x1fe0_2e00, 0x200, 27)]
    public void Device_has_its_address_and_pin(string name, string compatible, uint address, uint size, int pin = -1)
    {
        FdtNode node = Tree(_full).At(name);
        node.Strings("compatible").Should().Equal(compatible);
        node.CellsOf("reg").Should().Equal(0u, address, 0u, size);
        if (pin >= 0)
        {
            bool edge = name.StartsWith("virtio", StringComparison.Ordinal);
            node.CellsOf("interrupts").Should().Equal((uint)pin, edge ? 1u : 4u);
        }
    }

    [Fact]
    public void Scalar_properties_are_those_of_the_bindings()
    {
        FdtNode root = Tree(_full);
        root.At("platic@10000000").CellsOf("loongson,pic-base-vec").Should().Equal(0u);
        root.At("msi@2ff00000").CellsOf("loongson,msi-base-vec").Should().Equal(32u);
        root.At("msi@2ff00000").CellsOf("loongson,msi-num-vecs").Should().Equal(224u);
        root.At("eiointc@1400").CellsOf("interrupts").Should().Equal(3u);
        root.At("serial@1fe001e0").CellsOf("clock-frequency").Should().Equal(100_000_000u);
        root.At("poweroff").CellsOf("value").Should().Equal(0x34u);
        root.At("poweroff").CellsOf("offset").Should().Equal(0u);
        root.At("reboot").CellsOf("value").Should().Equal(0x42u);
        root.At("reboot").CellsOf("offset").Should().Equal(2u);
        root.At("isa@18000000").CellsOf("ranges").Should().Equal(1u, 0u, 0u, 0x1800_0000u, 0x4000u);
        root.Children.Count(c => c.Name.StartsWith("virtio", StringComparison.Ordinal)).Should().Be(8);
        Action absent = () => Tree(_full with { Devices = WithVirtio(9) });
        absent.Should().Throw<ArgumentException>();
    }

    [Theory]
    [InlineData(0x0400_0000UL, new[] { 0UL, 0x0400_0000UL })]
    [InlineData(0x1000_0000UL, new[] { 0UL, 0x1000_0000UL })]
    [InlineData(0x8000_0000UL, new[] { 0UL, 0x1000_0000UL, 0x8000_0000UL, 0x7000_0000UL })]
    [InlineData(0x10_0000_0000UL, new[] { 0UL, 0x1000_0000UL, 0x8000_0000UL, 0xf_f000_0000UL })]
    public void Ram_is_split_at_256_megabytes(ulong size, ulong[] ranges)
    {
        BoardLayout.QemuVirt.Ram(size).SelectMany(r => new[] { r.Base, r.Size }).Should().Equal(ranges);
        FdtNode root = Tree(_full with { RamSize = size });
        root.Children.Count(c => c.Name.StartsWith("memory@", StringComparison.Ordinal)).Should().Be(ranges.Length / 2);
        root.At("memory@0").CellsOf("reg").Should().Equal(0u, 0u, 0u, (uint)ranges[1]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(0x1234)]
    public void Odd_amounts_of_ram_are_refused(ulong size)
    {
        Action ram = () => BoardLayout.QemuVirt.Ram(size);
        ram.Should().Throw<ArgumentException>();
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Device_tree_compiler_accepts_the_board_without_a_warning()
    {
        string path = Path.GetTempFileName();
        File.WriteAllBytes(path, FdtWriter.Write(BoardDeviceTree.Build(BoardLayout.QemuVirt, _full)));
        var start = new ProcessStartInfo("dtc", ["-I", "dtb", "-O", "dts", path])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        using Process dtc = Process.Start(start)!;
        Task<string> errors = dtc.StandardError.ReadToEndAsync();
        (await dtc.StandardOutput.ReadToEndAsync()).Should().Contain("loongson,pch-pic-1.0");
        await dtc.WaitForExitAsync();
        File.Delete(path);
        dtc.ExitCode.Should().Be(0);
        (await errors).Should().BeEmpty();
    }
}
