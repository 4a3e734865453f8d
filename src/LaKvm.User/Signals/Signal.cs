namespace LaKvm.User;

/// <summary>Signal numbers and what they do by default (signal(7)).</summary>
internal static class Signal
{
#pragma warning disable CS1591, SA1600 // The names are Linux's.
    internal const int Hup = 1, Int = 2, Quit = 3, Ill = 4, Trap = 5, Abrt = 6, Bus = 7, Fpe = 8, Kill = 9, Segv = 11;
    internal const int Pipe = 13, Alrm = 14, Term = 15, Chld = 17, Cont = 18, Stop = 19, Tstp = 20, Ttin = 21,
        Ttou = 22;
    internal const int Urg = 23, Winch = 28, Count = 64;
#pragma warning restore CS1591, SA1600

    /// <summary>The bit of a signal in a set.</summary>
    internal static ulong Bit(int number) => 1UL << (number - 1);

    /// <summary>What no mask keeps out.</summary>
    internal static readonly ulong Unblockable = Bit(Kill) | Bit(Stop);

    /// <summary>
    /// Whether nothing happens by default. Stopping is not among what processes can do here: it does nothing either.
    /// </summary>
    internal static bool IsIgnoredByDefault(int number) =>
        number is Chld or Cont or Urg or Winch or Stop or Tstp or Ttin or Ttou;
}

/// <summary>
/// What a handler is told of a signal (siginfo_t): its number, error, code, and two words that depend on it.
/// </summary>
internal readonly record struct SignalInfo(int Number, int Code, ulong First = 0, ulong Second = 0)
{
    /// <summary>Where signals come from: a process, the kernel, a thread.</summary>
    internal const int User = 0, Kernel = 0x80, Thread = -6;

    /// <summary>What a process sends: its number and its user.</summary>
    internal static SignalInfo FromProcess(int number, int process, int code = User) =>
        new(number, code, (uint)process);
}

/// <summary>What a process does with a signal (struct sigaction of the kernel).</summary>
internal readonly record struct SignalAction(ulong Handler, ulong Flags, ulong Mask)
{
#pragma warning disable CS1591, SA1600 // The names are Linux's.
    internal const ulong Default = 0, Ignore = 1;
    internal const ulong SigInfo = 4, OnStack = 0x0800_0000, Restart = 0x1000_0000, NoDefer = 0x4000_0000;
    internal const ulong ResetHand = 0x8000_0000;
#pragma warning restore CS1591, SA1600
}
