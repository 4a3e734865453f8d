using System.ComponentModel;
using System.Diagnostics;

namespace LaKvm.Images;

/// <summary>Runs a program of the host, such as apt-get or dpkg-deb.</summary>
internal sealed class HostTool
{
    private readonly string _program;
    private readonly string _package;

    /// <param name="program">Name in PATH, or a path.</param>
    /// <param name="package">Debian package that has it, for the message when it is missing.</param>
    internal HostTool(string program, string package)
    {
        _program = program;
        _package = package;
    }

    /// <summary>Runs to the end and hands over each line of its output; its complaint becomes an exception.</summary>
    /// <exception cref="ImageFetchException">The program is missing or failed.</exception>
    internal Task RunAsync(
        IEnumerable<string> arguments, Action<string> onLine, CancellationToken cancel, string? directory = null) =>
        RunAsync(arguments, directory, default, output => ReadLinesAsync(output, onLine, cancel), cancel);

    /// <summary>Sends bytes through the program.</summary>
    /// <exception cref="ImageFetchException">The program is missing or failed.</exception>
    internal async Task<byte[]> FilterAsync(
        IEnumerable<string> arguments, ReadOnlyMemory<byte> input, CancellationToken cancel)
    {
        var result = new MemoryStream();
        await RunAsync(arguments, null, input, output => output.CopyToAsync(result, cancel), cancel);
        return result.ToArray();
    }

    /// <summary>Runs the program and lets <paramref name="read"/> take its output as it comes.</summary>
    /// <exception cref="ImageFetchException">The program is missing or failed.</exception>
    internal Task StreamAsync(IEnumerable<string> arguments, Func<Stream, Task> read, CancellationToken cancel) =>
        RunAsync(arguments, null, default, read, cancel);

    private async Task RunAsync(
        IEnumerable<string> arguments, string? directory, ReadOnlyMemory<byte> input, Func<Stream, Task> read,
        CancellationToken cancel)
    {
        using Process process = Start(arguments, directory);
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(cancel);
            Task write = WriteAsync(process.StandardInput.BaseStream, input, cancel);
            await read(process.StandardOutput.BaseStream);
            await write;
            string complaint = await errors;
            await process.WaitForExitAsync(cancel);
            if (process.ExitCode != 0)
            {
                throw new ImageFetchException($"{_program} failed: {FirstError(complaint, process.ExitCode)}");
            }
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    private Process Start(IEnumerable<string> arguments, string? directory)
    {
        var start = new ProcessStartInfo(_program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? "",
        };
        start.Environment["LC_ALL"] = "C.UTF-8"; // messages and numbers as the parsers expect them
        start.Environment["DEBIAN_FRONTEND"] = "noninteractive";
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new ImageFetchException(
                $"{_program} is needed to fetch images and cannot be run; on Debian it is in the package {_package}.",
                e);
        }
    }

    private static async Task WriteAsync(Stream stream, ReadOnlyMemory<byte> input, CancellationToken cancel)
    {
        try
        {
            await stream.WriteAsync(input, cancel);
            stream.Close();
        }
        catch (IOException)
        {
            // The program stopped reading; its exit code and words tell why.
        }
    }

    private static async Task ReadLinesAsync(Stream output, Action<string> onLine, CancellationToken cancel)
    {
        using var reader = new StreamReader(output);
        while (await reader.ReadLineAsync(cancel) is { } line)
        {
            onLine(line);
        }
    }

    /// <summary>apt and dpkg mark errors with "E:" and "error:"; warnings may precede them.</summary>
    private static string FirstError(string complaint, int exitCode)
    {
        string[] lines = complaint.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string? line = lines.FirstOrDefault(l => l.StartsWith("E:") || l.Contains("error:")) ?? lines.LastOrDefault();
        return line == null ? $"exit code {exitCode}." : line.Replace("E: ", "").TrimEnd('.') + ".";
    }
}
