using System.Text;

namespace LaKvm.Debugger.Monitor;

/// <summary>
/// The commands that people type: <c>monitor ...</c> in gdb. Each gives text, lines ended by a newline; none waits.
/// </summary>
public sealed class MonitorCommands
{
    private readonly SortedDictionary<string, MonitorCommand> _commands = new(StringComparer.Ordinal);

    /// <summary>Makes the table of all commands.</summary>
    public MonitorCommands()
    {
        Add(new("help", "[COMMAND]", "what commands there are", Help));
        LookCommands.AddTo(Add);
        MemoryLookCommands.AddTo(Add);
        LogCommands.AddTo(Add);
        LifeCommands.AddTo(Add);
    }

    /// <summary>Executes a line, which may be anything.</summary>
    public string Execute(MonitorContext context, string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        for (int length = Math.Min(words.Length, 2); length >= 1; length--)
        {
            if (_commands.TryGetValue(string.Join(' ', words[..length]), out MonitorCommand? command))
            {
                return Execute(command, context, words[length..]);
            }
        }

        return words.Length == 0 ? Help(context, []) : $"There is no command '{words[0]}'; 'help' lists all.\n";
    }

    private static string Execute(MonitorCommand command, MonitorContext context, string[] arguments)
    {
        try
        {
            return command.Execute(context, arguments);
        }
        catch (MonitorException e)
        {
            return $"{command.Name}: {e.Message}\n";
        }
    }

    private void Add(MonitorCommand command) => _commands.Add(command.Name, command);

    private string Help(MonitorContext context, string[] arguments)
    {
        string wanted = string.Join(' ', arguments);
        var text = new StringBuilder();
        foreach (MonitorCommand command in _commands.Values)
        {
            if (command.Name.StartsWith(wanted, StringComparison.Ordinal))
            {
                text.Append($"{command.Name + ' ' + command.Arguments,-32} {command.Purpose}\n");
            }
        }

        return text.Length == 0 ? throw new MonitorException($"there is no command '{wanted}'") : text.ToString();
    }
}

/// <summary>A command of the monitor.</summary>
/// <param name="Name">Its one or two words.</param>
/// <param name="Arguments">What may be behind them.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="Execute">Does it; returns text.</param>
internal sealed record MonitorCommand(
    string Name, string Arguments, string Purpose, Func<MonitorContext, string[], string> Execute);
