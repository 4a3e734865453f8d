using System.Diagnostics;
using System.Text;

namespace LaKvm.Cli.Tests;

/// <summary>The program as a user starts it: the executable that the build of src/LaKvm.Cli has made.</summary>
internal sealed class LakvmProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly Task _reader;
    private readonly Task<string> _errors;

    internal LakvmProcess(params string[] arguments)
        : this(Executable, arguments)
    {
    }

    private LakvmProcess(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _errors = _process.StandardError.ReadToEndAsync();
        _reader = Task.Run(ReadOutput);
    }

    /// <summary>The working copy's top directory.</summary>
    internal static string Root { get; } = FindRoot();

    internal static string Executable { get; } = FindExecutable();

    /// <summary>All that came on stdout so far.</summary>
    internal string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Runs a shell command on a terminal of its own, with the program's path as $lakvm.</summary>
    internal static LakvmProcess OnTerminal(string command) =>
        new("script", ["--quiet", "--return", "--command", $"lakvm='{Executable}'; {command}", "/dev/null"]);

    /// <summary>
    /// Runs a command of bash, with the program's path as $lakvm; "exec $lakvm" makes the process the program's.
    /// </summary>
    internal static LakvmProcess OfShell(string command) => new("bash", ["-c", $"lakvm='{Executable}'; {command}"]);

    /// <summary>The process's number.</summary>
    internal int Id => _process.Id;

    /// <summary>Types at the console.</summary>
    internal void Type(string text)
    {
        _process.StandardInput.Write(text);
        _process.StandardInput.Flush();
    }

    /// <summary>Goes away as the reader of stdout.</summary>
    internal void CloseOutput() => _process.StandardOutput.Close();

    /// <summary>Sends a signal.</summary>
    internal void Signal(int number)
    {
        using Process kill = Process.Start("kill", [$"-{number}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    internal void EndInput() => _process.StandardInput.Close();

    /// <summary>Waits for a text on stdout, behind what earlier calls found. Fails with what came instead.</summary>
    internal string Expect(string text, TimeSpan patience, int from = 0)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            bool ended = _reader.IsCompleted;
            string output = Output;
            if (output.IndexOf(text, from, StringComparison.Ordinal) is var found and >= 0)
            {
                return output[..(found + text.Length)];
            }

            if (ended || watch.Elapsed > patience)
            {
                string why = ended
                    ? $"the process ended with {_process.ExitCode} ({_errors.Result})"
                    : "it did not come";
                throw new TimeoutException(
                    $"Waiting for '{text}': {why}. Output: …{output[Math.Max(0, output.Length - 4000)..]}");
            }

            Thread.Sleep(20);
        }
    }

    /// <summary>Waits for the end of the process.</summary>
    internal (int ExitCode, string Output, string Errors) WaitForExit(TimeSpan patience)
    {
        if (!_process.WaitForExit(patience))
        {
            throw new TimeoutException($"lakvm does not end. Output: {Output}");
        }

        _reader.Wait();
        return (_process.ExitCode, Output, _errors.Result);
    }

    /// <summary>Runs the program to its end without any input.</summary>
    internal static (int ExitCode, string Output, string Errors) Run(params string[] arguments)
    {
        using var process = new LakvmProcess(arguments);
        process.EndInput();
        return process.WaitForExit(TimeSpan.FromSeconds(30));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private void ReadOutput()
    {
        char[] buffer = new char[4096];
        try
        {
            int count;
            while ((count = _process.StandardOutput.Read(buffer)) > 0)
            {
                lock (_output)
                {
                    _output.Append(buffer, 0, count);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // CloseOutput
        }
    }

    private static string FindRoot()
    {
        string root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "LaKvm.sln")))
        {
            root = Path.GetDirectoryName(root) ?? throw new InvalidOperationException("Not inside the working copy.");
        }

        return root;
    }

    private static string FindExecutable()
    {
        // The tests' own output folder tells the configuration and the framework: …/bin/Release/net10.0.
        string[] folders = AppContext.BaseDirectory.TrimEnd('/').Split('/');
        return Path.Combine(Root, "src/LaKvm.Cli/bin", folders[^2], folders[^1], "app/lakvm");
    }
}
