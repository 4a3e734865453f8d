using System.Globalization;
using System.Runtime.InteropServices;

namespace LaKvm.Linux;

/// <summary>A bound on the process's memory.</summary>
/// <param name="Bytes">How much it allows.</param>
/// <param name="Owner">Who sets it, as the object of a sentence: "this computer has", "… allows".</param>
public readonly record struct MemoryLimit(ulong Bytes, string Owner);

/// <summary>What the computer, the process's limits (setrlimit(2)) and its control groups allow it.</summary>
public static partial class ResourceLimits
{
    // The runtime keeps two for each of the program's 55 libraries and needs some itself.
    private const ulong LeastOpenFiles = 200;

    private const int OpenFiles = 7, AddressSpace = 9;

    /// <summary>
    /// The sentence for a process that may not open the files that it cannot do without; null if it may.
    /// </summary>
    public static string? Shortage() =>
        Get(OpenFiles) is { } files && files < LeastOpenFiles
        ? $"There is too little to start with: {OpenFilesExhausted(LinuxError.ProcessFiles)}."
        : null;

    /// <summary>The narrowest bound on the memory that the process may use.</summary>
    public static MemoryLimit Memory() => Bounds().MinBy(limit => limit.Bytes);

    /// <summary>
    /// Why addresses for more memory were refused: a sentence about the limit on the address space if there is one,
    /// else about the memory.
    /// </summary>
    public static string MemoryRefused(ulong bytes)
    {
        string refused = $"Linux refuses {Format(bytes)} of memory";
        return Get(AddressSpace) is { } limit
            ? $"{refused}: the process may have {Format(limit)} of addresses (ulimit -v)."
            : $"{refused}: {LinuxError.Describe(LinuxError.NoMemory)}.";
    }

    /// <summary>Why no file can be opened any more.</summary>
    /// <param name="error">EMFILE or ENFILE.</param>
    internal static string OpenFilesExhausted(int error) => error == LinuxError.SystemFiles
        ? "this computer has no room for more open files"
        : string.Create(CultureInfo.InvariantCulture,
        $"the process may have {Get(OpenFiles) ?? 0} open files (ulimit -n)");

    /// <summary>
    /// The sentence for an exception of .NET that comes from an exhausted resource; null for all others.
    /// </summary>
    public static string? Explain(Exception exception) => exception switch
    {
        LinuxException => null,
        IOException { HResult: LinuxError.ProcessFiles or LinuxError.SystemFiles } e =>
        $"No more files can be opened: {OpenFilesExhausted(e.HResult)}.",
        OutOfMemoryException { StackTrace: { } trace } when ThrownByThread(trace) =>
            "No more threads can be made: the process's user (ulimit -u), its control group (pids.max) or its memory "
            + "is at its limit.",
        _ => null,
    };

    /// <summary>Whether the innermost frame is the runtime's start of a thread.</summary>
    private static bool ThrownByThread(string trace) =>
        trace.AsSpan().TrimStart().StartsWith("at System.Threading.Thread.", StringComparison.Ordinal);

    private static IEnumerable<MemoryLimit> Bounds()
    {
        yield return new MemoryLimit((ulong)Environment.SystemPageSize * PhysicalPages(), "this computer has");
        if (Get(AddressSpace) is { } addresses)
        {
            yield return new MemoryLimit(addresses, "the process may have addresses for (ulimit -v)");
        }

        foreach (ulong bytes in ControlGroups())
        {
            yield return new MemoryLimit(bytes, "the process's control group allows");
        }
    }

    private static ulong PhysicalPages()
    {
        const int physicalPages = 85; // _SC_PHYS_PAGES of glibc and musl
        return (ulong)SystemConfiguration(physicalPages);
    }

    /// <summary>
    /// What the process's control group and those it is in allow, in either version of control groups.
    /// </summary>
    private static IEnumerable<ulong> ControlGroups()
    {
        const string root = "/sys/fs/cgroup";
        foreach (string line in ReadLines("/proc/self/cgroup"))
        {
            // number:controllers:path; version 2 has no controllers there.
            if (line.Split(':', 3) is [_, var controllers, var path] && controllers is "" or "memory")
            {
                bool isFirst = controllers.Length > 0;
                foreach (ulong bytes in LimitsUpwards(
                    isFirst ? root + "/memory" : root, path, isFirst ? "memory.limit_in_bytes" : "memory.max"))
                {
                    yield return bytes;
                }
            }
        }
    }

    private static IEnumerable<ulong> LimitsUpwards(string root, string path, string file)
    {
        for (string? group = path; !string.IsNullOrEmpty(group); group = Path.GetDirectoryName(group))
        {
            foreach (string line in ReadLines($"{root}{group.TrimEnd('/')}/{file}"))
            {
                if (ulong.TryParse(line, CultureInfo.InvariantCulture, out ulong bytes))
                {
                    yield return bytes;
                }
            }
        }
    }

    private static string[] ReadLines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    internal static string Format(ulong bytes) =>
        string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1 << 20):0.#} MiB");

    /// <summary>The soft limit, or null without one.</summary>
    private static ulong? Get(int resource) =>
        GetLimit(resource, out Limit limit) == 0 && limit.Soft != ulong.MaxValue ? limit.Soft : null;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, out Limit limit);

    [LibraryImport("libc", EntryPoint = "sysconf")]
    private static partial nint SystemConfiguration(int name);

    private struct Limit
    {
        internal ulong Soft;
        internal ulong Hard;
    }
}
