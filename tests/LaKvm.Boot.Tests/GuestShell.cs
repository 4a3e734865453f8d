using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests;

/// <summary>A Debian guest with a shell on its console: types commands and reads their output.</summary>
internal sealed class GuestShell : IDisposable
{
    // A boot takes seconds on a free computer; a shared one may need this long.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private static readonly Lazy<bool> Image = new(FetchImage);

    /// <summary>Where the packaged kernel and initial RAM disk are.</summary>
    internal static string ImageDirectory { get; } = Path.Combine(
        Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
        "lakvm/images/debian");

    private readonly LakvmProcess _lakvm;
    private int _position;
    private int _commands;

    internal GuestShell(params string[] arguments)
    {
        EnsureImage();
        _lakvm = new LakvmProcess(arguments);
        WaitForPrompt();
    }

    /// <summary>Waits for the prompt of a boot.</summary>
    internal void WaitForPrompt() => Read("~ # ");

    /// <summary>
    /// Runs a command in the guest and returns what it printed. <paramref name="longer"/> is what the command takes by
    /// itself.
    /// </summary>
    internal string Run(string command, TimeSpan longer = default)
    {
        // The quotes keep the echo of the typed line from looking like the end of the output.
        int number = ++_commands;
        string end = $"end {number}\r\n";
        _lakvm.Type($"{command}; echo 'end'' {number}'\n");
        Read($"'end'' {number}'\r\n");
        string output = Read(end, longer);
        WaitForPrompt();
        return output[..^end.Length].ReplaceLineEndings("\n");
    }

    /// <summary>Types a command that ends the guest, or the boot.</summary>
    internal void Type(string command) => _lakvm.Type(command + "\n");

    /// <summary>Sends a signal to the process.</summary>
    internal void Signal(int number) => _lakvm.Signal(number);

    /// <summary>Waits for the end of the process.</summary>
    internal int WaitForExit() => _lakvm.WaitForExit(Patience).ExitCode;

    public void Dispose() => _lakvm.Dispose();

    /// <summary>
    /// Fetches the Debian image, unless what is in the cache is what this version makes of Debian's packages.
    /// </summary>
    internal static void EnsureImage() => _ = Image.Value;

    private string Read(string text, TimeSpan longer = default)
    {
        string output = _lakvm.Expect(text, Patience + longer, _position);
        string read = output[_position..];
        _position = output.Length;
        return read;
    }

    private static bool FetchImage()
    {
        using var fetch = new LakvmProcess("images", "fetch", "debian");
        (int exitCode, _, string errors) = fetch.WaitForExit(Patience);
        exitCode.Should().Be(0, errors);
        return true;
    }
}
