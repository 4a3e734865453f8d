using System.Globalization;
using LaKvm.Debugger.Monitor;

namespace LaKvm.Control;

/// <summary>Somebody at the monitor: lines in, text out. The core that is looked at is the session's.</summary>
/// <param name="desk">The machine.</param>
public sealed class MonitorSession(MachineDesk desk)
{
    /// <summary>What stands where the next line is typed.</summary>
    public const string Prompt = "(lakvm) ";

    private int _cpu;

    /// <summary>What a session begins with.</summary>
    public static string Greeting => "LaKvm's monitor; 'help' lists all commands.\n" + Prompt;

    /// <summary>Executes a line; returns what is shown, the next prompt included.</summary>
    public string Execute(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        string text = words switch
        {
            [] => "",
            ["cpu"] => $"Core {_cpu}; 'cpu N' looks at another.\n",
            ["cpu", var number] => Select(number),
            _ => desk.Execute(line, _cpu).Text,
        };
        return text + Prompt;
    }

    private string Select(string number)
    {
        int count = desk.Machine?.Processes[0].Threads.Count ?? 0;
        if (!int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out int cpu) || cpu >= count)
        {
            return $"There is no core '{number}'.\n";
        }

        _cpu = cpu;
        return "";
    }
}
