namespace LaKvm.Cli.Qemu;

/// <summary>Where a command line has debuggers, people and programs come in.</summary>
internal sealed class QemuDoors
{
    private const string GdbName = "-gdb", MonitorName = "-monitor", QmpName = "-qmp";
    private const string Tcp = "tcp:", Unix = "unix:", None = "none", Null = "null";

    private DoorAddress? _debugger, _monitor, _qmp;

    /// <summary>Whether the guest waits for one of them.</summary>
    internal bool IsHeld { get; set; }

    /// <summary><c>-gdb</c>, and <c>-s</c>.</summary>
    internal void SetDebugger(string text) => _debugger = Parse(GdbName, text, isNone: text == None);

    /// <summary><c>-monitor</c>.</summary>
    internal void SetMonitor(string text) => _monitor = Parse(MonitorName, text, isNone: text is None or Null);

    /// <summary><c>-qmp</c>.</summary>
    internal void SetQmp(string text) => _qmp = Parse(QmpName, text, isNone: text is None or Null);

    /// <summary>The same as options of ours.</summary>
    /// <exception cref="UserErrorException">The guest waits for nobody.</exception>
    internal DoorOptions Find()
    {
        var doors = new DoorOptions { Gdb = _debugger, Monitor = _monitor, Qmp = _qmp, Waits = IsHeld };
        return doors.IsAny || !IsHeld ? doors : throw new UserErrorException(
            $"-S: -s, {GdbName}, {MonitorName} or {QmpName} says who lets the machine go on.");
    }

    /// <summary>A socket that we listen at and nobody is waited for at.</summary>
    private static DoorAddress? Parse(string option, string text, bool isNone)
    {
        if (isNone)
        {
            return null;
        }

        const string place = "place";
        var properties = new QemuProperties(option, text, place);
        string address = properties.Require(place);
        bool isTcp = address.StartsWith(Tcp, StringComparison.Ordinal);
        if (option != GdbName)
        {
            if (!isTcp && !address.StartsWith(Unix, StringComparison.Ordinal))
            {
                throw properties.Wrong($"'{address}' is not known here");
            }

            if (properties.TakeSwitch("server") != true)
            {
                throw properties.Wrong("nobody is called; server=on listens");
            }
        }

        properties.Accept("server", "on").Accept("wait", "off").Finish();
        return DoorAddress.Parse(option, isTcp ? address[Tcp.Length..] : address);
    }
}
