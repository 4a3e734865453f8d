using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Linux;

/// <summary>What a machine has that needs more than the calls of every running machine.</summary>
[Flags]
public enum MachineNeeds
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>A network: connections are made, and made anew by a machine that resets.</summary>
    Network = 1,

    /// <summary>A share: files are opened, made, moved and removed.</summary>
    Share = 2,

    /// <summary>A network on which connections come in: ports listen.</summary>
    Listening = 4,

    /// <summary>
    /// Doors for debuggers and others that command it: their connections are taken, at places that listen already.
    /// </summary>
    Doors = 8,
}

/// <summary>
/// Gives up what a process does not need any more, for good: system calls (seccomp(2)), and files and connections
/// (Landlock, landlock(7)).
/// </summary>
public static unsafe partial class Confinement
{
    private const int NoNewPrivileges = 38, PathOnly = 0x20_0000;
    private const nint FilterMode = 1, AllThreads = 1, RuleOfPath = 1, AskVersion = 1;

    // Access rights of Landlock: execute, write, read a file, read a directory; and all that its first version knows.
    private const ulong ReadFile = 4, ReadDirectory = 8, FirstRights = 0x1FFF;
    private const ulong Refer = 0x2000, Truncate = 0x4000, BindAndConnect = 3, SocketsAndSignals = 3;

    // All but execution and the making of devices.
    private const ulong SharedRights = (FirstRights & ~0x841UL) | Refer | Truncate;

    /// <summary>Whether this computer's processor is one that the list of calls is for.</summary>
    public static bool KnowsCalls => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>
    /// Allows all threads only the calls that a running machine needs. From here on nothing opens for writing, starts
    /// programs or gains rights.
    /// </summary>
    /// <param name="needs">What the machine has that needs more.</param>
    /// <returns>False if the kernel cannot; then nothing has changed.</returns>
    public static bool TryLimitCalls(MachineNeeds needs)
    {
        if (!KnowsCalls || ProcessCalls.ProcessControl(NoNewPrivileges, 1, 0, 0, 0) != 0)
        {
            return false;
        }

        var filter = new SystemCallFilter(Environment.ProcessId, needs);
        fixed (SystemCallFilter.Instruction* program = filter.Program)
        {
            var description = new ProgramDescription { Length = (ushort)filter.Program.Length, Program = program };
            return SystemCall(Number(317, 277), FilterMode, AllThreads, (nint)(&description), 0) == 0;
        }
    }

    /// <summary>
    /// Allows this thread, and those it starts, to read below some paths, and to open nothing else.
    /// </summary>
    /// <param name="paths">Files and directories; those that do not exist are no loss.</param>
    /// <param name="shares">Directories below which everything may change.</param>
    /// <param name="needs">What the machine has that needs more.</param>
    /// <returns>False if the kernel cannot; then nothing has changed.</returns>
    public static bool TryLimitFiles(IEnumerable<string> paths, IEnumerable<string> shares, MachineNeeds needs)
    {
        nint version = SystemCall(444, 0, 0, AskVersion, 0);
        if (version < 1 || ProcessCalls.ProcessControl(NoNewPrivileges, 1, 0, 0, 0) != 0)
        {
            return false;
        }

        using SafeFileHandle rules = CreateRules((int)version, needs.HasFlag(MachineNeeds.Network));
        if (rules.IsInvalid)
        {
            return false;
        }

        foreach (string path in paths)
        {
            Allow(rules, path, ReadFile | (FileCalls.KindOf(path) == FileKind.Directory ? ReadDirectory : 0));
        }

        foreach (string share in shares)
        {
            Allow(rules, share, SharedRights & RightsOf((int)version));
        }

        return SystemCall(446, (int)rules.DangerousGetHandle(), 0, 0, 0) == 0;
    }

    private static SafeFileHandle CreateRules(int version, bool network)
    {
        // struct landlock_ruleset_attr grew with the versions; an older kernel must not see what it does not know.
        ulong* rights = stackalloc ulong[3];
        rights[0] = RightsOf(version);
        rights[1] = version >= 4 && !network ? BindAndConnect : 0;
        rights[2] = version >= 6 ? SocketsAndSignals : 0;
        int words = version >= 6 ? 3 : version >= 4 ? 2 : 1;
        return new SafeFileHandle(SystemCall(444, (nint)rights, words * sizeof(ulong), 0, 0), ownsHandle: true);
    }

    private static ulong RightsOf(int version) =>
        FirstRights | (version >= 2 ? Refer : 0) | (version >= 3 ? Truncate : 0);

    private static void Allow(SafeFileHandle rules, string path, ulong rights)
    {
        using SafeFileHandle target = FileCalls.Open(path, PathOnly);
        if (!target.IsInvalid)
        {
            var rule = new PathRule
            {
                Rights = rights,
                Path = (int)target.DangerousGetHandle(),
            };
            _ = SystemCall(445, (int)rules.DangerousGetHandle(), RuleOfPath, (nint)(&rule), 0);
        }
    }

    private static nint Number(nint x64, nint others) => KnowsCalls ? x64 : others;

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint SystemCall(nint number, nint first, nint second, nint third, nint fourth);

    /// <summary>struct sock_fprog.</summary>
    private struct ProgramDescription
    {
        internal ushort Length;
        internal SystemCallFilter.Instruction* Program;
    }

    /// <summary>struct landlock_path_beneath_attr.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private struct PathRule
    {
        internal ulong Rights;
        internal int Path;
    }
}
