namespace LaKvm.Hypervisor;

/// <summary>
/// What is to be done behind an exit, or before an entry. One word, since it comes back in a register then, through
/// several calls an exit.
/// </summary>
internal readonly record struct ExitOutcome
{
    private const int Resume = -1;

    private readonly int _value;

    private ExitOutcome(int value) => _value = value;

    /// <summary>The guest goes on (RESUME_GUEST).</summary>
    internal static ExitOutcome ResumeGuest => new(Resume);

    /// <summary>User space has something to do, which the run page names (RESUME_HOST).</summary>
    internal static ExitOutcome ResumeHost => default;

    /// <summary>Whether the guest goes on; if not, KVM_RUN returns.</summary>
    internal bool EntersGuest => _value == Resume;

    /// <summary>What KVM_RUN returns; with none, the run page says why.</summary>
    internal Errno Error => EntersGuest ? Errno.None : (Errno)_value;

    /// <summary>KVM_RUN fails.</summary>
    internal static ExitOutcome Fail(Errno error) => new((int)error);
}
