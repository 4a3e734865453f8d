
using LaKvm.Boot;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests.Loading;

public sealed class BootLoaderTests
{
    private static readonly RamRange LowRam = new(0, 16 << 20), HighRam = new(0x8000_0000, 8 << 20);

    private readonly TestRam _ram = new(LowRam, HighRam);
    private readonly KernelImage _kernel = KernelImage.Parse(TestImages.Efi());

    [Fact]
    public void Registers_point_to_entry_command_line_and_system_table()
    {
        BootRegisters start = BootLoader.Place(_ram, new BootRequest(_kernel) { CommandLine = "console=ttyS0 größer" });

        start.Pc.Should().Be(TestImages.Entry);
        start.A0.Should().Be(1);
        _ram.Text(start.A1).Should().Be("console=ttyS0 größer");
        _ram.U64(start.A2).Should().Be(0x5453595320494249, "UEFI's signature");
        _ram.U32(start.A2 + 12).Should().Be(120);
        _ram.U64(start.A2 + 88).Should().Be(0, "there are no runtime services");
        System.Text.Encoding.Unicode.GetString(_ram.Writable(_ram.U64(start.A2 + 24), 12)).Should().Be("LaKvm\0");
    }

    [Fact]
    public void Configuration_tables_carry_device_tree_initrd_and_seed()
    {
        byte[] initrd = TestImages.Contents(70_000), tree = TestImages.DeviceTree(), seed = TestImages.Contents(32);
        BootRegisters start = BootLoader.Place(_ram, new BootRequest(_kernel)
        {
            Initrd = InitrdImage.FromBytes(initrd),
            DeviceTree = tree,
            RandomSeed = seed,
        });

        Dictionary<string, ulong> tables = ConfigTables(start);
        tables.Should().HaveCount(4);
        ulong treeAddress = tables["b1b621d5-f19c-41a5-830b-d9152c69aae0"];
        treeAddress.Should().Be(0x10_0000, "kernels for QEMU's virt machine look there");
        _ram.Writable(treeAddress, (ulong)tree.Length).ToArray().Should().Equal(tree);
        ulong media = tables["5568e427-68fc-4f3d-ac74-ca555231cc68"];
        _ram.U64(media + 8).Should().Be((ulong)initrd.Length);
        ulong initrdAddress = _ram.U64(media);
        initrdAddress.Should().BeInRange(HighRam.Base + (1 << 20), HighRam.End - (1 << 20),
            "Linux allocates from the top of RAM before it reserves the initrd");
        _ram.Writable(initrdAddress, (ulong)initrd.Length).ToArray().Should().Equal(initrd);
        ulong seedTable = tables["1ce1e5bc-7ceb-42f2-81e5-8aadf180f57b"];
        _ram.U32(seedTable).Should().Be(32);
        _ram.Writable(seedTable + 4, 32).ToArray().Should().Equal(seed);
    }

    [Fact]
    public void Memory_map_covers_all_RAM_once_and_marks_what_is_used()
    {
        BootRegisters start = BootLoader.Place(_ram, new BootRequest(_kernel)
        {
            CommandLine = "x",
            Initrd = InitrdImage.FromBytes(TestImages.Contents(5000)),
        });

        List<(uint Type, RamRange Range)> map = MemoryMap(start);
        map.Should().BeInAscendingOrder(entry => entry.Range.Base);
        map.Zip(map.Skip(1)).Should().OnlyContain(pair => pair.First.Range.End <= pair.Second.Range.Base);
        map.Sum(entry => (long)entry.Range.Size).Should().Be((long)(LowRam.Size + HighRam.Size));
        TypeAt(map, start.A2).Should().Be(9, "tables stay intact");
        TypeAt(map, start.A1).Should().Be(9);
        TypeAt(map, TestImages.Entry).Should().Be(2);
        ulong initrd = _ram.U64(ConfigTables(start)["5568e427-68fc-4f3d-ac74-ca555231cc68"]);
        TypeAt(map, initrd).Should().Be(2);
        TypeAt(map, initrd - 1).Should().Be(7);
        TypeAt(map, initrd + 0x2000).Should().Be(7);
    }

    [Fact]
    public void Kernel_and_tables_never_overlap_even_at_address_zero()
    {
        byte[] image = TestImages.Efi();
        image.AsSpan(8, 8).Clear();
        image.AsSpan(24, 8).Clear();
        KernelImage kernel = KernelImage.Parse(image);

        BootRegisters start = BootLoader.Place(_ram, new BootRequest(kernel) { CommandLine = "x" });

        start.A1.Should().BeGreaterThanOrEqualTo(kernel.Segments[0].Range.End);
        _ram.Writable(0, (ulong)image.Length).ToArray().Should().Equal(image);
    }

    [Fact]
    public void Empty_command_line_has_no_address()
    {
        BootLoader.Place(_ram, new BootRequest(_kernel)).A1.Should().Be(0);
        BootLoader.Place(_ram, new BootRequest(_kernel) { CommandLine = " " }).A1.Should().NotBe(0);
    }

    [Fact]
    public void Device_tree_makes_way_for_a_kernel_that_needs_its_place()
    {
        byte[] tree = TestImages.DeviceTree();
        using var contents = new TemporaryFile(TestImages.Contents(0x1000));
        KernelImage kernel = KernelImage.LoadRaw(contents.Path, 0x10_0800);

        BootRegisters start = BootLoader.Place(_ram, new BootRequest(kernel) { DeviceTree = tree });

        ulong address = ConfigTables(start)["b1b621d5-f19c-41a5-830b-d9152c69aae0"];
        (address % 8).Should().Be(0);
        _ram.Writable(address, (ulong)tree.Length).ToArray().Should().Equal(tree);
        _ram.Writable(0x10_0800, 0x1000).ToArray().Should().Equal(TestImages.Contents(0x1000));
        TypeAt(MemoryMap(start), address).Should().Be(9);
    }

