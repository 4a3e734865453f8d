using System.Buffers.Binary;
using System.Text;
using LaKvm.Boot;

namespace LaKvm.Machine.Tests.Loading;

public sealed class ElfSymbolsTests
{
    private const ulong Window = 0x9000_0000_0000_0000;

    [Theory]
    [InlineData(Window + 0x20_0100, "first+0x0")]
    [InlineData(Window + 0x20_017f, "first+0x7f")]
    [InlineData(Window + 0x20_0180, null)]
    [InlineData(0x20_0104, "first+0x4")]
    [InlineData(0x8000_0000_0020_0104, null)]
    [InlineData(Window + 0x20_0200, "label+0x0")]
    [InlineData(Window + 0x20_0300, "last+0x0")]
    [InlineData(Window + 0x20_02ff, "label+0xff")]
    [InlineData(Window + 0x30_0300, null)]
    [InlineData(0, null)]
    [InlineData(ulong.MaxValue, null)]
    public void Address_is_found_in_the_symbol_it_lies_in(ulong address, string? expected) =>
        new ElfSymbols(Image()).Find(address).Should().Be(expected);

    [Fact]
    public void Kernel_without_symbols_has_no_names() =>
        KernelImage.Parse(TestImages.Elf()).Unpack().Symbols!.Find(TestImages.Entry).Should().BeNull();

    [Fact]
    public void Damaged_tables_give_no_names_and_no_failure()
    {
        byte[] image = Image();
        var random = new Random(1);
        for (int n = 0; n < 3000; n++)
        {
            byte[] damaged = [.. image];
            for (int change = 0; change < 8; change++)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            var symbols = new ElfSymbols(damaged);
            _ = symbols.Find(Window + 0x20_0104);
            _ = symbols.Find(ulong.MaxValue);
        }

        new ElfSymbols(image.AsMemory(0, 100)).Find(Window + 0x20_0104).Should().BeNull();
    }

    /// <summary>Section headers behind the ELF header: none, symbols, strings.</summary>
    private static byte[] Image()
    {
        const int sections = 64, symbols = 256, names = 512;
        byte[] image = new byte[640];
        U64(image, 40, sections);
        U16(image, 60, 3);
        U32(image, sections + 64 + 4, 2);
        U64(image, sections + 64 + 24, symbols);
        U64(image, sections + 64 + 32, 6 * 24);
        U32(image, sections + 64 + 40, 2);
        U64(image, sections + 128 + 24, names);
        Encoding.ASCII.GetBytes("\0first\0label\0data\0last\0absent\0").CopyTo(image, names);
        Symbol(image, symbols + 24, 1, 2, 1, Window + 0x20_0100, 0x80);
        Symbol(image, symbols + 48, 7, 0, 1, Window + 0x20_0200, 0);
        Symbol(image, symbols + 72, 13, 1, 1, Window + 0x20_0280, 8);
        Symbol(image, symbols + 96, 18, 0, 1, Window + 0x20_0300, 0);
        Symbol(image, symbols + 120, 23, 2, 0, Window + 0x20_0400, 0x80);
        return image;
    }

    private static void Symbol(byte[] image, int at, uint name, byte type, ushort section, ulong value, ulong size)
    {
        U32(image, at, name);
        image[at + 4] = type;
        U16(image, at + 6, section);
        U64(image, at + 8, value);
        U64(image, at + 16, size);
    }

    private static void U16(byte[] image, int at, ushort value) =>
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(at), value);

    private static void U32(byte[] image, int at, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(image.AsSpan(at), value);

    private static void U64(byte[] image, int at, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(at), value);
}
