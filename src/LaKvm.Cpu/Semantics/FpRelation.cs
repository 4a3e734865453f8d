namespace LaKvm.Cpu;

/// <summary>
/// How two numbers compare; the bits of fcmp's condition field that are true for each (manual vol. 1, 3.2.2.1).
/// </summary>
[Flags]
public enum FpRelation
{
    /// <summary>The first one is less.</summary>
    Less = 1,

    /// <summary>Equal; zeros of either sign are.</summary>
    Equal = 2,

    /// <summary>At least one is a NaN.</summary>
    Unordered = 4,

    /// <summary>The first one is greater.</summary>
    Greater = 8,
}
