namespace LaKvm.Hypervisor;

/// <summary>What is to be done behind an exit, or before an entry.</summary>
/// <param name="EntersGuest">The guest goes on; if not, KVM_RUN returns.</param>
/// <param name="Error">What KVM_RUN returns; with none, the run page says why.</param>
internal readonly record struct ExitOutcome(bool EntersGuest, Errno Error)
{
    /// <summary>The guest goes on (RESUME_GUEST).</summary>
    internal static ExitOutcome ResumeGuest => new(true, Errno.None);

    /// <summary>User space has something to do, which the run page names (RESUME_HOST).</summary>
    internal static ExitOutcome ResumeHost => default;

    /// <summary>KVM_RUN fails.</summary>
    internal static ExitOutcome Fail(Errno error) => new(false, error);
}
