using System.CommandLine;

namespace LaKvm.Cli;

/// <summary>Where debuggers, people and programs that command the machine are listened for.</summary>
internal sealed record DoorOptions
{
    internal const string GdbName = "--gdb", MonitorName = "--monitor", QmpName = "--qmp", WaitName = "--wait";

    /// <summary>For gdb and lldb.</summary>
    internal DoorAddress? Gdb { get; init; }

    /// <summary>For people who type commands.</summary>
    internal DoorAddress? Monitor { get; init; }

    /// <summary>For programs that speak QMP.</summary>
    internal DoorAddress? Qmp { get; init; }

    /// <summary>Whether the guest's first instruction waits for a command of one of them.</summary>
    internal bool Waits { get; init; }

    /// <summary>Whether anybody is listened for.</summary>
    internal bool IsAny => (Gdb ?? Monitor ?? Qmp) != null;
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

    private readonly Option<bool> _wait = new(DoorOptions.WaitName, "-S")
    {
        Description = "Execute nothing until a debugger, a monitor's cont or the like says so",
    };

    internal DoorOptionGroup() => _wait.Validators.Add(result =>
    {
        if (result.GetValue(_wait) && Array.TrueForAll([_gdb, _monitor, _qmp], door => result.GetResult(door) == null))
        {
            result.AddError($"{DoorOptions.WaitName}: there is nobody to wait for; {DoorOptions.GdbName}, "
                + $"{DoorOptions.MonitorName} and {DoorOptions.QmpName} say where somebody comes.");
        }
    });

    /// <summary>All of them.</summary>
    internal Option[] Options => [_gdb, _monitor, _qmp, _wait];

    /// <summary>Their values.</summary>
    internal DoorOptions Bind(ParseResult result) => new()
    {
        Gdb = result.GetValue(_gdb),
        Monitor = result.GetValue(_monitor),
        Qmp = result.GetValue(_qmp),
        Waits = result.GetValue(_wait),
    };

    private static Option<DoorAddress?> Door(string name, string description) => ValueOption.Parsed<DoorAddress?>(
        name, DoorAddress.Syntax, description, text => DoorAddress.Parse(name, text));
}
