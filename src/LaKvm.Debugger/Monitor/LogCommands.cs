using LaKvm.Debugger.Logging;

namespace LaKvm.Debugger.Monitor;

/// <summary>Switches of the log.</summary>
internal static class LogCommands
{
    internal static void AddTo(Action<MonitorCommand> add) =>
        add(new("log", "[ITEM[=FILTER],...|off]", "what the log shows, or is to show from now on", Log));

    private static string Log(MonitorContext context, string[] arguments)
    {
        EventLog log = context.Machine.Log ?? throw new MonitorException("there is no log");
        if (arguments.Length != 0)
        {
            Show(log, string.Concat(arguments));
        }

        string[] rules = [.. log.Rules.Select(rule => rule.Text)];
        return rules.Length == 0
            ? $"Nothing is logged; there are {string.Join(", ", LogItems.Words)}.\n"
            : $"{string.Join(',', rules)}\n";
    }

    private static void Show(EventLog log, string rules)
    {
        try
        {
            log.Show(rules == "off" ? [] : LogRule.ParseAll(rules));
        }
        catch (FormatException e)
        {
            throw new MonitorException(e.Message);
        }
    }
}
