using System.CommandLine;

namespace LaKvm.Cli;

/// <summary>Where debuggers, people and programs that command the machine are listened for.</summary>
internal sealed record DoorOptions
{
    internal const string GdbName = "--gdb", MonitorName = "--monitor", QmpName = "--qmp", ApiName = "--api",
        WebName = "--web", WaitName = "--wait";

    /// <summary>Where the page is if no port is named.</summary>
    internal const string UsualWebPort = "8046";

    /// <summary>For gdb and lldb.</summary>
    internal DoorAddress? Gdb { get; init; }

    /// <summary>For people who type commands.</summary>
    internal DoorAddress? Monitor { get; init; }

    /// <summary>For programs that speak QMP.</summary>
    internal DoorAddress? Qmp { get; init; }

    /// <summary>For programs that use HTTP.</summary>
    internal DoorAddress? Api { get; init; }

    /// <summary>For browsers.</summary>
    internal DoorAddress? Web { get; init; }

    /// <summary>Whether the guest's first instruction waits for a command of one of them.</summary>
    internal bool Waits { get; init; }

    /// <summary>Whether anybody comes by HTTP.</summary>
    internal bool HasHttp => (Api ?? Web) != null;

    /// <summary>Whether anybody is listened for.</summary>
    internal bool IsAny => (Gdb ?? Monitor ?? Qmp ?? Api ?? Web) != null;
}

/// <summary>The options for doors.</summary>
internal sealed class DoorOptionGroup
{
    private readonly Option<DoorAddress?> _gdb = Door(
        DoorOptions.GdbName, "Listen for gdb or lldb, on the loopback interface if no host is named");

    private readonly Option<DoorAddress?> _monitor = Door(
        DoorOptions.MonitorName, "Listen for people who type commands, as Ctrl-A c does at the console");

    private readonly Option<DoorAddress?> _qmp = Door(
        DoorOptions.QmpName, "Listen for programs that speak QMP, QEMU's machine protocol");

    private readonly Option<DoorAddress?> _api = Door(
        DoorOptions.ApiName, "Listen for programs that use HTTP; other computers' have to show a token");

    private readonly Option<DoorAddress?> _web = ValueOption.Parsed<DoorAddress?>(DoorOptions.WebName,
        "[HOST:]PORT", $"Serve a page that shows and commands the machine [default: {DoorOptions.UsualWebPort}]",
        text => DoorAddress.Parse(DoorOptions.WebName, text));

    private readonly Option<bool> _wait = new(DoorOptions.WaitName, "-S")
    {
        Description = "Execute nothing until a debugger, a monitor's cont or the like says so",
    };

    internal DoorOptionGroup()
    {
        _web.Arity = ArgumentArity.ZeroOrOne;
        _wait.Validators.Add(result =>
        {
            if (result.GetValue(_wait) && Array.TrueForAll(Doors, door => result.GetResult(door) == null))
            {
                result.AddError($"{DoorOptions.WaitName}: there is nobody to wait for; {DoorOptions.GdbName}, "
                    + $"{DoorOptions.MonitorName}, {DoorOptions.QmpName}, {DoorOptions.ApiName} and "
                    + $"{DoorOptions.WebName} say where somebody comes.");
            }
        });
    }

    /// <summary>All of them.</summary>
    internal Option[] Options => [.. Doors, _wait];

    private Option[] Doors => [_gdb, _monitor, _qmp, _api, _web];

    /// <summary>Their values.</summary>
    internal DoorOptions Bind(ParseResult result) => new()
    {
        Gdb = result.GetValue(_gdb),
        Monitor = result.GetValue(_monitor),
        Qmp = result.GetValue(_qmp),
        Api = result.GetValue(_api),
        Web = result.GetResult(_web) == null ? null
            : result.GetValue(_web) ?? DoorAddress.Parse(DoorOptions.WebName, DoorOptions.UsualWebPort),
        Waits = result.GetValue(_wait),
    };

    private static Option<DoorAddress?> Door(string name, string description) => ValueOption.Parsed<DoorAddress?>(
        name, DoorAddress.Syntax, description, text => DoorAddress.Parse(name, text));
}
