using System.Text;
using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Cli;

/// <summary>How a table is shown again and again.</summary>
internal enum StatStyle
{
    /// <summary>In its own place on a terminal that has nothing else to show.</summary>
    Screen,

    /// <summary>One behind the other, in a file or pipe.</summary>
    Log,

    /// <summary>Not at all: the terminal shows the guest's console.</summary>
    OnDemand,
}

/// <summary>Where the table of --stat goes.</summary>
internal sealed class StatOutput
{
    private readonly SafeFileHandle? _file;
    private readonly int _descriptor;
    private bool _broken;

    private StatOutput(SafeFileHandle? file, int descriptor, bool isJson = false)
    {
        IsJson = isJson;
        _file = file;
        _descriptor = descriptor;
        string? terminal = TerminalOf(descriptor);
        Style = terminal == null ? StatStyle.Log
            : terminal == TerminalOf(FileCalls.StandardOutput) ? StatStyle.OnDemand
            : StatStyle.Screen;
    }

    /// <summary>Whether the file takes one JSON text at the end instead of tables.</summary>
    internal bool IsJson { get; }

    /// <summary>How tables are shown there.</summary>
    internal StatStyle Style { get; }

    /// <summary>Opens a file, which is begun anew, or stderr.</summary>
    /// <exception cref="UserErrorException">The file cannot be written.</exception>
    internal static StatOutput Open(string? path)
    {
        if (path == null)
        {
            return new StatOutput(null, FileCalls.StandardError);
        }

        SafeFileHandle file = FileChecks.OpenForWriting(StatOption.Name, path);
        return new StatOutput(file, (int)file.DangerousGetHandle(),
            path.EndsWith(".json", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Shows a table in place of the one before, or behind it.</summary>
    internal void Show(string table) => Write(Style switch
    {
        // Home, each line with the rest of it erased, then what is below.
        StatStyle.Screen => "\e[H" + table.Replace("\n", "\e[K\n") + "\e[J",
        StatStyle.OnDemand => "\n" + table,
        _ => table + "\n",
    });

    /// <summary>Shows the summary and closes the file.</summary>
    internal void End(string summary)
    {
        Write(Style == StatStyle.Screen ? "\e[H\e[J" + summary : summary);
        _file?.Dispose();
    }

    private void Write(string text) =>
        _broken = _broken || FileCalls.WriteAll(_descriptor, Encoding.UTF8.GetBytes(text)) != 0;

    /// <summary>Name of the terminal that a descriptor leads to, or null.</summary>
    private static string? TerminalOf(int descriptor) => TerminalCalls.GetAttributes(descriptor, out _) == 0
        ? File.ResolveLinkTarget($"/proc/self/fd/{descriptor}", returnFinalTarget: false)?.FullName
        : null;
}
