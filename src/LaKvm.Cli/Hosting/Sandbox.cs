using LaKvm.Linux;
using Microsoft.Extensions.Logging;

namespace LaKvm.Cli;

/// <summary>Whether a guest's run is confined.</summary>
internal enum SandboxMode
{
    /// <summary>As far as this computer can.</summary>
    Auto,

    /// <summary>Completely, or there is no run.</summary>
    On,

    /// <summary>Not at all.</summary>
    Off,
}

/// <summary>
/// What is left of a guest that breaks out of its machine: the process gives up what it does not need before the
/// guest's first instruction. Files are open by then; all threads keep only the system calls of a running machine, and
/// those that run the guest and its devices may in addition read nothing but the runtime's own parts and the files to
/// boot.
/// </summary>
internal static class Sandbox
{
    internal const string Option = "--sandbox";

    /// <summary>What the runtime and the C library may read late: parts, limits, time zones, names.</summary>
    private static readonly string[] Late = ["/proc", "/sys", "/dev", "/etc", "/usr", "/lib", "/lib64"];

    /// <summary>Where /etc/resolv.conf may lead to, which is read anew from time to time.</summary>
    private static readonly string[] NameServers = ["/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"];

    /// <summary>Confines the process, and still more the calling thread with all that it starts.</summary>
    /// <exception cref="UserErrorException">That is not possible, and the user insists on it.</exception>
    internal static void Enter(GuestOptions options, ILogger log)
    {
        if (options.Sandbox == SandboxMode.Off)
        {
            return;
        }

        bool isUser = options.Networks.OfType<UserNetworkOption>().Any();
        MachineNeeds needs = (options.Networks.Count > 0 ? MachineNeeds.Network : MachineNeeds.None)
            | (isUser ? MachineNeeds.Listening : MachineNeeds.None)
            | (options.Shares.Count > 0 ? MachineNeeds.Share : MachineNeeds.None)
            | (options.Doors.IsAny ? MachineNeeds.Doors : MachineNeeds.None);
        ILookup<bool, string> shares = options.Shares.ToLookup(share => share.ReadOnly, share => share.Path);
        bool files = Confinement.TryLimitFiles(
            [.. Late, .. isUser ? NameServers : [], AppContext.BaseDirectory, .. options.Files(), .. shares[true]],
            shares[false], needs);
        bool calls = Confinement.TryLimitCalls(needs);
        if (!(files && calls) && options.Sandbox == SandboxMode.On)
        {
            throw new UserErrorException($"{Option}: this computer has no {(calls ? "Landlock" : "seccomp filters")}.");
        }

        if (log.IsEnabled(LogLevel.Debug))
        {
            log.LogDebug("Confined by seccomp: {Calls}, by Landlock: {Files}", calls, files);
        }
    }
}
