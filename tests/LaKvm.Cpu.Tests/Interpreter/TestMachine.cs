using LaKvm.Isa;
using LaKvm.Memory;
using LaKvm.Tests.Support;

namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>
/// Cores with engines over 16 MiB of RAM at 0, as they come out of reset: addresses are physical, PLV0. Programs lie at
/// <see cref="Origin"/>, exceptions go to <see cref="Vector"/>. What is not RAM is one register, up to
/// <see cref="DeviceEnd"/>.
/// </summary>
internal sealed unsafe class TestMachine : IDisposable
{
    public const ulong RamSize = 16 << 20, Origin = 0x10_0000, Vector = 0x20_0000;

    public TestMachine(int cores = 1, Func<Core, IExecutionEngine>? createEngine = null)
    {
        Memory.Add(0, RamSize);
        for (int id = 0; id < cores; id++)
        {
            var core = new Core(id, Memory, new Bus(this), new StoppedClock());
            Cores.Add(core);
            Engines.Add((createEngine ?? EngineUnderTest.Create)(core));
            Restart(id);
        }
    }

    public PhysicalMemory Memory { get; } = new();

    public List<Core> Cores { get; } = [];

    public List<IExecutionEngine> Engines { get; } = [];

    public Core Core => Cores[0];

    public CpuState* State => Core.State;

    public IExecutionEngine Engine => Engines[0];

    /// <summary>Called when a program reads the device.</summary>
    public Action? DeviceRead { get; set; }

    public ulong DeviceValue { get; set; }

    /// <summary>First address where nothing is.</summary>
    public ulong DeviceEnd { get; set; } = ulong.MaxValue;

    /// <summary>A general register of core 0.</summary>
    public ulong this[int register]
    {
        get => State->Gpr[register];
        set => State->Gpr[register] = value;
    }

    /// <summary>Puts core <paramref name="id"/> at the program's start, with the FPU on.</summary>
    public void Restart(int id = 0)
    {
        Cores[id].Reset(Origin);
        WriteCsr(Csr.Euen, 1, id);
        WriteCsr(Csr.Eentry, Vector, id);
    }

    public void WriteCsr(int csr, ulong value, int id = 0) => Cores[id].ExchangeCsr(csr, value, ulong.MaxValue);

    /// <summary>Assembles a program into memory; returns its labels.</summary>
    public IReadOnlyDictionary<string, ulong> Load(string source, ulong origin = Origin)
    {
        AssemblyResult result = Assembler.Assemble(source, origin);
        byte[] image = result.BytesOrThrow();
        image.CopyTo(Memory.Span(origin, (ulong)image.Length));
        return result.Symbols;
    }

    public ref ulong Cell(ulong physical) => ref *(ulong*)Memory.Pointer(physical);

    /// <summary>Runs core 0 for exactly <paramref name="instructions"/> instructions.</summary>
    public void Run(long instructions)
    {
        ulong before = State->Retired;
        Engine.Run(instructions).Should().Be(RunExit.Budget);
        (State->Retired - before).Should().Be((ulong)instructions);
        State->Budget.Should().Be(0);
    }

    /// <summary>Runs core 0 until it is at <paramref name="pc"/>; fails if it does not come there.</summary>
    public void RunTo(ulong pc, int limit = 1_000_000)
    {
        for (int n = 0; State->Pc != pc; n++)
        {
            n.Should().BeLessThan(limit, $"execution should come to {pc:x}, is at {State->Pc:x}");
            Run(1);
        }
    }

    public void Dispose()
    {
        Engines.ForEach(engine => (engine as IDisposable)?.Dispose());
        Cores.ForEach(core => core.Dispose());
        Memory.Dispose();
    }

    private sealed class Bus(TestMachine machine) : ICoreBus
    {
        public bool Answers(ulong physicalAddress, int size) => physicalAddress + (ulong)size <= machine.DeviceEnd;

        public ulong ReadMmio(ulong physicalAddress, int size)
        {
            machine.DeviceRead?.Invoke();
            return machine.DeviceValue;
        }

        public void WriteMmio(ulong physicalAddress, int size, ulong value) => machine.DeviceValue = value;

        public ulong ReadIocsr(int core, uint address, int size) => 0;

        public void WriteIocsr(int core, uint address, int size, ulong value)
        {
        }
    }
}
