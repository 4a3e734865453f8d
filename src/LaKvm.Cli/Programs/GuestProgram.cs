using System.Text;
using LaKvm.Images.Initramfs;

namespace LaKvm.Cli;

/// <summary>
/// A program for the guest, <c>lakvm host -- PROGRAM ARGS</c>: it is run in the current directory, which is shared with
/// the guest, in the place of a shell; its exit code is the process's.
/// </summary>
/// <param name="Words">The program and its arguments.</param>
/// <param name="Directory">The directory to run it in.</param>
internal sealed record GuestProgram(IReadOnlyList<string> Words, string Directory)
{
    /// <summary>
    /// Words for the kernel: nothing on the console that the program did not write, and an end instead of a wait after
    /// a panic.
    /// </summary>
    internal const string KernelWords = "quiet loglevel=1 panic=-1";

    /// <summary>The share's tag.</summary>
    internal const string Tag = "lakvm-program";

    // What /init looks for, and the function there that gets the rest.
    private const string Script = "program.sh", Function = "run_program";

    /// <summary>The directory as a share.</summary>
    internal ShareOption Share => new(Directory, Tag, false);

    /// <summary>What the initial RAM disk has for it: an archive that belongs behind the packaged one.</summary>
    internal byte[] Archive(ProgramStreams streams)
    {
        IEnumerable<string> words = streams.GuestNames.Prepend(Directory).Concat(Words).Select(Quote);
        return ExtraFiles.Archive(Script, Encoding.UTF8.GetBytes($"{Function} {string.Join(' ', words)}\n"));
    }

    /// <summary>A word as a shell takes it literally.</summary>
    internal static string Quote(string word) => $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
