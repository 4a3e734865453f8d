namespace LaKvm.Translator;

/// <summary>
/// Why translated code was left, where it was no trap. Values from <see cref="FirstLink"/> down are links.
/// </summary>
internal enum Exit
{
    /// <summary>A control transfer: the engine looks for attention before it goes on at the PC.</summary>
    Jump = -1,

    /// <summary>The block at the PC has more instructions than the budget.</summary>
    Short = -2,

    /// <summary>Execution goes on at the PC, without a control transfer.</summary>
    FallThrough = -4,

    /// <summary>A .NET exception came out of a handler.</summary>
    Failure = -3,

    /// <summary>(this - n) is the exit of link n, whose jump may be led to its target for the next time.</summary>
    FirstLink = -16,
}
