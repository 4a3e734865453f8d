using System.Text.Json.Nodes;
using LaKvm.Debugger;
using LaKvm.Debugger.Monitor;

namespace LaKvm.Control;

/// <summary>What the machine is, in the members that QEMU 11.1's schema has for it.</summary>
internal static class QmpAnswers
{
    /// <summary>QEMU's name for the instruction set.</summary>
    internal const string Architecture = "loongarch64";

    /// <summary>query-cpus-fast.</summary>
    internal static JsonArray Cpus(IDebugMachine machine) => Each(machine, thread => new JsonObject
    {
        ["cpu-index"] = thread.Cpu,
        ["qom-path"] = PathOf(thread.Cpu),
        ["thread-id"] = HostThreads.Find(thread.Name) ?? Environment.ProcessId,
        ["target"] = Architecture,
        ["props"] = PlaceOf(thread.Cpu),
    });

    /// <summary>query-hotpluggable-cpus: all are there, and none can be taken out.</summary>
    internal static JsonArray CpuSlots(IDebugMachine machine) => Each(machine, thread => new JsonObject
    {
        ["type"] = "la464-loongarch-cpu",
        ["vcpus-count"] = 1,
        ["qom-path"] = PathOf(thread.Cpu),
        ["props"] = PlaceOf(thread.Cpu),
    });

    /// <summary>An item of query-machines.</summary>
    internal static JsonObject MachineType(MachineInventory board) => new()
    {
        ["name"] = "virt",
        ["is-default"] = true,
        ["cpu-max"] = board.Cpus,
        ["hotpluggable-cpus"] = false,
        ["numa-mem-supported"] = false,
        ["deprecated"] = false,
        ["acpi"] = true,
        ["default-cpu-type"] = "la464-loongarch-cpu",
    };

    /// <summary>query-block.</summary>
    internal static JsonArray Drives(MachineInventory board) => new([.. board.Drives.Select(drive => new JsonObject
    {
        ["device"] = drive.Device,
        ["qdev"] = $"/machine/{drive.Device}",
        ["locked"] = false,
        ["removable"] = false,
        ["type"] = "unknown",
        ["io-status"] = "ok",
        ["inserted"] = Node(drive),
    })]);

    /// <summary>query-named-block-nodes.</summary>
    internal static JsonArray Nodes(MachineInventory board) => new([.. board.Drives.Select(Node)]);

    private static JsonObject Node(DriveInventory drive) => new()
    {
        ["node-name"] = drive.Device,
        ["file"] = drive.File,
        ["drv"] = drive.Driver,
        ["ro"] = drive.IsReadOnly,
        ["encrypted"] = false,
        ["image"] = new JsonObject
        {
            ["filename"] = drive.File,
            ["format"] = drive.Driver,
            ["virtual-size"] = drive.Bytes,
        },
    };

    private static JsonArray Each(IDebugMachine machine, Func<IDebugThread, JsonObject> item) =>
        new([.. machine.Processes[0].Threads.Select(item)]);

    private static string PathOf(int cpu) => $"/machine/cpu[{cpu}]";

    private static JsonObject PlaceOf(int cpu) => new() { ["socket-id"] = 0, ["core-id"] = cpu, ["thread-id"] = 0 };
}
