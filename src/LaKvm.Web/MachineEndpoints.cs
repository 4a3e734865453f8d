using System.Text.Json;
using System.Text.Json.Nodes;
using LaKvm.Control;
using LaKvm.Debugger.Monitor;
using Microsoft.AspNetCore.Http;

namespace LaKvm.Web;

/// <summary>The machine's life, and all commands of the monitor.</summary>
internal static class MachineEndpoints
{
    private const string Root = "/api/v1";

    internal static void AddTo(List<Endpoint> endpoints, MachineDesk desk)
    {
        Ask("/machine", "state, name, cores and memory", Machine);
        Ask("/devices", "disks, network cards, shares, serial ports", Devices);
        Ask("/commands", "the monitor's commands", Commands);
        Do("/machine/pause", "bring the machine to rest", "stop");
        Do("/machine/resume", "let it go on", "cont");
        Do("/machine/reset", "make a new machine, as the guest's own reset does", "system_reset");
        Do("/machine/power-button", "press the power button: the guest may switch itself off", "system_powerdown");
        Do("/machine/quit", "switch the machine off, and end the process", "quit");
        endpoints.Add(new("POST", $"{Root}/commands", "execute a command of the monitor",
            context => ExecuteAsync(context, desk))
        {
            Body =
            [
                ("command", "string", "the command's line, as at the monitor"),
                ("cpu?", "integer", "the core that it is about; 0 by default"),
            ],
        });

        void Ask(string path, string summary, Func<MachineDesk, JsonNode> answer) => endpoints.Add(
            new("GET", Root + path, summary, context => Answer.JsonAsync(context, answer(desk))));

        void Do(string path, string summary, string command) => endpoints.Add(
            new("POST", Root + path, summary, context => AnswerAsync(context, desk.Execute(command))));
    }

    private static JsonNode Machine(MachineDesk desk)
    {
        JsonNode state = Json(desk, "info status");
        if (desk.Machine?.Board is { Inventory: var board })
        {
            state["name"] = board.Name;
            state["level"] = board.IsVirtual ? "run" : "host";
            state["cpus"] = board.Cpus;
            state["memory"] = board.Memory;
        }

        return state;
    }

    private static JsonObject Devices(MachineDesk desk) => new()
    {
        ["drives"] = Json(desk, "info block"),
        ["networks"] = Json(desk, "info network"),
        ["shares"] = Json(desk, "info shares"),
        ["character_devices"] = Json(desk, "info chardev"),
    };

    private static JsonNode Json(MachineDesk desk, string command) => desk.Execute(command).AsJson();

    private static JsonArray Commands(MachineDesk desk) => new([.. desk.Commands.Select(command => new JsonObject
    {
        ["name"] = command.Name,
        ["arguments"] = command.Arguments,
        ["purpose"] = command.Purpose,
    })]);

    private static async Task ExecuteAsync(HttpContext context, MachineDesk desk)
    {
        try
        {
            using JsonDocument body = await JsonDocument.ParseAsync(
                context.Request.Body, cancellationToken: context.RequestAborted);
            string line = body.RootElement.GetProperty("command").GetString() ?? "";
            int cpu = body.RootElement.TryGetProperty("cpu", out JsonElement number) ? number.GetInt32() : 0;
            await AnswerAsync(context, desk.Execute(line, cpu));
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException
            or FormatException)
        {
            await Answer.ErrorAsync(context, StatusCodes.Status400BadRequest,
                "the body is a JSON object with 'command', a text, and perhaps 'cpu', a number");
        }
    }

    private static Task AnswerAsync(HttpContext context, CommandResult result) => result.IsFailure
        ? Answer.ErrorAsync(context, StatusCodes.Status409Conflict, result.Text.TrimEnd())
        : Answer.JsonAsync(context, new JsonObject { ["text"] = result.Text, ["result"] = result.Json });
}
