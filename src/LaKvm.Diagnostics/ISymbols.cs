namespace LaKvm.Diagnostics;

/// <summary>Names of guest code.</summary>
public interface ISymbols
{
    /// <summary>
    /// The function at a virtual address and the distance from its beginning, "name+0x1c"; null if unknown.
    /// </summary>
    string? Find(ulong address);

    /// <summary>
    /// Where a function or label is, and how many bytes belong to it; null if none has the name. It may run at another
    /// address of the same low 48 bits: a physical one, or in another window.
    /// </summary>
    (ulong Address, ulong Length)? RangeOf(string name);
}
