namespace LaKvm.Debugger.Monitor;

/// <summary>What changes the machine's life.</summary>
internal static class LifeCommands
{
    internal static void AddTo(Action<MonitorCommand> add)
    {
        add(new("reset", "", "make a new machine, as the guest's own reset does", (context, _) =>
        {
            context.Machine.Life.Reset();
            return "The machine is reset.\n";
        }));
        add(new("quit", "", "switch the machine off", (context, _) =>
        {
            context.Machine.Life.Stop();
            return "The machine is switched off.\n";
        }));
    }
}
