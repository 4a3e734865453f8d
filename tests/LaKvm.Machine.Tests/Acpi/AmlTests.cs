using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

/// <summary>Against bytes of QEMU's tables, and of iasl's.</summary>
public class AmlTests
{
    [Theory]
    [InlineData(0, "00")]
    [InlineData(1, "01")]
    [InlineData(2, "0a02")]
    [InlineData(0xffff, "0bffff")]
    [InlineData(0x1_ffff, "0cffff0100")]
    [InlineData(0x1_2345_6789, "0e8967452301000000")]
    public void Integer_takes_the_shortest_form(ulong value, string bytes) =>
        Hex(Aml.Integer(value)).Should().Be(bytes);

    [Theory]
    [InlineData("PNP0A05", "0c41d00a05")]
    [InlineData("PNP0C0F", "0c41d00c0f")]
    [InlineData("ACPI0013", "0d414350493030313300")]
    public void Identifier_of_seven_characters_is_packed(string id, string bytes) =>
        Hex(Aml.HardwareId(id)).Should().Be(bytes);

    [Theory]
    [InlineData("_UID", "5f554944")]
    [InlineData("COM", "434f4d5f")]
    [InlineData("\\_S5", "5c5f53355f")]
    [InlineData("\\_SB.GED", "5c2e5f53425f4745445f")]
    [InlineData("\\_SB.GED.CSCN", "5c2f035f53425f4745445f4353434e")]
    [InlineData("^X", "5e585f5f5f")]
    public void Names_are_padded_and_counted(string name, string bytes) => Hex(Aml.Reference(name)).Should().Be(bytes);

    [Fact]
    public void Region_and_field_are_as_qemu_has_them()
    {
        Hex(Aml.MemoryRegion("EREG", 0x100e_0000, 4)).Should().Be("5b804552454700" + "0c00000e10" + "0a04");
        Hex(Aml.WordField("EREG", "ESEL")).Should().Be("5b810b45524547034553454c20");
    }

    [Fact]
    public void Interrupt_is_as_qemu_has_it() =>
        Hex(Aml.Resources(AmlResource.Interrupt(0x47, PinTrigger.Edge))).Should().Be("110e0a0b8906000301470000007900");

    [Fact]
    public void Package_of_routes_is_as_qemu_has_it() =>
        Hex(Aml.Package(Aml.Integer(0x1_ffff), Aml.Integer(2), Aml.Reference("L003"), Aml.Integer(0)))
            .Should().Be("120e04" + "0cffff0100" + "0a02" + "4c303033" + "00");

    [Theory]
    [InlineData(62, 1)]
    [InlineData(63, 2)]
    [InlineData(4093, 2)]
    [InlineData(4094, 3)]
    [InlineData(100_000, 3)]
    public void Length_counts_itself_in_one_to_three_bytes(int size, int lengthSize)
    {
        byte[] term = Aml.Else(new byte[size]);
        term.Should().HaveCount(1 + lengthSize + size);
        LengthOf(term).Should().Be(lengthSize + size);
    }

    /// <summary>Reads a length back (ACPI 6.4, 20.2.4).</summary>
    private static int LengthOf(byte[] term)
    {
        int more = term[1] >> 6;
        int length = more == 0 ? term[1] & 0x3f : term[1] & 0xf;
        for (int i = 0; i < more; i++)
        {
            length |= term[2 + i] << (4 + (8 * i));
        }

        return length;
    }

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
