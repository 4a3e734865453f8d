using System.Buffers.Binary;
using System.Text;
using LaKvm.Devices;
using LaKvm.Tests.Support;

namespace LaKvm.Machine.Tests;

public class BoardAcpiTests
{
    private const ulong Address = 0x2_0000;

    private static readonly BoardDeviceTreeOptions _two = new() { Cores = 2, RamSize = 2UL << 30 };

    [Fact]
    public void Root_pointer_leads_to_tables_whose_sums_are_zero()
    {
        Dictionary<string, byte[]> tables = Tables(_two);
        tables.Keys.Should().BeEquivalentTo("FACP", "APIC", "PPTT", "SRAT", "SPCR", "MCFG", "XSDT", "DSDT", "FACS");
        tables.Where(t => t.Key != "FACS").Should().OnlyContain(t => t.Value.Aggregate(0, (a, b) => a + b) % 256 == 0);
    }

    [Fact]
    public void Oem_is_not_the_one_for_which_linux_has_quirks() =>
        Encoding.ASCII.GetString(Tables(_two)["MCFG"], 10, 6).Should().Be("LAKVM ");

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public void Every_core_is_listed(int cores)
    {
        Dictionary<string, byte[]> tables = Tables(_two with { Cores = cores });
        tables["APIC"].Should().HaveCount(44 + (15 * cores) + 13 + 19 + 17);
        tables["PPTT"].Should().HaveCount(36 + 20 + (20 * cores));
        tables["SRAT"].Should().HaveCount(48 + (16 * cores) + (2 * 40));
        Encoding.ASCII.GetString(tables["DSDT"]).Should().Contain($"C{cores - 1:X3}").And.NotContain($"C{cores:X3}");
    }

    [Fact]
    public void All_ram_is_in_the_affinity_table()
    {
        byte[] table = Tables(_two with { Cores = 1, RamSize = 128 << 20 })["SRAT"];
        table.Should().HaveCount(48 + 16 + 40);
        BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(64 + 8)).Should().Be(0);
        BinaryPrimitives.ReadUInt64LittleEndian(table.AsSpan(64 + 16)).Should().Be(128 << 20);
    }

    [Theory]
    [InlineData(VirtioTransport.Mmio, true)]
    [InlineData(VirtioTransport.Pci, false)]
    public void Virtio_devices_at_addresses_are_named_and_those_on_the_bus_are_not(
        VirtioTransport transport, bool named)
    {
        var devices = new BoardDeviceOptions
        {
            Virtio = [new VirtioEntropy(FixedSources.Random)],
            Transport = transport,
        };
        string dsdt = Encoding.ASCII.GetString(Tables(_two with { Devices = devices })["DSDT"]);
        dsdt.Contains("LNRO0005", StringComparison.Ordinal).Should().Be(named);
    }

    [Fact]
    public void Power_button_interrupts_until_the_event_is_read()
    {
        var line = new RecordingLine();
        bool isHeard = false;
        var events = new EventDevice(line, () => isHeard);
        events.PressPowerButton().Should().BeFalse();
        (events.Read(0, 4), line.Level).Should().Be((0, false), "nobody listens");
        isHeard = true;
        events.PressPowerButton().Should().BeTrue();
        line.Level.Should().BeTrue();
        events.Write(0, 4, 0);
        events.Read(0, 4).Should().Be(EventDevice.PowerButton);
        line.Level.Should().BeFalse();
        events.PressPowerButton();
        events.Reset();
        line.Level.Should().BeFalse();
        events.Read(0, 4).Should().Be(0);
    }

    /// <summary>Follows the pointers as a kernel does.</summary>
    private static Dictionary<string, byte[]> Tables(BoardDeviceTreeOptions options)
    {
        AcpiImage image = BoardAcpi.Build(BoardLayout.QemuVirt, options);
        var memory = new byte[image.Size];
        ulong root = image.Place(memory, Address);
        byte[] rsdp = memory[(int)(root - Address)..];
        rsdp.Should().HaveCount(36).And.StartWith("RSD PTR "u8.ToArray());
        (rsdp.Sum(b => b) % 256).Should().Be(0);
        (rsdp.Take(20).Sum(b => b) % 256).Should().Be(0);

        byte[] At(ulong address) => memory[(int)(address - Address)..];
        byte[] Table(ulong address) => At(address)[..BinaryPrimitives.ReadInt32LittleEndian(At(address).AsSpan(4))];
        byte[] xsdt = Table(BinaryPrimitives.ReadUInt64LittleEndian(rsdp.AsSpan(24)));
        List<byte[]> tables = [xsdt];
        for (int offset = 36; offset < xsdt.Length; offset += 8)
        {
            tables.Add(Table(BinaryPrimitives.ReadUInt64LittleEndian(xsdt.AsSpan(offset))));
        }

        byte[] fadt = tables.Single(t => Name(t) == "FACP");
        BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(40))
            .Should().Be((uint)BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(140)), "both name the DSDT");
        tables.Add(Table(BinaryPrimitives.ReadUInt64LittleEndian(fadt.AsSpan(140))));
        tables.Add(Table(BinaryPrimitives.ReadUInt32LittleEndian(fadt.AsSpan(36))));
        return tables.ToDictionary(Name);
    }

    private static string Name(byte[] table) => Encoding.ASCII.GetString(table, 0, 4);
}
