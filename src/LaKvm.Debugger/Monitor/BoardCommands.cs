using System.Text.Json.Nodes;
using LaKvm.Running;

namespace LaKvm.Debugger.Monitor;

/// <summary>What the machine is, whether it runs, and what is on its board; nothing here rests for it.</summary>
internal static class BoardCommands
{
    internal static void AddTo(Action<MonitorCommand> add)
    {
        Add("info status", "whether the machine runs", Status);
        Add("info version", "which LaKvm this is", _ => Version());
        Add("info name", "the machine's name", context => Name(Board(context)));
        Add("info kvm", "whose hypervisor it is", context => Kvm(Board(context)));
        Add("info block", "disks", context => Drives(Board(context)));
        Add("info network", "network cards", context => Networks(Board(context)));
        Add("info shares", "directories for the guest", context => Shares(Board(context)));
        Add("info chardev", "serial ports and what they lead to", context => CharacterDevices(Board(context)));

        void Add(string name, string purpose, Func<MonitorContext, CommandResult> execute) =>
            add(new(name, "", purpose, (MonitorContext context, string[] _) => execute(context)) { NeedsRest = false });
    }

    /// <summary>QEMU's word for a state, which its tools know.</summary>
    internal static string WordOf(MachineState state) => state switch
    {
        MachineState.Created => "prelaunch",
        MachineState.Running => "running",
        MachineState.Paused => "paused",
        _ => "shutdown",
    };

    private static MachineInventory Board(MonitorContext context) =>
        context.Machine.Board?.Inventory ?? throw new MonitorException("nothing is known of the board");

    private static CommandResult Status(MonitorContext context)
    {
        MachineState state = context.Machine.Life.Told;
        return new($"VM status: {WordOf(state)}\n", new JsonObject
        {
            ["running"] = state == MachineState.Running,
            ["status"] = WordOf(state),
        });
    }

    private static CommandResult Version()
    {
        string version = typeof(BoardCommands).Assembly.GetName().Version!.ToString(3);
        return new($"LaKvm {version}\n", new JsonObject { ["version"] = version });
    }

    private static CommandResult Name(MachineInventory board) =>
        new($"{board.Name}\n", new JsonObject { ["name"] = board.Name });

    private static CommandResult Kvm(MachineInventory board) => new(
        board.IsVirtual ? "A virtual machine of LaKvm's own hypervisor.\n" : "The bare machine.\n",
        new JsonObject { ["enabled"] = board.IsVirtual, ["present"] = board.IsVirtual });

    private static CommandResult Drives(MachineInventory board) => List(board.Drives,
        drive => $"{drive.Device}: {drive.File} ({drive.Driver}{(drive.IsReadOnly ? ", read-only" : "")}), "
            + $"{drive.Bytes} bytes",
        drive => new JsonObject
        {
            ["device"] = drive.Device,
            ["file"] = drive.File,
            ["driver"] = drive.Driver,
            ["bytes"] = drive.Bytes,
            ["read_only"] = drive.IsReadOnly,
        });

    private static CommandResult Networks(MachineInventory board) => List(
        [.. board.Networks.Select((network, index) => (Name: $"net{index}", Target: network))],
        network => $"{network.Name}: {network.Target}",
        network => new JsonObject { ["name"] = network.Name, ["target"] = network.Target });

    private static CommandResult Shares(MachineInventory board) => List(board.Shares,
        share => $"{share.Tag}: {share.Path}",
        share => new JsonObject { ["tag"] = share.Tag, ["path"] = share.Path });

    private static CommandResult CharacterDevices(MachineInventory board) => List(board.CharacterDevices,
        device => $"{device.Label}: filename={device.Target}",
        device => new JsonObject { ["label"] = device.Label, ["filename"] = device.Target });

    private static CommandResult List<T>(IReadOnlyList<T> items, Func<T, string> line, Func<T, JsonObject> json) => new(
        items.Count == 0 ? "None.\n" : string.Concat(items.Select(item => line(item) + '\n')),
        new JsonArray([.. items.Select(json)]));
}
