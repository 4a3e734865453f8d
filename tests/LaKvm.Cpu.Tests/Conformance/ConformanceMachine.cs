using System.Runtime.InteropServices;
using LaKvm.Memory;
using LaKvm.Tests.Support;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>
/// One core with RAM, in direct address mode with all units on, that replays vector cases through an engine.
/// </summary>
internal sealed unsafe class ConformanceMachine : IDisposable
{
    /// <summary>Where exceptions go: a case that traps stops there.</summary>
    private const ulong Entry = 0x180000;

    private readonly PhysicalMemory _memory = new();
    private readonly Core _core;
    private readonly IExecutionEngine _engine;

    public ConformanceMachine(Func<Core, IExecutionEngine> createEngine)
    {
        _memory.Add(0, 0x400000);
        _core = new Core(0, _memory, new NoBus(), new StoppedClock());
        _engine = createEngine(_core);
        _core.ExchangeCsr(Csr.Euen, 7, 7);
        _core.ExchangeCsr(Csr.Eentry, Entry, ulong.MaxValue);
    }

    /// <summary>What executes the cases.</summary>
    public IExecutionEngine Engine => _engine;

    /// <summary>Executes a case and says what is different from what it expects; null if nothing is.</summary>
    public string? Run(VectorCase vector)
    {
        Load(vector.Before, vector.Code);
        for (int n = 0; n < vector.Code.Length && _core.State->Pc != Entry; n++)
        {
            RunExit exit = _engine.Run(1);
            if (exit != RunExit.Budget)
            {
                return $"run call ended with {exit}";
            }
        }

        List<string> differences = Compare(vector.After);
        return differences.Count == 0 ? null : string.Join(", ", differences);
    }

    public void Dispose()
    {
        (_engine as IDisposable)?.Dispose();
        _core.Dispose();
        _memory.Dispose();
    }

    private void Load(MachineImage image, uint[] code)
    {
        CpuState* s = _core.State;
        image.Gpr.CopyTo(new Span<ulong>(s->Gpr, 32));
        image.Vr.CopyTo(new Span<ulong>(s->Vr, 128));
        *(ulong*)s->Fcc = image.Fcc;
        s->Fcsr = image.Fcsr;
        s->Pc = image.Pc;
        s->Llbit[0] = 0;

        MemoryMarshal.AsBytes(code.AsSpan()).CopyTo(_memory.Span(image.Pc, (ulong)code.Length * 4));
        _memory.Written(image.Pc, (ulong)code.Length * 4);
        FillData(image, _memory.Span(MachineImage.DataBase, MachineImage.DataSize));
    }

    private static void FillData(MachineImage image, Span<byte> data)
    {
        data.Clear();
        foreach ((ulong address, ulong value) in image.Memory)
        {
            MemoryMarshal.Write(data[(int)(address - MachineImage.DataBase)..], value);
        }
    }

    private List<string> Compare(MachineImage expected)
    {
        List<string> differences = [];
        CpuState* s = _core.State;
        bool trapped = s->Pc == Entry;
        string? trap = trapped ? ((Trap)(_core.ReadCsr(Csr.Estat) >> Estat.EcodeShift & 0x7fff)).ToString() : null;
        if (trap != expected.Trap)
        {
            differences.Add($"trap is {trap ?? "none"}, not {expected.Trap ?? "none"}");
        }

        void Check(string name, ulong actual, ulong wanted)
        {
            if (actual != wanted)
            {
                differences.Add($"{name} is {actual:x}, not {wanted:x}");
            }
        }

        Check("pc", trapped ? _core.ReadCsr(Csr.Era) : s->Pc, expected.Pc);
        Check("fcsr", s->Fcsr, expected.Fcsr);
        Check("fcc", *(ulong*)s->Fcc, expected.Fcc);
        for (int n = 0; n < 128; n++)
        {
            if (n < 32)
            {
                Check($"r{n}", s->Gpr[n], expected.Gpr[n]);
            }

            Check($"vr{n / 4}.{n % 4}", s->Vr[n], expected.Vr[n]);
        }

        CompareData(expected, differences);
        return differences;
    }

    private void CompareData(MachineImage expected, List<string> differences)
    {
        Span<byte> wanted = stackalloc byte[(int)MachineImage.DataSize];
        FillData(expected, wanted);
        Span<byte> actual = _memory.Span(MachineImage.DataBase, MachineImage.DataSize);
        int at = actual.CommonPrefixLength(wanted);
        if (at < wanted.Length)
        {
            differences.Add($"byte at {MachineImage.DataBase + (ulong)at:x} is {actual[at]:x}, not {wanted[at]:x}");
        }
    }
}
