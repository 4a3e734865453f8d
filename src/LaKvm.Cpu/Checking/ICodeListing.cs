namespace LaKvm.Cpu;

/// <summary>An engine that makes code, and can show it.</summary>
public interface ICodeListing
{
    /// <summary>
    /// The code that was made for the instruction at <paramref name="pc"/> of the current mode; empty if none was.
    /// </summary>
    ReadOnlySpan<byte> CodeAt(ulong pc);
}
