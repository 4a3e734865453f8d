namespace LaKvm.User;

/// <summary>Negative error numbers, as system calls return them (errno(3)).</summary>
internal static class Fail
{
#pragma warning disable CS1591, SA1600 // The names are Linux's without their E.
    internal const long Perm = -1, NoEnt = -2, Srch = -3, Intr = -4, Io = -5, NoExec = -8, BadF = -9, Child = -10;
    internal const long Again = -11, NoMem = -12, Access = -13, Fault = -14, Busy = -16, Exist = -17, NoDev = -19;
    internal const long NotDir = -20, IsDir = -21, Inval = -22, NoTty = -25, NoSpc = -28, SPipe = -29, Range = -34;
    internal const long NameTooLong = -36, NoSys = -38, OpNotSupp = -95, TimedOut = -110;
#pragma warning restore CS1591, SA1600

    /// <summary>
    /// A signal came first: the call begins anew, or fails with EINTR, as the signal's handler says. No program sees
    /// this number (Linux: ERESTARTSYS).
    /// </summary>
    internal const long Restart = -512;

    /// <summary>The same for a call that a handler always ends (Linux: ERESTARTNOHAND).</summary>
    internal const long RestartWithoutHandler = -514;
}