    [Fact]
    public void Further_files_are_placed_where_they_belong()
    {
        byte[] contents = TestImages.Contents(5000);
        using var file = new TemporaryFile(contents);

        BootRegisters start = BootLoader.Place(_ram, new BootRequest(_kernel)
        {
            Files = [LoadedFile.Load(file.Path, 0x10_0000), LoadedFile.Load(file.Path, 0x9000_0000_8000_0010)],
            DeviceTree = TestImages.DeviceTree(),
        });

        _ram.Writable(0x10_0000, 5000).ToArray().Should().Equal(contents);
        _ram.Writable(0x8000_0010, 5000).ToArray().Should().Equal(contents);
        TypeAt(MemoryMap(start), 0x8000_0010).Should().Be(2);
        ConfigTables(start)["b1b621d5-f19c-41a5-830b-d9152c69aae0"].Should().NotBe(0x10_0000);
    }

    [Theory]
    [InlineData(0x20_1000, "*0x201000-*is taken already*")]
    [InlineData(0x1_0000_0000, "*RAM is at 0x0-0xffffff, 0x80000000-*")]
    [InlineData(0xff_f000, "*RAM is at*")]
    [InlineData(0x1000_0000, "*RAM is at*")]
    public void File_that_overlaps_or_leaves_RAM_is_refused_by_name(ulong address, string message)
    {
        using var file = new TemporaryFile(TestImages.Contents(5000));

        Refusal(_ram, new BootRequest(_kernel) { Files = [LoadedFile.Load(file.Path, address)] })
            .Should().Match(message).And.StartWith(file.Path);
    }

    [Fact]
    public void Reloading_over_old_contents_clears_the_BSS_and_the_tables()
    {
        _ram.Writable(LowRam.Base, LowRam.Size).Fill(0xff);

        BootRegisters start = BootLoader.Place(_ram, new BootRequest(_kernel));

        _ram.U64(start.A2 + 88).Should().Be(0);
        _ram.U64(TestImages.LoadAddress + TestImages.FileSize).Should().Be(0);
    }

    [Fact]
    public void Initrd_file_is_read_into_RAM()
    {
        string path = Path.GetTempFileName();
        try
        {
            byte[] contents = TestImages.Contents(12345);
            File.WriteAllBytes(path, contents);
            BootRegisters start = BootLoader.Place(_ram, new BootRequest(_kernel) { Initrd = InitrdImage.Load(path) });
            ulong address = _ram.U64(ConfigTables(start)["5568e427-68fc-4f3d-ac74-ca555231cc68"]);
            _ram.Writable(address, 12345).ToArray().Should().Equal(contents);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_a_sentence()
    {
        Refusal(new TestRam(new RamRange(0, 2 << 20)), new BootRequest(_kernel))
            .Should().Match("The kernel does not fit*0x200000*");
        Refusal(new TestRam(new RamRange(TestImages.LoadAddress, TestImages.MemorySize)), new BootRequest(_kernel))
            .Should().Match("*boot tables*");
        var big = InitrdImage.FromBytes(new byte[17 << 20]);
        Refusal(_ram, new BootRequest(_kernel) { Initrd = big }).Should().Match("The initrd of * does not fit*");
        Refusal(_ram, new BootRequest(_kernel) { CommandLine = new string('x', 4096) }).Should().Match("*4095*");
        Refusal(_ram, new BootRequest(_kernel) { CommandLine = "a\0b" }).Should().Match("*NUL*");
        Refusal(_ram, new BootRequest(_kernel) { DeviceTree = new byte[100] }).Should().Match("*device tree*");
    }

    [Fact]
    public void Unusable_initrd_is_refused_with_a_sentence()
    {
        Refusal(() => InitrdImage.FromBytes(default)).Should().Match("*0 bytes*");
        Refusal(() => InitrdImage.Load("/nonexistent/initrd")).Should().Match("*/nonexistent/initrd*");
    }

    private static string Refusal(TestRam ram, BootRequest request) => Refusal(() => BootLoader.Place(ram, request));

    private static string Refusal(Action action) => action.Should().Throw<ImageException>().Which.Message;

    private static uint TypeAt(List<(uint Type, RamRange Range)> map, ulong address) =>
        map.Single(entry => address - entry.Range.Base < entry.Range.Size).Type;

    private List<(uint Type, RamRange Range)> MemoryMap(BootRegisters start)
    {
        ulong table = ConfigTables(start)["800f683f-d08b-423a-a293-965c3c6fe2b4"];
        ulong size = _ram.U64(table), step = _ram.U64(table + 8);
        _ram.U32(table + 16).Should().Be(1);
        var map = new List<(uint, RamRange)>();
        for (ulong entry = table + 40; entry < table + 40 + size; entry += step)
        {
            map.Add((_ram.U32(entry), new RamRange(_ram.U64(entry + 8), _ram.U64(entry + 24) << 12)));
            _ram.U64(entry + 32).Should().Be(8, "all of it is write-back memory");
        }

        return map;
    }

    private Dictionary<string, ulong> ConfigTables(BootRegisters start)
    {
        ulong table = _ram.U64(start.A2 + 112);
        var tables = new Dictionary<string, ulong>();
        for (ulong n = 0; n < _ram.U64(start.A2 + 104); n++)
        {
            ulong entry = table + (n * 24);
            tables.Add(new Guid(_ram.Writable(entry, 16)).ToString(), _ram.U64(entry + 16));
        }

        return tables;
    }
}
