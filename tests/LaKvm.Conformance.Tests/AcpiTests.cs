using System.Buffers.Binary;
using System.Text;
using LaKvm.Conformance.Tests.Acpi;
using LaKvm.Devices;
using LaKvm.Tests.Support;

namespace LaKvm.Conformance.Tests;

/// <summary>Our ACPI tables say of the board what QEMU's say of theirs.</summary>
[Trait("Category", "Slow")]
public sealed class AcpiTests : IDisposable
{
    private readonly QemuFirmwareFiles _qemu = new("-m 2G -smp 4");
    private readonly byte[] _ours;
    private readonly string _directory = Peers.CreateDirectory();

    public AcpiTests() => _ours = BoardAcpi.Build(
        BoardLayout.QemuVirt, new BoardDeviceTreeOptions { Cores = 4, RamSize = 2UL << 30 }).Tables.ToArray();

    public void Dispose()
    {
        _qemu.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData("FACP")]
    [InlineData("APIC")]
    [InlineData("SRAT")]
    [InlineData("SPCR")]
    [InlineData("MCFG")]
    public void Table_is_qemus_but_for_names_and_places(string name)
    {
        byte[] theirs = Find(_qemu.Read("etc/acpi/tables"), name);
        byte[] ours = Find(_ours, name);
        Comparable(ours, name).Should().Equal(Comparable(theirs, name));
    }

    [Theory]
    [InlineData("COM0")]
    [InlineData("COM1")]
    [InlineData("COM2")]
    [InlineData("COM3")]
    [InlineData("L000")]
    [InlineData("L001")]
    [InlineData("L002")]
    [InlineData("L003")]
    [InlineData("RES0")]
    [InlineData("GED_")]
    public void Device_has_qemus_registers_and_interrupts(string name) =>
        Resources(Find(_ours, "DSDT"), name).Should().Equal(
            Resources(Find(_qemu.Read("etc/acpi/tables"), "DSDT"), name));

    [Fact]
    public void Bridge_has_qemus_buses_and_memory_and_ports_where_the_device_tree_has_them()
    {
        const int buses = 16, memory = 46; // bytes of the descriptors at the start, and before the end tag
        byte[] ours = Resources(Find(_ours, "DSDT"), "PCI0");
        byte[] theirs = Resources(Find(_qemu.Read("etc/acpi/tables"), "DSDT"), "PCI0");
        ours[^(memory + 2)..].Should().Equal(theirs[^(memory + 2)..]);
        theirs[..buses].Should().Equal(0x88, 0xd, 0, 2, 0xc, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0, 0x80, 0);
        ours[..memory].Should().Equal(Wide(2, 0, 0, 0x7f, 0, 0x80), "the same in wider fields");
        ours[memory..^(memory + 2)].Should().Equal(Wide(1, 3, 0x4000, 0xffff, 0x1800_0000, 0xc000));
    }

    [Fact]
    public void Disassembled_table_compiles_again_without_a_complaint()
    {
        Disassemble(Find(_ours, "DSDT"));
        Peers.Run(_directory, "iasl -vs -p again table.dsl 2>&1").Should()
            .Contain("0 Errors").And.Contain("0 Warnings");
    }

    private static byte[] Find(byte[] tables, string name)
    {
        for (int offset = 0; offset + 8 <= tables.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(tables.AsSpan(offset + 4));
            if (Encoding.ASCII.GetString(tables, offset, 4) == name)
            {
                return tables[offset..(offset + length)];
            }

            do
            {
                offset++;
            }
            while (offset + 8 < tables.Length && !IsTable(tables.AsSpan(offset), tables.Length - offset));
        }

        throw new InvalidOperationException($"There is no table {name}.");
    }

    private static bool IsTable(ReadOnlySpan<byte> bytes, int rest) =>
        !bytes[..4].ContainsAnyExceptInRange((byte)'A', (byte)'Z')
        && BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]) is >= 36 and var length && length <= rest;

    /// <summary>A table without checksum, names and addresses of other tables.</summary>
    private static byte[] Comparable(byte[] table, string name)
    {
        byte[] copy = [.. table];
        copy.AsSpan(9, 27).Clear();
        if (name == "FACP")
        {
            copy.AsSpan(36, 8).Clear();
            copy.AsSpan(140, 8).Clear();
        }

        return copy;
    }

    private void Disassemble(byte[] table)
    {
        File.WriteAllBytes(Path.Combine(_directory, "table.aml"), table);
        Peers.Run(_directory, "iasl -d table.aml 2>&1");
    }

    /// <summary>The buffer that a device's _CRS is, of fewer than 256 bytes.</summary>
    private static byte[] Resources(byte[] table, string device)
    {
        const int buffer = 0x11, byteInteger = 0x0a;
        ReadOnlySpan<byte> rest = table;
        rest = rest[rest.IndexOf(Encoding.ASCII.GetBytes(device + "\b_HID"))..];
        rest = rest[(rest.IndexOf("\b_CRS"u8) + 5)..];
        rest[0].Should().Be(buffer);
        rest = rest[(2 + (rest[1] >> 6))..]; // behind the length of the package
        rest[0].Should().Be(byteInteger);
        return rest.Slice(2, rest[1]).ToArray();
    }

    /// <summary>An address space descriptor of 64-bit fields.</summary>
    private static byte[] Wide(byte space, byte kind, params ReadOnlySpan<ulong> fields)
    {
        byte[] descriptor = new byte[14 + (fields.Length * 8)];
        ((byte[])[0x8a, 0x2b, 0, space, 0xc, kind]).CopyTo(descriptor, 0);
        for (int i = 0; i < fields.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(descriptor.AsSpan(14 + (i * 8)), fields[i]);
        }

        return descriptor;
    }
}
