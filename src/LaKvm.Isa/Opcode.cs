namespace LaKvm.Isa;

/// <summary>Rows of the instruction table.</summary>
public enum Opcode : ushort
{
    /// <summary>The word is no instruction.</summary>
    Invalid = 0,
}
