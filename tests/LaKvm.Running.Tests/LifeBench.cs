using System.Buffers.Binary;
using System.Text;
using LaKvm.Boot;
using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Hypervisor;
using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Isa;
using LaKvm.Machine;
using LaKvm.Translator;
using LaKvm.Vmm;

namespace LaKvm.Running.Tests;

/// <summary>Who owns root mode.</summary>
public enum MachineMode
{
    /// <summary>The guest: <c>lakvm host</c>.</summary>
    Bare,

    /// <summary>The hypervisor: <c>lakvm run</c>.</summary>
    Virtual,
}

/// <summary>A machine of either mode with a program, and what a test wants to know of it.</summary>
internal abstract class LifeBench : IDisposable
{
    /// <summary>Where the program is and begins.</summary>
    internal const ulong LoadAddress = 0x20_0000;

    /// <summary>Where programs leave results.</summary>
    internal const ulong Results = 0x30_0000;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly CancellationTokenSource _stop = new();

    internal MachineSources Sources { get; } = HostSources.Create();

    internal SerialRecorder Console { get; } = new();

    /// <summary>The run, once it was started.</summary>
    internal Task<MachineEnd> Ending { get; private set; } = Task.FromResult(MachineEnd.Stopped);

    internal abstract IMachineLife Life { get; }

    protected BoardDeviceOptions DeviceOptions => new() { Serial = [Console] };

    internal static LifeBench Create(MachineMode mode, string engine, int cpus, string program)
    {
        byte[] code = Assembler.Assemble(program, LoadAddress).BytesOrThrow();
        Func<Core, IExecutionEngine> makeEngine =
            engine == "interpreter" ? core => new InterpreterEngine(core) : core => new TranslatorEngine(core);
        return mode == MachineMode.Bare
            ? new BareBench(makeEngine, cpus, code)
            : new VirtualBench(makeEngine, cpus, code);
    }

    internal void Start() =>
        Ending = Task.Factory.StartNew(() => Run(_stop.Token), TaskCreationOptions.LongRunning);

    /// <summary>How the run ended; fails if it does not.</summary>
    internal MachineEnd WaitForEnd() => Ending.WaitAsync(_patience).GetAwaiter().GetResult();

    /// <summary>A result of the program.</summary>
    internal ulong Result(int index)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Read(Results + ((ulong)index * 64), bytes);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes);
    }

    /// <summary>Waits until a condition holds; fails if that takes too long.</summary>
    internal static void WaitUntil(Func<bool> condition) =>
        SpinWait.SpinUntil(condition, _patience).Should().BeTrue("it does not take {0}", _patience);

    /// <summary>The cores, for breakpoints.</summary>
    internal abstract IReadOnlyList<Core> Cores { get; }

    /// <summary>r0 to r31, then PC; while the machine rests.</summary>
    internal abstract ulong[] Registers(int cpu);

    public virtual void Dispose()
    {
        Life.Stop();
        Task.WhenAny(Ending).Wait(_patience).Should().BeTrue("every run can be stopped");
        _stop.Dispose();
    }

    protected abstract MachineEnd Run(CancellationToken stop);

    protected abstract void Read(ulong address, Span<byte> bytes);
}

internal sealed unsafe class BareBench : LifeBench
{
    private readonly BareMachine _machine;

    internal BareBench(Func<Core, IExecutionEngine> engine, int cpus, byte[] code)
    {
        var options = new BoardMachineOptions { Cores = cpus, RamSize = 64 << 20, Devices = DeviceOptions };
        _machine = new BareMachine(options, Sources, engine);
        code.CopyTo(_machine.Board.Memory.Span(LoadAddress, (ulong)code.Length));
    }

    internal override IMachineLife Life => _machine.Life;

    internal override IReadOnlyList<Core> Cores => _machine.Cores;

    internal override ulong[] Registers(int cpu)
    {
        CpuState* state = _machine.Cores[cpu].State;
        return [.. new ReadOnlySpan<ulong>(state->Gpr, 32), state->Pc];
    }

    public override void Dispose()
    {
        base.Dispose();
        _machine.Dispose();
    }

    protected override MachineEnd Run(CancellationToken stop) =>
        _machine.Run(new BootRegisters(LoadAddress, 0, 0, 0), stop);

    protected override void Read(ulong address, Span<byte> bytes) =>
        _machine.Board.Memory.Span(address, (ulong)bytes.Length).CopyTo(bytes);
}

internal sealed class VirtualBench : LifeBench
{
    private readonly HostMachine _host;
    private readonly HostProcess _process;
    private readonly VirtualMachine _machine;

    internal VirtualBench(Func<Core, IExecutionEngine> engine, int cpus, byte[] code)
    {
        string file = Path.GetTempFileName();
        File.WriteAllBytes(file, code);
        var options = new VmOptions
        {
            Cpus = cpus,
            MemoryBytes = 64 << 20,
            Kernel = KernelImage.LoadRaw(file, LoadAddress),
            Devices = DeviceOptions,
            Sources = Sources,
        };
        _host = new HostMachine(cpus, VirtualMachine.HostMemoryFor(options), Sources.Clock, engine);
        _process = new HostProcess(_host);
        _machine = VirtualMachine.Create(_process, options);
        File.Delete(file);
    }

    internal override IMachineLife Life => _machine.Life;

    internal override IReadOnlyList<Core> Cores => _host.Cores;

    internal override ulong[] Registers(int cpu)
    {
        (ulong[] gpr, ulong pc) = _machine.Vcpus[cpu].GetRegisters();
        return [.. gpr, pc];
    }

    public override void Dispose()
    {
        base.Dispose();
        _machine.Dispose();
        _process.Dispose();
        _host.Dispose();
    }

    protected override MachineEnd Run(CancellationToken stop) => _machine.Run(stop);

    protected override void Read(ulong address, Span<byte> bytes) =>
        _machine.Ram.Read(address, bytes).Should().BeTrue();
}

/// <summary>Keeps what the guest sends.</summary>
internal sealed class SerialRecorder : ISerialBackend
{
    private readonly StringBuilder _text = new();

    internal string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    public void Write(byte value)
    {
        lock (_text)
        {
            _text.Append((char)value);
        }
    }
}
