using System.Text;
using LaKvm.Diagnostics;
using static LaKvm.Boot.ImageReader;

namespace LaKvm.Boot;

/// <summary>
/// The symbol table of an ELF kernel, read when first asked. A kernel that runs at physical addresses, as before it has
/// set up its windows, is found by the low 48 bits of where it is linked.
/// </summary>
/// <param name="image">The file.</param>
public sealed class ElfSymbols(ReadOnlyMemory<byte> image) : ISymbols
{
    private const int SectionHeaderSize = 64, SymbolSize = 24;
    private const uint SectionSymbols = 2;
    private const int TypeNone = 0, TypeFunction = 2, TypeMask = 15;
    private const ulong PhysicalMask = (1UL << 48) - 1;

    /// <summary>A symbol without a size, of assembly code, ends at the next one, and at this distance.</summary>
    private const ulong LongestWithoutSize = 1 << 16;

    private const int LongestName = 100;

    private readonly Lazy<Symbol[]> _symbols = new(() => Read(image));

    /// <inheritdoc/>
    public string? Find(ulong address)
    {
        Symbol[] symbols = _symbols.Value;
        ulong physical = address & PhysicalMask;
        int index = Array.BinarySearch(symbols, new Symbol(physical, ulong.MaxValue, 0, ulong.MaxValue));
        index = index < 0 ? ~index - 1 : index;
        if (index < 0)
        {
            return null;
        }

        Symbol symbol = symbols[index];
        ulong distance = physical - symbol.Address;
        bool isHere = address == physical || address == symbol.Linked + distance;
        return isHere && distance < (symbol.Size != 0 ? symbol.Size : LongestWithoutSize)
            ? $"{Name(symbol)}+0x{distance:x}"
            : null;
    }

    /// <summary>All functions and labels by physical address; none if the table is missing or damaged.</summary>
    private static Symbol[] Read(ReadOnlyMemory<byte> image)
    {
        try
        {
            ReadOnlySpan<byte> elf = image.Span;
            ReadOnlySpan<byte> sections = Slice(elf, U64(elf, 40), (ulong)U16(elf, 60) * SectionHeaderSize);
            var symbols = new List<Symbol>();
            for (int at = 0; at < sections.Length; at += SectionHeaderSize)
            {
                ReadOnlySpan<byte> section = sections.Slice(at, SectionHeaderSize);
                if (U32(section, 4) == SectionSymbols)
                {
                    ulong names = U64(Slice(
                        sections, (ulong)U32(section, 40) * SectionHeaderSize, SectionHeaderSize), 24);
                    Collect(Slice(elf, U64(section, 24), U64(section, 32)), names, symbols);
                }
            }

            symbols.Sort();
            return [.. symbols];
        }
        catch (ImageException)
        {
            return [];
        }
    }

    private static void Collect(ReadOnlySpan<byte> table, ulong names, List<Symbol> symbols)
    {
        for (int at = 0; at + SymbolSize <= table.Length; at += SymbolSize)
        {
            ReadOnlySpan<byte> symbol = table.Slice(at, SymbolSize);
            ulong address = U64(symbol, 8);
            bool isCode = (symbol[4] & TypeMask) is TypeNone or TypeFunction && U16(symbol, 6) != 0;
            if (isCode && address != 0 && U32(symbol, 0) != 0)
            {
                symbols.Add(new Symbol(address & PhysicalMask, U64(symbol, 16), names + U32(symbol, 0), address));
            }
        }
    }

    private string Name(Symbol symbol)
    {
        ReadOnlySpan<byte> elf = image.Span;
        ReadOnlySpan<byte> rest = symbol.Name < (ulong)elf.Length ? elf[(int)symbol.Name..] : [];
        int end = rest.IndexOf((byte)0);
        return Encoding.ASCII.GetString(rest[..Math.Min(end < 0 ? rest.Length : end, LongestName)]);
    }

    /// <summary>A symbol; of several at one address the one with a size comes last, which is the function.</summary>
    private sealed record Symbol(ulong Address, ulong Size, ulong Name, ulong Linked) : IComparable<Symbol>
    {
        public int CompareTo(Symbol? other) => (Address, Size != 0, Linked).CompareTo(
            (other!.Address, other.Size != 0, other.Linked));
    }
}
