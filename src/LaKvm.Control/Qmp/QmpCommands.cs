using System.Text.Json.Nodes;
using LaKvm.Debugger;
using LaKvm.Debugger.Monitor;

namespace LaKvm.Control;

/// <summary>The commands of QMP, each of which asks the layer of commands that all doors share.</summary>
internal sealed class QmpCommands
{
    /// <summary>The command that every conversation begins with.</summary>
    internal const string Negotiation = "qmp_capabilities";

    private readonly Dictionary<string, QmpCommand> _commands = new(StringComparer.Ordinal);
    private readonly MachineDesk _desk;

    internal QmpCommands(MachineDesk desk)
    {
        _desk = desk;
        AddLife();
        AddQueries();
        AddOfBoard();
        AddOfProgram();
    }

    /// <summary>
    /// The version whose protocol this is: tools refuse what they take for too old. The package is who speaks it.
    /// </summary>
    internal static JsonObject Version() => new()
    {
        ["qemu"] = new JsonObject { ["major"] = 11, ["minor"] = 1, ["micro"] = 0 },
        ["package"] = $"LaKvm {typeof(QmpCommands).Assembly.GetName().Version!.ToString(3)}",
    };

    /// <summary>Does what a request asks for.</summary>
    /// <exception cref="QmpError">It cannot be done.</exception>
    internal JsonNode? Execute(QmpRequest request) => _commands.TryGetValue(request.Command, out QmpCommand? command)
        ? command.Execute(new QmpArguments(command, request.Arguments))
        : throw new QmpError("CommandNotFound", $"there is no command '{request.Command}'");

    private void Add(string name, Func<JsonNode?> execute) => _commands.Add(name, new QmpCommand(name, _ => execute()));

    private void Add(QmpCommand command) => _commands.Add(command.Name, command);

    private void AddLife()
    {
        Add("stop", () => Do("stop"));
        Add("cont", () => Do("cont"));
        Add("system_reset", () => Do("system_reset"));
        Add("system_powerdown", () => Do("system_powerdown"));
        Add("quit", () => Do("quit"));
        Add("query-status", () => Ask("info status"));
        Add(new QmpCommand("human-monitor-command", Monitor,
            new QmpParameter("command-line", "str"), new QmpParameter("cpu-index", "int", IsOptional: true)));
    }

    private void AddQueries()
    {
        Add("query-name", () => Ask("info name"));
        Add("query-kvm", () => Ask("info kvm"));
        Add("query-cpus-fast", () => QmpAnswers.Cpus(Machine));
        Add("query-hotpluggable-cpus", () => QmpAnswers.CpuSlots(Machine));
        Add("query-target", () => new JsonObject { ["arch"] = QmpAnswers.Architecture });
        Add("query-machines", () => new JsonArray(QmpAnswers.MachineType(Inventory)));
        Add("query-current-machine", () => new JsonObject { ["wakeup-suspend-support"] = false });
        Add("query-memory-size-summary", () => new JsonObject { ["base-memory"] = Inventory.Memory });
        Add("query-cpu-definitions", () => new JsonArray(new JsonObject { ["name"] = "la464", ["static"] = true }));
    }

    private void AddOfBoard()
    {
        Add("query-block", () => QmpAnswers.Drives(Inventory));
        Add("query-named-block-nodes", () => QmpAnswers.Nodes(Inventory));
        Add("query-blockstats", () => new JsonArray());
        Add("query-chardev", () => Ask("info chardev"));
        Add("query-iothreads", () => new JsonArray());
        Add("query-migrate", () => new JsonObject());
        Add("query-migrate-capabilities", () => new JsonArray());
        Add("query-balloon", () => throw new QmpError("DeviceNotActive", "the machine has no balloon"));
    }

    private void AddOfProgram()
    {
        Add(new QmpCommand(Negotiation, _ => null, new QmpParameter("enable", "any", IsOptional: true)));
        Add("query-version", Version);
        Add("query-commands", () => new JsonArray([.. _commands.Keys.Order(StringComparer.Ordinal)
            .Select(name => new JsonObject { ["name"] = name })]));
        Add("query-qmp-schema", () => QmpSchema.Of(_commands.Values));
        Add("query-command-line-options", () => new JsonArray());
        Add("qom-list-types", () => new JsonArray());
    }

    private IDebugMachine Machine =>
        _desk.Machine ?? throw QmpError.Generic("there is no machine any more");

    private MachineInventory Inventory =>
        Machine.Board?.Inventory ?? throw QmpError.Generic("nothing is known of the board");

    /// <summary>Has something done that gives nothing.</summary>
    private JsonNode? Do(string line)
    {
        Ask(line);
        return null;
    }

    private JsonNode? Ask(string line)
    {
        CommandResult result = _desk.Execute(line);
        return result.IsFailure ? throw QmpError.Generic(result.Text.TrimEnd()) : result.Json;
    }

    /// <summary>What people would be shown, mistakes included; lines end as QEMU's do.</summary>
    private JsonValue Monitor(QmpArguments arguments) => JsonValue.Create(
        _desk.Execute(arguments.Text("command-line"), arguments.Number("cpu-index", 0)).Text.Replace("\n", "\r\n"));
}
