using System.Diagnostics;
using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests.Programs;

/// <summary>
/// The programs of tests/corpus, built once for all tests: a disk image of executables, and what they should print.
/// </summary>
public sealed class Corpus : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lakvm-corpus-");

    /// <summary>Builds all variants.</summary>
    public Corpus()
    {
        string programs = Path.Combine(_directory.FullName, "programs");
        Tool(Path.Combine(LakvmProcess.Root, "tests/corpus/build.sh"), [programs, .. Variants]);
        Image = Path.Combine(_directory.FullName, "corpus.img");
        Tool("truncate", "-s", "64M", Image);
        Tool("/usr/sbin/mke2fs", "-q", "-t", "ext4", "-d", programs, Image);
        Expected = Sections(Tool(Path.Combine(programs, "native")));
    }

    /// <summary>Compilers and levels of optimization, as build.sh names them.</summary>
    public static string[] Variants { get; } =
        ["gcc-scalar", "gcc-O0", "gcc-O2", "gcc-O3-lsx", "gcc-O3-lasx", "clang-O2", "clang-O3-lasx"];

    /// <summary>An ext4 image with an executable for each variant.</summary>
    public string Image { get; }

    /// <summary>What each program prints on this computer.</summary>
    public IReadOnlyDictionary<string, string> Expected { get; }

    /// <summary>Splits an executable's output into its programs'.</summary>
    public static Dictionary<string, string> Sections(string output) =>
        output.ReplaceLineEndings("\n").Split("== ", StringSplitOptions.RemoveEmptyEntries)
            .Select(section => section.Split('\n', 2))
            .ToDictionary(part => part[0], part => part.ElementAtOrDefault(1) ?? "");

    public void Dispose() => _directory.Delete(recursive: true);

    private static string Tool(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(
            program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.Should().Be(0, "{0} must succeed; it said {1}", program, errors.Result);
        return output;
    }
}
