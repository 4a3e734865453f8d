namespace LaKvm.Debugger.Monitor;

/// <summary>What is around the cores: memory map, slots, second stage, interrupt controllers.</summary>
internal static class DumpCommands
{
    internal static void AddTo(Action<MonitorCommand> add)
    {
        Add("info mtree", "where RAM and devices are", dumps => dumps.MemoryMap());
        Add("info slots", "KVM's memory slots", dumps => dumps.MemorySlots());
        Add("info irq", "interrupt controllers: pins, vectors, routes, IPIs", dumps => dumps.Interrupts());
        add(new("gpa-walk", "ADDRESS", "how the second stage translates a guest-physical address", Walk));

        void Add(string name, string purpose, Func<MachineDumps, IEnumerable<string>> lines) =>
            add(new(name, "", purpose, (context, _) => Text(lines(context.Machine.Dumps))));
    }

    private static string Text(IEnumerable<string> lines) =>
        string.Concat(lines.Select(line => line + '\n')) is { Length: > 0 } text ? text : "None.\n";

    private static string Walk(MonitorContext context, string[] arguments)
    {
        var steps = new List<string>();
        ulong address = Arguments.Number(context, arguments, 0);
        bool found = Arguments.Thread(context).TranslateSecondStage(address, out ulong physical, steps);
        return Text([.. steps, found ? $"physical 0x{physical:x}" : "not mapped"]);
    }
}
