namespace LaKvm.Debugger.Monitor;

/// <summary>A command of the monitor.</summary>
/// <param name="Name">Its one or two words.</param>
/// <param name="Arguments">What may be behind them.</param>
/// <param name="Purpose">What it is for.</param>
/// <param name="Execute">Does it.</param>
internal sealed record MonitorCommand(
    string Name, string Arguments, string Purpose, Func<MonitorContext, string[], CommandResult> Execute)
{
    /// <summary>A command that gives text only.</summary>
    internal MonitorCommand(
        string name, string arguments, string purpose, Func<MonitorContext, string[], string> execute)
        : this(name, arguments, purpose, (context, words) => new CommandResult(execute(context, words)))
    {
    }

    /// <summary>Whether it looks at what rests only while the machine is paused: registers, memory, devices.</summary>
    internal bool NeedsRest { get; init; } = true;
}

/// <summary>What there is to know of a command.</summary>
/// <param name="Name">Its one or two words.</param>
/// <param name="Arguments">What may be behind them.</param>
/// <param name="Purpose">What it is for.</param>
public sealed record CommandDescription(string Name, string Arguments, string Purpose);
