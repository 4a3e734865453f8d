using LaKvm.Cpu;
using LaKvm.Isa;
using LaKvm.Memory;

namespace LaKvm.Cpu.Tests.Privileged;

/// <summary>Time that stands still until a test moves it.</summary>
internal sealed class ManualClock : IClock
{
    public ulong Ticks { get; set; }
}

/// <summary>A bus that records what reaches it.</summary>
internal sealed class RecordingBus : ICoreBus
{
    public List<string> Log { get; } = [];

    public ulong ReadValue { get; set; }

    /// <summary>First address where nothing is.</summary>
    public ulong End { get; set; } = ulong.MaxValue;

    public bool Answers(ulong physicalAddress, int size) => physicalAddress + (ulong)size <= End;

    public ulong ReadMmio(ulong physicalAddress, int size)
    {
        Log.Add($"r{size} {physicalAddress:x}");
        return ReadValue;
    }

    public void WriteMmio(ulong physicalAddress, int size, ulong value) =>
        Log.Add($"w{size} {physicalAddress:x}={value:x}");

    public ulong ReadIocsr(int core, uint address, int size)
    {
        Log.Add($"ior{size} {address:x}");
        return ReadValue;
    }

    public void WriteIocsr(int core, uint address, int size, ulong value) =>
        Log.Add($"iow{size} {address:x}={value:x}");
}

/// <summary>
/// A core with 16 MiB of RAM at 0 and no engine: instructions are executed one at a time through their semantics, as
/// any engine would.
/// </summary>
internal sealed unsafe class TestBench : IDisposable
{
    public const ulong RamSize = 16 << 20;

    public TestBench()
    {
        Memory.Add(0, RamSize);
        Core = new Core(3, Memory, Bus, Clock);
        Core.Reset(0x1000);
    }

    public PhysicalMemory Memory { get; } = new();

    public RecordingBus Bus { get; } = new() { ReadValue = 0x8877_6655_4433_2281 };

    public ManualClock Clock { get; } = new() { Ticks = 1000 };

    public Core Core { get; }

    public CpuState* State => Core.State;

    public ulong Pc => State->Pc;

    public ulong this[int register]
    {
        get => ((ulong*)State)[register];
        set => ((ulong*)State)[register] = value;
    }

    /// <summary>Executes one word at PC as an engine does and returns the trap that its semantic gave.</summary>
    public Trap Step(uint word)
    {
        Instruction i = Decoder.Decode(word);
        OpcodeInfo info = OpcodeTable.Info(i.Opcode);
        SinkRule.Apply(ref i);
        ulong pc = State->Pc;
        Trap trap = info.IsPrivileged && State->Restricted != 0 ? Core.RestrictedTrap(State, &i) : Trap.None;
        trap = trap == Trap.None ? HandlerTable.Shared[i.Opcode](Core, State, &i) : trap;
        if (trap == Trap.None)
        {
            State->Pc = pc + 4;
        }
        else if (trap < Trap.Refetch)
        {
            LastDelivery = Core.RaiseException(trap, word);
        }

        return trap;
    }

    /// <summary>What delivering the last exception asked of the engine.</summary>
    public Trap LastDelivery { get; private set; }

    public void Csrwr(int csr, ulong value) => Core.ExchangeCsr(csr, value, ulong.MaxValue);

    public void Gcsrwr(int csr, ulong value) => Core.ExchangeGcsr(csr, value, ulong.MaxValue);

    public void Poke(ulong physical, ulong value) => *(ulong*)Memory.Pointer(physical) = value;

    public ulong Peek(ulong physical) => *(ulong*)Memory.Pointer(physical);

    /// <summary>A load of 8 bytes as a ld.d would do it.</summary>
    public Trap Load(ulong va, out ulong value) => MemoryAccess.Load(Core, State, va, out value);

    public Trap Store(ulong va, ulong value) => MemoryAccess.Store(Core, State, va, value);

    /// <summary>Switches to mapped address mode at a privilege level.</summary>
    public void EnablePaging(ulong plv = 0) => Csrwr(Csr.Crmd, Crmd.Pg | plv);

    /// <summary>Writes one TLB pair by TLBWR.</summary>
    public void MapPair(int index, ulong va, int pageShift, ulong elo0, ulong elo1)
    {
        Csrwr(Csr.Tlbehi, va);
        Csrwr(Csr.Tlbelo0, elo0);
        Csrwr(Csr.Tlbelo1, elo1);
        Csrwr(Csr.Tlbidx, ((ulong)pageShift << 24) | (uint)index);
        Step(Words.Tlbwr);
    }

    public void Dispose()
    {
        Core.Dispose();
        Memory.Dispose();
    }
}

/// <summary>Instruction words used by the tests.</summary>
internal static class Words
{
    public const uint Tlbclr = 0x06482000, Tlbflush = 0x06482400, Tlbsrch = 0x06482800, Tlbrd = 0x06482c00;
    public const uint Tlbwr = 0x06483000, Tlbfill = 0x06483400, Ertn = 0x06483800, Idle = 0x06488000;
    public const uint Gtlbsrch = 0x06482801, Gtlbrd = 0x06482c01, Gtlbwr = 0x06483001, Gtlbclr = 0x06482001;
    public const uint Gtlbfill = 0x06483401, Gtlbflush = 0x06482401;

    public static uint Csrrd(int rd, int csr) => 0x04000000u | ((uint)csr << 10) | (uint)rd;

    public static uint Csrwr(int rd, int csr) => Csrrd(rd, csr) | (1u << 5);

    public static uint Csrxchg(int rd, int rj, int csr) => Csrrd(rd, csr) | ((uint)rj << 5);

    public static uint Gcsrrd(int rd, int csr) => 0x05000000u | ((uint)csr << 10) | (uint)rd;

    public static uint Gcsrwr(int rd, int csr) => Gcsrrd(rd, csr) | (1u << 5);

    public static uint Gcsrxchg(int rd, int rj, int csr) => Gcsrrd(rd, csr) | ((uint)rj << 5);

    public static uint Invtlb(int op, int rj, int rk) => 0x06498000u | ((uint)rk << 10) | ((uint)rj << 5) | (uint)op;

    public static uint Two(uint word, int rd, int rj) => word | ((uint)rj << 5) | (uint)rd;

    public static uint Cpucfg(int rd, int rj) => Two(0x00006c00, rd, rj);

    public static uint RdtimeD(int rd, int rj) => Two(0x00006800, rd, rj);

    public static uint Lddir(int rd, int rj, int level) =>
        0x06400000u | ((uint)level << 10) | ((uint)rj << 5) | (uint)rd;

    public static uint Ldpte(int rj, int odd) => 0x06440000u | ((uint)odd << 10) | ((uint)rj << 5);

    public static uint Hvcl(int code) => 0x002b8000u | (uint)code;
}
