using System.Text;

namespace LaKvm.Debugger.Monitor;

/// <summary>
/// The one layer of commands behind all doors: <c>monitor ...</c> in gdb, the monitor that people type at, QMP's
/// <c>human-monitor-command</c>, and HTTP. None waits for long.
/// </summary>
public sealed class MonitorCommands
{
    private readonly SortedDictionary<string, MonitorCommand> _commands = new(StringComparer.Ordinal);

    /// <summary>Makes the table of all commands.</summary>
    public MonitorCommands()
    {
        Add(new("help", "[COMMAND]", "what commands there are", Help) { NeedsRest = false });
        LookCommands.AddTo(Add);
        MemoryLookCommands.AddTo(Add);
        BoardCommands.AddTo(Add);
        DumpCommands.AddTo(Add);
        LogCommands.AddTo(Add);
        LifeCommands.AddTo(Add);
    }

    /// <summary>All commands, by name.</summary>
    public IEnumerable<CommandDescription> All =>
        _commands.Values.Select(command => new CommandDescription(command.Name, command.Arguments, command.Purpose));

    /// <summary>Executes a line, which may be anything, on a machine that is paused if it has to be.</summary>
    public CommandResult Execute(MonitorContext context, string line)
    {
        (MonitorCommand? command, string[] words) = Find(line);
        return command != null ? Execute(command, context, words)
            : words.Length == 0 ? Help(context, [])
            : CommandResult.Failure($"There is no command '{words[0]}'; 'help' lists all.");
    }

    /// <summary>Executes a line on a machine that may be running, which it pauses for as long if it has to.</summary>
    /// <param name="machine">The machine.</param>
    /// <param name="cpu">The core that the command is about.</param>
    /// <param name="line">The line.</param>
    public CommandResult Execute(IDebugMachine machine, int cpu, string line)
    {
        if (Find(line).Command is not { NeedsRest: true })
        {
            return Execute(new MonitorContext(machine, null, null), line);
        }

        CommandResult? result = null;
        bool done = machine.Life.WhilePaused(_ => result = Execute(MonitorContext.Of(machine, cpu), line));
        return done ? result! : CommandResult.Failure("The machine cannot be paused now.");
    }

    private static CommandResult Execute(MonitorCommand command, MonitorContext context, string[] arguments)
    {
        try
        {
            return command.Execute(context, arguments);
        }
        catch (MonitorException e)
        {
            return CommandResult.Failure($"{command.Name}: {e.Message}");
        }
    }

    /// <summary>The command that a line begins with, and the words behind it; all words if there is none.</summary>
    private (MonitorCommand? Command, string[] Words) Find(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        for (int length = Math.Min(words.Length, 2); length >= 1; length--)
        {
            if (_commands.TryGetValue(string.Join(' ', words[..length]), out MonitorCommand? command))
            {
                return (command, words[length..]);
            }
        }

        return (null, words);
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
