using LaKvm.Hypervisor;
using LaKvm.Ioctl;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>
/// What a path leads to: /dev/kvm, some files of /proc and /sys and all of /dev/shm are made here; for others the root
/// directory that was given comes first, then the computer's own.
/// </summary>
internal static class Paths
{
    private const int CloseOnExec = FileCalls.CloseOnExec;

    /// <summary>openat: a file, or a negative error number. KVM's device is no <see cref="UserFile"/>.</summary>
    internal static long Open(UserProcess process, int directory, string path, int flags, int mode, out UserFile? file)
    {
        file = null;
        string full = Absolute(process, directory, path, out int start);
        if (full.StartsWith(SharedFiles.Directory, StringComparison.Ordinal))
        {
            return process.Kernel.SharedFiles.Open(process.Memory.Pages, full, flags, out file);
        }

        if (SystemTexts.Find(process, full) is { } text)
        {
            file = new TextFile(full, text);
            return 0;
        }

        long fd = PathCalls.Open(start, Place(process, full), flags & ~CloseOnExec, mode);
        if (fd >= 0)
        {
            file = new HostFile((int)fd, full);
        }

        return fd;
    }

    /// <summary>
    /// A path from the root on; one that begins at an open directory stays relative to <paramref name="start"/>.
    /// </summary>
    internal static string Absolute(UserProcess process, int directory, string path, out int start)
    {
        start = PathCalls.WorkingDirectory;
        if (path.StartsWith('/') || path.Length == 0)
        {
            return Normal(process, path);
        }

        if (directory == PathCalls.WorkingDirectory)
        {
            return Normal(process, Path.Combine(process.WorkingDirectory, path));
        }

        if (process.Host.Find(directory) is HostFile open)
        {
            start = open.Number;
        }

        return path;
    }

    /// <summary>Where a path is on the computer.</summary>
    internal static string Place(UserProcess process, string full)
    {
        if (process.Kernel.Options.Root is not { } root || !full.StartsWith('/'))
        {
            return full;
        }

        string inRoot = root.TrimEnd('/') + full;
        return Path.Exists(inRoot) ? inRoot : full;
    }

    /// <summary>The target of a link that is made here, or null.</summary>
    internal static string? LinkOf(UserProcess process, string full)
    {
        if (full == "/proc/self/exe")
        {
            return process.Executable;
        }

        const string descriptors = "/proc/self/fd/";
        return full.StartsWith(descriptors, StringComparison.Ordinal)
            && int.TryParse(full[descriptors.Length..], out int fd)
            ? process.Host.Find(fd)?.Name
            : null;
    }

    /// <summary>The process's own name in /proc is what programs mean by "self".</summary>
    private static string Normal(UserProcess process, string path)
    {
        string own = $"/proc/{process.Id}/";
        return path.StartsWith(own, StringComparison.Ordinal) ? "/proc/self/" + path[own.Length..]
            : path == HostProcess.KvmDevice ? path
            : path.Contains("/../", StringComparison.Ordinal) || path.EndsWith("/..", StringComparison.Ordinal) ? path
            : path.Replace("/./", "/", StringComparison.Ordinal);
    }
}
