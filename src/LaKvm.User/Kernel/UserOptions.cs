namespace LaKvm.User;

/// <summary>How programs are run.</summary>
public sealed class UserOptions
{
    /// <summary>Directory that paths are looked up in first (for the dynamic linker and libraries), or null.</summary>
    public string? Root { get; init; }

    /// <summary>Where each system call is written to, or null.</summary>
    public TextWriter? Trace { get; init; }

    /// <summary>Where is said what the programs ask for and do not get.</summary>
    public required Action<string> Log { get; init; }
}
