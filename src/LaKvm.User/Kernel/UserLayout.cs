namespace LaKvm.User;

/// <summary>Where a program's memory has what.</summary>
internal sealed record UserLayout
{
    /// <summary>Mappings that may be anywhere lie below this.</summary>
    internal ulong MappingTop { get; init; }

    /// <summary>Where the heap begins that brk(2) changes.</summary>
    internal ulong HeapStart { get; init; }

    /// <summary>Where it ends now.</summary>
    internal ulong HeapEnd { get; set; }

    /// <summary>Address of the two instructions that a handler returns to.</summary>
    internal ulong SignalReturn { get; init; }
}
