using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Boot.Tests;

/// <summary>The symbols that Linux carries in its image.</summary>
public sealed class KallsymsTests
{
    private const ulong Base = 0x20_0000, Window = 0x9000_0000_0000_0000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Names_and_addresses_are_found_in_an_image(bool relativeToPlace)
    {
        (string, ulong)[] functions = [.. Functions(600)];
        var symbols = new Kallsyms(Image(functions, relativeToPlace), Base);

        symbols.Find(Window + Base + 0x1000).Should().Be("function_0+0x0");
        symbols.Find(Window + Base + 0x1000 + (599 * 16) + 8).Should().Be("function_599+0x8");
        symbols.Find(Base + 0x1000 + (300 * 16) + 4).Should().Be("function_300+0x4", "addresses may be physical");
        symbols.Find(Window + Base).Should().BeNull("nothing is there");
        symbols.RangeOf("function_257").Should().Be((Window + Base + 0x1000 + (257 * 16), 16UL));
        symbols.RangeOf("function_600").Should().BeNull();
    }

    [Fact]
    public void Image_without_a_table_has_no_symbols()
    {
        var symbols = new Kallsyms(new byte[100_000], Base);

        symbols.Find(Base + 0x1000).Should().BeNull();
        symbols.RangeOf("start_kernel").Should().BeNull();
    }

    [Fact]
    public void Damaged_table_does_no_harm()
    {
        byte[] sound = Image([.. Functions(600)], relativeToPlace: true);
        var random = new Random(1);
        for (int n = 0; n < 3000; n++)
        {
            byte[] image = [.. sound];
            for (int change = 0; change < random.Next(40); change++)
            {
                image[random.Next(image.Length)] = (byte)random.Next(256);
            }

            var symbols = new Kallsyms(image.AsMemory(0, random.Next(image.Length - 2000, image.Length)), Base);
            symbols.Find(Base + 0x1000 + (ulong)random.Next(9600));
            symbols.RangeOf("function_7");
        }
    }

    private static IEnumerable<(string Name, ulong Address)> Functions(int count) =>
        Enumerable.Range(0, count).Select(n => ($"Tfunction_{n}", Base + 0x1000 + ((ulong)n * 16)));

    /// <summary>A kernel's tables: one of the pieces is more than a letter, all others are letters.</summary>
    private static byte[] Image((string Name, ulong Address)[] functions, bool relativeToPlace)
    {
        var image = new MemoryStream();
        image.Write(new byte[0x3004]);
        Word(functions.Length);
        long names = image.Position;
        var markers = new List<long>();
        for (int n = 0; n < functions.Length; n++)
        {
            if (n % 256 == 0)
            {
                markers.Add(image.Position - names);
            }

            byte[] pieces = Encoding.ASCII.GetBytes(functions[n].Name.Replace("function_", "\u0001"));
            image.WriteByte((byte)pieces.Length);
            image.Write(pieces);
        }

        Align(4);
        markers.ForEach(marker => Word((int)marker));
        long start = image.Position;
        ushort[] index = new ushort[256];
        for (int piece = 0; piece < 256; piece++)
        {
            index[piece] = (ushort)(image.Position - start);
            string text = piece == 1 ? "function_" : piece < 32 ? "x" : $"{(char)(piece & 0x7f)}";
            image.Write(Encoding.ASCII.GetBytes(text));
            image.WriteByte(0);
        }

        Align(4);
        Array.ForEach(index, offset => image.Write(BitConverter.GetBytes(offset)));
        foreach ((_, ulong address) in functions)
        {
            Word((int)(address - (relativeToPlace ? Base + (ulong)image.Position : Base)));
        }

        Align(8);
        image.Write(BitConverter.GetBytes(relativeToPlace ? 0 : Window + Base));
        image.Write(new byte[0x1000]);
        return image.ToArray();

        void Word(int value)
        {
            byte[] bytes = new byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            image.Write(bytes);
        }

        void Align(int bytes)
        {
            while (image.Position % bytes != 0)
            {
                image.WriteByte(0);
            }
        }
    }
}
