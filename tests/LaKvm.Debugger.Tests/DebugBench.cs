using System.Net;
using LaKvm.Boot;
using LaKvm.Cpu;
using LaKvm.Debugger.Logging;
using LaKvm.Devices;
using LaKvm.Hypervisor;
using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Isa;
using LaKvm.Machine;
using LaKvm.Running;
using LaKvm.Translator;
using LaKvm.Vmm;

namespace LaKvm.Debugger.Tests;

/// <summary>What a debugger is attached to.</summary>
public enum Level
{
    /// <summary>A bare machine: <c>lakvm host</c>.</summary>
    Host,

    /// <summary>A virtual machine: <c>lakvm run</c>.</summary>
    Run,
}

/// <summary>A machine that runs a program, with a server for debuggers.</summary>
internal sealed class DebugBench : IDisposable
{
    internal const ulong Origin = 0x20_0000, Data = 0x30_0000;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly List<IDisposable> _parts = [];
    private Task<MachineEnd> _run = Task.FromResult(MachineEnd.Stopped);
    private Func<MachineEnd>? _begin;

    private DebugBench(GdbServer server) => Server = server;

    internal GdbServer Server { get; }

    /// <summary>Takes what the cores do, if there is one.</summary>
    internal EventLog? Log { get; private init; }

    internal IDebugMachine Machine { get; private set; } = null!;

    internal IMachineLife Life => Machine.Life;

    /// <summary>Labels of the program.</summary>
    internal IReadOnlyDictionary<string, ulong> Labels { get; private set; } = null!;

    /// <summary>Builds a machine; it does not run yet.</summary>
    internal static DebugBench Create(
        Level level, string program, int cpus = 1, bool interpreter = false, EventLog? log = null)
    {
        ListeningSocket place = ListeningSocket.Listen(new IPEndPoint(IPAddress.Loopback, 0));
        var bench = new DebugBench(new GdbServer(place)) { Log = log };
        bench.Build(level, program, cpus, interpreter);
        bench.Server.Start();
        return bench;
    }

    /// <summary>Makes another machine, as a reset does.</summary>
    internal void Build(Level level, string program, int cpus = 1, bool interpreter = false)
    {
        AssemblyResult result = Assembler.Assemble(program, Origin);
        Labels = result.Symbols;
        Func<Core, IExecutionEngine> engine =
            interpreter ? core => Logged(core, new InterpreterEngine(core))
            : core => Logged(core, new TranslatorEngine(core));
        Machine = level == Level.Host
            ? BuildBare(result.BytesOrThrow(), cpus, engine)
            : BuildVirtual(result.BytesOrThrow(), cpus, engine);
        Server.Adopt(Machine);
    }

    internal void Start() => _run = Task.Factory.StartNew(_begin!, TaskCreationOptions.LongRunning);

    /// <summary>Waits for the run's end, and takes the machine away.</summary>
    internal MachineEnd End()
    {
        MachineEnd end = _run.WaitAsync(_patience).GetAwaiter().GetResult();
        Server.Adopt(null);
        return end;
    }

    internal RspClient Connect() => new(Server.EndPoint);

    internal static void WaitUntil(Func<bool> condition) =>
        SpinWait.SpinUntil(condition, _patience).Should().BeTrue("it does not take {0}", _patience);

    public void Dispose()
    {
        Life.Stop();
        End();
        Server.Dispose();
        _parts.Reverse();
        _parts.ForEach(part => part.Dispose());
    }

    private CoreMachine BuildBare(byte[] code, int cpus, Func<Core, IExecutionEngine> engine)
    {
        var devices = new BoardDeviceOptions { Serial = [new Nowhere()] };
        var options = new BoardMachineOptions { Cores = cpus, RamSize = 64 << 20, Devices = devices };
        var machine = Keep(new BareMachine(options, HostSources.Create(), engine));
        code.CopyTo(machine.Board.Memory.Span(Origin, (ulong)code.Length));
        _begin = () => machine.Run(new BootRegisters(Origin, 0, 0, 0), CancellationToken.None);
        return new CoreMachine(machine.Cores, machine.Life, null)
        {
            Log = Log,
            Dumps = new MachineDumps
            {
                MemoryMap = machine.Board.DescribeMemory,
                Interrupts = () => machine.Board.Interrupts.Describe(cpus),
            },
        };
    }

    private IExecutionEngine Logged(Core core, IExecutionEngine engine) =>
        Log == null ? engine : new LoggingEngine(core, engine, Log);

    private VcpuMachine BuildVirtual(byte[] code, int cpus, Func<Core, IExecutionEngine> engine)
    {
        string file = Path.GetTempFileName();
        File.WriteAllBytes(file, code);
        MachineSources sources = HostSources.Create();
        var options = new VmOptions
        {
            Cpus = cpus,
            MemoryBytes = 64 << 20,
            Kernel = KernelImage.LoadRaw(file, Origin),
            Devices = new() { Serial = [new Nowhere()] },
            Sources = sources,
        };
        File.Delete(file);
        var host = Keep(new HostMachine(cpus, VirtualMachine.HostMemoryFor(options), sources.Clock, engine));
        VirtualMachine machine = Keep(VirtualMachine.Create(Keep(new HostProcess(host)), options));
        if (Log != null)
        {
            Keep(VmLog.Attach(Log, machine.Vm));
        }

        _begin = () => machine.Run(CancellationToken.None);
        return new VcpuMachine(host, machine, null) { Log = Log };
    }

    private T Keep<T>(T part)
        where T : IDisposable
    {
        _parts.Add(part);
        return part;
    }

    private sealed class Nowhere : ISerialBackend
    {
        public void Write(byte value)
        {
        }
    }
}
