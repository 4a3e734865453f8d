using System.Net;
using System.Net.Sockets;
using LaKvm.Debugger;
using LaKvm.Debugger.Monitor;
using LaKvm.Debugger.Tests;
using LaKvm.Running;

namespace LaKvm.Control.Tests;

/// <summary>A machine that counts in a0, with a desk, and doors on request.</summary>
internal sealed class ControlBench : IDisposable
{
    private const string Count = "1: addi.d $a0, $a0, 1\nb 1b";

    private readonly DebugBench _machine;
    private readonly List<IDisposable> _doors = [];

    internal ControlBench(Level level = Level.Host, int cpus = 1)
    {
        Level = level;
        _machine = DebugBench.Create(level, Count, cpus);
        Desk.Adopt(View());
        _machine.Start();
        DebugBench.WaitUntil(() => Life.State == MachineState.Running);
    }

    internal Level Level { get; }

    internal MachineDesk Desk { get; } = new();

    internal IMachineLife Life => _machine.Life;

    internal int PowerButton { get; private set; }

    internal ulong A0 => Desk.Machine!.Processes[0].Threads[0].ReadGpr(4);

    /// <summary>Ends the machine and makes the next one, as a run does behind a reset.</summary>
    internal void Replace(Action? between = null)
    {
        MachineEnd end = _machine.End();
        Desk.Dismiss(end, isLast: end != MachineEnd.Reset);
        between?.Invoke();
        if (end == MachineEnd.Reset)
        {
            _machine.Build(Level, Count);
            Desk.Adopt(View());
            _machine.Start();
        }
    }

    /// <summary>Opens a door and comes in.</summary>
    internal LineClient Connect(Func<ListeningSocket, Door> open)
    {
        var door = open(ListeningSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0)));
        _doors.Add(door);
        door.Start();
        return new LineClient(door.EndPoint);
    }

    internal LineClient ConnectQmp() => Connect(listener => new QmpDoor(Desk, listener));

    internal LineClient ConnectAgain() => new(((Door)_doors[^1]).EndPoint);

    public void Dispose()
    {
        _doors.ForEach(door => door.Dispose());
        _machine.Dispose();
    }

    private BoardView View() => new(_machine.Machine, new Board(() => PowerButton++));

    /// <summary>What the desk is given: the machine with a board.</summary>
    private sealed class BoardView(IDebugMachine machine, IMachineBoard board) : IDebugMachine
    {
        public IMachineLife Life => machine.Life;

        public IReadOnlyList<IDebugProcess> Processes => machine.Processes;

        public Diagnostics.ISymbols? Symbols => machine.Symbols;

        public IMachineBoard? Board => board;

        public Debugger.Logging.EventLog? Log => machine.Log;

        public MachineDumps Dumps => machine.Dumps;

        public void SetStopPoints(ReadOnlySpan<Cpu.StopPoint> points) => machine.SetStopPoints(points);

        public void HoldInterrupts(int cpu, bool hold) => machine.HoldInterrupts(cpu, hold);

        public IDebugProcess ProcessOf(int cpu) => machine.ProcessOf(cpu);
    }

    private sealed class Board(Action press) : IMachineBoard
    {
        public event Action? PowerButtonPressed;

        public MachineInventory Inventory { get; } = new()
        {
            Name = "counter",
            Cpus = 1,
            Memory = 64 << 20,
            Drives = [new DriveInventory("drive0", "disk.img", "raw", 4096, IsReadOnly: true)],
            CharacterDevices = [("serial0", "stdio")],
        };

        public bool PressPowerButton()
        {
            PowerButtonPressed?.Invoke();
            press();
            return true;
        }
    }
}

/// <summary>A client that sends and reads lines.</summary>
internal sealed class LineClient : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly Socket _socket;
    private readonly StreamReader _reader;

    internal LineClient(EndPoint at)
    {
        _socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Unspecified)
        {
            ReceiveTimeout = (int)_patience.TotalMilliseconds,
            SendTimeout = (int)_patience.TotalMilliseconds,
        };
        _socket.Connect(at);
        _reader = new StreamReader(new NetworkStream(_socket));
    }

    internal void Send(string text) => SendBytes(System.Text.Encoding.UTF8.GetBytes(text));

    internal void SendBytes(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[_socket.Send(bytes)..];
        }
    }

    /// <summary>The next line; null at the end of the connection.</summary>
    internal string? ReadLine() => _reader.ReadLine();

    /// <summary>All up to a text, it included.</summary>
    internal string ReadUntil(string text)
    {
        var read = new System.Text.StringBuilder();
        while (!read.ToString().EndsWith(text, StringComparison.Ordinal))
        {
            int next = _reader.Read();
            read.Append(next >= 0 ? (char)next : throw new IOException($"the connection ended behind '{read}'"));
        }

        return read.ToString();
    }

    public void Dispose()
    {
        _reader.Dispose();
        _socket.Dispose();
    }
}
