using LaKvm.Diagnostics;

namespace LaKvm.Boot;

/// <summary>
/// The symbols of a kernel, read when first asked. A kernel that runs at physical addresses, as before it has set up
/// its windows, is found by the low 48 bits of where it is linked.
/// </summary>
public abstract class SymbolTable : ISymbols
{
    private const ulong PhysicalMask = (1UL << 48) - 1;

    /// <summary>A symbol without a size, of assembly code, ends at the next one, and at this distance.</summary>
    private const ulong LongestWithoutSize = 1 << 16;

    private readonly Lazy<Symbol[]> _symbols;

    private protected SymbolTable() => _symbols = new(ReadSorted);

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
        return isHere && distance < LengthOf(symbols, index) ? $"{NameAt(symbol.Name)}+0x{distance:x}" : null;
    }

    /// <inheritdoc/>
    public (ulong Address, ulong Length)? RangeOf(string name)
    {
        Symbol[] symbols = _symbols.Value;
        for (int index = symbols.Length - 1; index >= 0; index--)
        {
            if (NameAt(symbols[index].Name) == name)
            {
                return (symbols[index].Linked, LengthOf(symbols, index));
            }
        }

        return null;
    }

    /// <summary>All functions and labels, in any order; none if there is no table, or a damaged one.</summary>
    private protected abstract IEnumerable<Symbol> Read();

    /// <summary>A symbol's name, by the place that <see cref="Symbol.Name"/> says.</summary>
    private protected abstract string NameAt(ulong place);

    private Symbol[] ReadSorted()
    {
        Symbol[] symbols = [.. Read()];
        Array.Sort(symbols);
        return symbols;
    }

    private static ulong LengthOf(Symbol[] symbols, int index)
    {
        if (symbols[index].Size != 0)
        {
            return symbols[index].Size;
        }

        ulong start = symbols[index].Address;
        while (++index < symbols.Length && symbols[index].Address == start)
        {
        }

        return index == symbols.Length ? LongestWithoutSize
            : Math.Min(symbols[index].Address - start, LongestWithoutSize);
    }

    /// <summary>A symbol; of several at one address the one with a size comes last, which is the function.</summary>
    /// <param name="Address">Low 48 bits of where it is linked.</param>
    /// <param name="Size">Bytes; 0 if that is not known.</param>
    /// <param name="Name">Where its name is.</param>
    /// <param name="Linked">Where it is linked.</param>
    private protected sealed record Symbol(ulong Address, ulong Size, ulong Name, ulong Linked) : IComparable<Symbol>
    {
        internal Symbol(ulong linked, ulong size, ulong name)
            : this(linked & PhysicalMask, size, name, linked)
        {
        }

        public int CompareTo(Symbol? other) => (Address, Size != 0, Linked).CompareTo(
            (other!.Address, other.Size != 0, other.Linked));
    }
}
