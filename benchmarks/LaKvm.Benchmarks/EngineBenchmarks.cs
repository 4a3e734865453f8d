using BenchmarkDotNet.Attributes;
using LaKvm.Cpu;
using LaKvm.Interpreter;
using LaKvm.Isa;
using LaKvm.Memory;
using LaKvm.Translator;

namespace LaKvm.Benchmarks;

/// <summary>
/// One million guest instructions of a loop on a core in direct-address mode: microseconds are picoseconds per
/// instruction, and 1000 divided by milliseconds is MIPS.
/// </summary>
public unsafe class EngineBenchmarks : ICoreBus, IClock, IDisposable
{
    private const long Instructions = 1_000_000;
    private const ulong CodeBase = 0x10000;

    private readonly PhysicalMemory _memory = new();
    private Core _core = null!;
    private IExecutionEngine _engine = null!;

    /// <summary>Which engine executes.</summary>
    [Params("interpreter", "translator")]
    public string Engine { get; set; } = "";

    /// <summary>What is executed.</summary>
    [ParamsAllValues]
    public Loop Program { get; set; }

    /// <summary>Loads the program.</summary>
    [GlobalSetup]
    public void Load()
    {
        _memory.Add(0, 16 << 20);
        string source = Program switch
        {
            Loop.Arithmetic =>
                "1: addi.d $t0, $t0, 1\nxor $t1, $t1, $t0\nslli.d $t2, $t1, 3\nadd.d $t3, $t2, $t0\nb 1b\n",
            Loop.Memory => "lu12i.w $t4, 0x100\n1: ld.d $t0, $t4, 0\naddi.d $t0, $t0, 1\nst.d $t0, $t4, 8\nb 1b\n",
            _ => "1: bl 2f\nb 1b\n2: addi.d $t0, $t0, 1\njirl $zero, $ra, 0\n",
        };
        byte[] code = Assembler.Assemble(source, CodeBase).BytesOrThrow();
        code.CopyTo(_memory.Span(CodeBase, (ulong)code.Length));
        _core = new Core(0, _memory, this, this);
        _core.Reset(CodeBase);
        _engine = Engine == "translator" ? new TranslatorEngine(_core) : new InterpreterEngine(_core);
    }

    /// <summary>Runs the slice.</summary>
    [Benchmark]
    public RunExit Run() => _engine.Run(Instructions);

    /// <summary>Frees core and memory.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        (_engine as IDisposable)?.Dispose();
        _core.Dispose();
        _memory.Dispose();
    }

    ulong IClock.Ticks => 0;

    bool ICoreBus.Answers(ulong physicalAddress, int size) => true;

    ulong ICoreBus.ReadMmio(ulong physicalAddress, int size) => 0;

    void ICoreBus.WriteMmio(ulong physicalAddress, int size, ulong value)
    {
    }

    ulong ICoreBus.ReadIocsr(int core, uint address, int size) => 0;

    void ICoreBus.WriteIocsr(int core, uint address, int size, ulong value)
    {
    }
}

/// <summary>The guest's loop.</summary>
public enum Loop
{
    /// <summary>Integer instructions on registers.</summary>
    Arithmetic,

    /// <summary>A load and a store in the same page, which hit the software TLB.</summary>
    Memory,

    /// <summary>Calls and returns.</summary>
    Calls,
}
