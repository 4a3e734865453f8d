namespace LaKvm.Diagnostics;

/// <summary>Names of guest code.</summary>
public interface ISymbols
{
    /// <summary>
    /// The function at a virtual address and the distance from its beginning, "name+0x1c"; null if unknown.
    /// </summary>
    string? Find(ulong address);
}
