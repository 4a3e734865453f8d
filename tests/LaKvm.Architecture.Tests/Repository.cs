using System.Diagnostics;

namespace LaKvm.Architecture.Tests;

/// <summary>
/// The working copy that the tests were built from, as git knows it: what is ignored is not looked at.
/// </summary>
internal static class Repository
{
    internal static string Root { get; } = FindRoot();

    /// <summary>Paths of all files that are tracked or about to be, relative to the root.</summary>
    internal static IReadOnlyList<string> Files { get; } = ListFiles();

    internal static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    internal static bool IsText(string file)
    {
        using FileStream stream = File.OpenRead(Path.Combine(Root, file));
        Span<byte> head = stackalloc byte[4096];
        return !head[..stream.Read(head)].Contains((byte)0);
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory != null && !File.Exists(Path.Combine(directory, "LaKvm.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return directory ?? throw new InvalidOperationException("The tests do not run inside the working copy.");
    }

    private static string[] ListFiles()
    {
        var start = new ProcessStartInfo("git",
            ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        {
            WorkingDirectory = Root,
            RedirectStandardOutput = true,
        };
        using Process git = Process.Start(start)!;
        string[] files = git.StandardOutput.ReadToEnd().Split('\0', StringSplitOptions.RemoveEmptyEntries);
        git.WaitForExit();
        return git.ExitCode == 0
            ? [.. files.Where(file => File.Exists(Path.Combine(Root, file)))]
            : throw new InvalidOperationException("git cannot list the working copy's files.");
    }
}
