using System.Buffers.Binary;
using System.Text;

namespace LaKvm.Boot;

/// <summary>
/// The symbols that a Linux kernel carries for its own messages (CONFIG_KALLSYMS), found in its image by what they look
/// like: a table of 256 pieces of text, of which names are made, in front of the pieces' offsets; in front of both the
/// names, each with its length; behind them the addresses. This order, and addresses as distances from their own place
/// in the table or from a base behind it, is that of Linux since 6.15; earlier tables are not read.
/// </summary>
/// <param name="image">The kernel as it lies in memory.</param>
/// <param name="address">Physical address of its first byte.</param>
public sealed class Kallsyms(ReadOnlyMemory<byte> image, ulong address) : SymbolTable
{
    private const int Pieces = 256, GroupSize = 256, IndexBytes = Pieces * sizeof(ushort);
    private const int LongestName = 512;

    /// <summary>Where Linux is linked: its window for cached memory.</summary>
    private const ulong Window = 0x9000_0000_0000_0000;

    /// <summary>Bytes that the last group of names may have.</summary>
    private const int LongestGroup = GroupSize * 128;

    private int _pieces, _index;

    private ReadOnlySpan<byte> Image => image.Span;

    private protected override IEnumerable<Symbol> Read()
    {
        if (!FindPieces())
        {
            return [];
        }

        int markers = FindMarkers(out int groups);
        return FindNames(markers, groups) is var (names, count) && ReadAddresses(count) is { } addresses
            ? Collect(names, addresses)
            : [];
    }

    private protected override string NameAt(ulong place)
    {
        int at = (int)place;
        int length = Math.Min(ReadLength(ref at), Image.Length - at);
        var name = new StringBuilder();
        foreach (byte piece in Image.Slice(at, length))
        {
            ReadOnlySpan<byte> text = Image[(_pieces + Piece(piece))..];
            name.Append(Encoding.ASCII.GetString(text[..Math.Max(text.IndexOf((byte)0), 0)]));
        }

        return name.ToString(Math.Min(name.Length, 1), Math.Clamp(name.Length - 1, 0, LongestName)); // without its type
    }

    /// <summary>Finds the digits, which are pieces of their own, and behind them offsets that say the same.</summary>
    private bool FindPieces()
    {
        ReadOnlySpan<byte> digits = "0\01\02\03\04\05\06\07\08\09\0"u8;
        int from = 0;
        while (Image[from..].IndexOf(digits) is var found and >= 0)
        {
            int at = from + found;
            int end = Math.Min(at + 8192, Image.Length - IndexBytes);
            for (_index = (at + 3) & ~3; _index < end; _index += sizeof(uint))
            {
                _pieces = at - Piece('0');
                if (IsIndex())
                {
                    return true;
                }
            }

            from = at + 1;
        }

        return false;
    }

    private bool IsIndex()
    {
        bool grows = Piece(0) == 0 && _pieces >= 2 * sizeof(uint);
        for (int n = 1; grows && n < Pieces; n++)
        {
            grows = Piece(n) > Piece(n - 1) && _pieces + Piece(n) <= _index && Image[_pieces + Piece(n) - 1] == 0;
        }

        return grows;
    }

    private int Piece(int number) => BinaryPrimitives.ReadUInt16LittleEndian(Image[(_index + (2 * number))..]);

    private int Word(int at) => BinaryPrimitives.ReadInt32LittleEndian(Image[at..]);

    /// <summary>Where each 256th name begins: numbers that grow from 0, up to the pieces.</summary>
    private int FindMarkers(out int groups)
    {
        int at = (_pieces & ~3) - sizeof(uint);
        int end = at;
        while (at >= sizeof(uint) && Word(at) > Word(at - sizeof(uint)) && Word(at - sizeof(uint)) >= 0)
        {
            at -= sizeof(uint);
        }

        groups = ((end - at) / sizeof(uint)) + 1;
        return at;
    }

    /// <summary>The names end where the markers begin, and begin behind their number.</summary>
    private (int Names, int Count)? FindNames(int markers, int groups)
    {
        int last = Word(markers + ((groups - 1) * sizeof(uint)));
        if (last < 0)
        {
            return null;
        }

        int second = groups > 1 ? Word(markers + sizeof(uint)) : -1;
        int nearest = (markers - last) & ~3;
        for (int names = nearest; names >= Math.Max(nearest - LongestGroup, 8); names -= sizeof(uint))
        {
            foreach (int distance in new[] { sizeof(uint), sizeof(ulong) })
            {
                int count = Word(names - distance);
                if ((count + GroupSize - 1) / GroupSize == groups && (second < 0 || Skip(names) == names + second))
                {
                    return (names, count);
                }
            }
        }

        return null;
    }

    /// <summary>Where the second group begins; -1 if these are no names.</summary>
    private int Skip(int at)
    {
        for (int n = 0; n < GroupSize && at >= 0; n++)
        {
            int length = ReadLength(ref at);
            at = length == 0 || length > _pieces - at ? -1 : at + length;
        }

        return at;
    }

    /// <summary>One byte, or two if the first has its top bit.</summary>
    private int ReadLength(ref int at)
    {
        int length = Image[at++];
        return length < 0x80 ? length : (length & 0x7f) | (Image[at++] << 7);
    }

    /// <summary>Physical addresses, which the table has in their order; null if it is none.</summary>
    private ulong[]? ReadAddresses(int count)
    {
        int table = _index + IndexBytes;
        if (table + ((long)count * sizeof(uint)) + 16 > Image.Length)
        {
            return null;
        }

        int behind = (table + (count * sizeof(uint)) + 7) & ~7;
        ulong linked = BinaryPrimitives.ReadUInt64LittleEndian(Image[behind..]) - Window;
        bool isBase = linked - address < (ulong)Image.Length;
        return ReadAddresses(table, count, n => isBase ? linked : address + (ulong)(table + (n * sizeof(uint))));
    }

    private ulong[]? ReadAddresses(int table, int count, Func<int, ulong> origin)
    {
        ulong[] addresses = new ulong[count];
        for (int n = 0; n < count; n++)
        {
            addresses[n] = origin(n) + (ulong)Word(table + (n * sizeof(uint)));
            if (addresses[n] < (n == 0 ? address : addresses[n - 1]))
            {
                return null;
            }
        }

        return addresses;
    }

    /// <summary>Of several names of one address the first is the one that Linux prefers.</summary>
    private List<Symbol> Collect(int names, ulong[] addresses)
    {
        var symbols = new List<Symbol>(addresses.Length);
        ulong previous = ulong.MaxValue;
        foreach (ulong physical in addresses)
        {
            if (physical != previous)
            {
                symbols.Add(new Symbol(Window + physical, 0, (ulong)names));
                previous = physical;
            }

            int length = ReadLength(ref names);
            names += length;
            if (names >= _pieces)
            {
                break;
            }
        }

        return symbols;
    }
}
