using LaKvm.Running;

namespace LaKvm.Debugger.Monitor;

/// <summary>What changes the machine's life.</summary>
internal static class LifeCommands
{
    internal static void AddTo(Action<MonitorCommand> add)
    {
        Add("stop", "bring the machine to rest", Stop);
        Add("cont", "let it go on", Continue);
        Add("reset", "make a new machine, as the guest's own reset does", Reset);
        Add("system_reset", "the same as reset", Reset);
        Add("system_powerdown", "press the power button: the guest may switch itself off", PressPowerButton);
        Add("quit", "switch the machine off", Quit);

        void Add(string name, string purpose, Func<MonitorContext, string> execute) =>
            add(new(name, "", purpose, (context, _) => execute(context)) { NeedsRest = false });
    }

    private static string Stop(MonitorContext context) => context.Machine.Life.Pause()
        ? "The machine is paused.\n"
        : throw new MonitorException("something could not come to rest in time, or the machine has ended");

    private static string Continue(MonitorContext context) => context.Machine.Life.Resume()
        ? "The machine runs.\n"
        : throw new MonitorException("the machine has ended");

    private static string Reset(MonitorContext context)
    {
        context.Machine.Life.Reset();
        return "The machine is reset.\n";
    }

    private static string PressPowerButton(MonitorContext context)
    {
        if (context.Machine.Board is not { } board || context.Machine.Life.State == MachineState.Ended)
        {
            throw new MonitorException("the machine has no power button");
        }

        return board.PressPowerButton()
            ? "The power button is pressed.\n"
            : "The power button is pressed, and no software listens to it.\n";
    }

    private static string Quit(MonitorContext context)
    {
        context.Machine.Life.Stop();
        return "The machine is switched off.\n";
    }
}
