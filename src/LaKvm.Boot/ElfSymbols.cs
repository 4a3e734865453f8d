using System.Text;
using static LaKvm.Boot.ImageReader;

namespace LaKvm.Boot;

/// <summary>The symbol table of an ELF kernel.</summary>
/// <param name="image">The file.</param>
public sealed class ElfSymbols(ReadOnlyMemory<byte> image) : SymbolTable
{
    private const int SectionHeaderSize = 64, SymbolSize = 24;
    private const uint SectionSymbols = 2;
    private const int TypeNone = 0, TypeFunction = 2, TypeMask = 15;

    private const int LongestName = 100;

    private protected override IEnumerable<Symbol> Read()
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

            return symbols;
        }
        catch (ImageException)
        {
            return [];
        }
    }

    private protected override string NameAt(ulong place)
    {
        ReadOnlySpan<byte> elf = image.Span;
        ReadOnlySpan<byte> rest = place < (ulong)elf.Length ? elf[(int)place..] : [];
        int end = rest.IndexOf((byte)0);
        return Encoding.ASCII.GetString(rest[..Math.Min(end < 0 ? rest.Length : end, LongestName)]);
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
                symbols.Add(new Symbol(address, U64(symbol, 16), names + U32(symbol, 0)));
            }
        }
    }
}
