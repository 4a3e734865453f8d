using System.Diagnostics;

namespace LaKvm.Tests.Support;

/// <summary>
/// QEMU and the cross compilers that tests/oracle/peers.sh installs: runs programs of that chroot on files of it.
/// </summary>
internal static class Peers
{
    private static readonly Lazy<string> RootDirectory = new(Install);

    /// <summary>The directory to chroot into; installs everything the first time.</summary>
    public static string Root => RootDirectory.Value;

    /// <summary>The working copy.</summary>
    public static string Repository { get; } = FindRepository();

    /// <summary>Makes an empty directory below <see cref="Root"/>/tmp, which the caller deletes.</summary>
    public static string CreateDirectory()
    {
        string directory = Path.Combine(Root, "tmp", Path.GetRandomFileName());
        return Directory.CreateDirectory(directory).FullName;
    }

    /// <summary>What a path below <see cref="Root"/> is called inside.</summary>
    public static string Inside(string path) => "/" + Path.GetRelativePath(Root, path);

    /// <summary>
    /// Describes a shell command that runs in a directory below <see cref="Root"/>, output and input redirected.
    /// </summary>
    public static ProcessStartInfo Command(string directory, string command) =>
        new("chroot", [Root, "sh", "-c", $"cd {Inside(directory)} && {command}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

    /// <summary>Runs a shell command in a directory below <see cref="Root"/> and returns its output.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it wrote to stderr.</exception>
    public static string Run(string directory, string command) => Finish(Command(directory, command));

    private static string Finish(ProcessStartInfo start)
    {
        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException($"{string.Join(' ', start.ArgumentList)}: {errors.Result}");
    }

    private static string Install() => Finish(new(Path.Combine(Repository, "tests/oracle/peers.sh"))
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    }).Trim();

    private static string FindRepository()
    {
        string directory = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(directory, "LaKvm.sln")))
        {
            directory = Path.GetDirectoryName(directory)
                ?? throw new InvalidOperationException("The tests do not run inside the working copy.");
        }

        return directory;
    }
}
