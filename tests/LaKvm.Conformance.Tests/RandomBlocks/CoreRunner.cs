using System.Runtime.InteropServices;
using LaKvm.Cpu;
using LaKvm.Isa;
using LaKvm.Memory;
using LaKvm.Tests.Support;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>
/// Runs blocks on one of our cores as a user's program would run: at PLV3, through page tables and a TLB refill
/// handler. An exception ends a block.
/// </summary>
internal sealed unsafe class CoreRunner : IDisposable
{
    /// <summary>Instructions after which a block is taken to be endless.</summary>
    private const int Limit = 4000;

    private const ulong Cached = 0x9000_0000_0000_0000, Entry = 0x2000, Refill = 0x3000, Tables = 0x10000,
        KernelSize = 0x100_0000;

    private const ulong Valid = 1, Dirty = 2, User = 3 << 2, Coherent = 1 << 4, NoExecute = 1UL << 62;

    private const string RefillHandler = """
            csrwr   $t0, 0x8b
            csrrd   $t0, 0x1b
            lddir   $t0, $t0, 3
            lddir   $t0, $t0, 2
            lddir   $t0, $t0, 1
            ldpte   $t0, 0
            ldpte   $t0, 1
            tlbfill
            csrrd   $t0, 0x8b
            ertn
        """;

    private readonly PhysicalMemory _memory = new();
    private readonly Core _core;
    private readonly IExecutionEngine _engine;
    private ulong _nextTable = Tables;

    public CoreRunner(Func<Core, IExecutionEngine> createEngine, ReadOnlySpan<ulong> readOnlyPage)
    {
        _memory.Add(0, KernelSize);
        _memory.Add(Layout.Code, Layout.CodeSize);
        _memory.Add(Layout.Data, Layout.Blocks * Layout.Window);
        _core = new Core(0, _memory, new NoBus(), new StoppedClock());
        _engine = createEngine(_core);
        Assembler.Assemble("idle 0", Entry).BytesOrThrow().CopyTo(_memory.Span(Entry, 4));
        byte[] handler = Assembler.Assemble(RefillHandler, Refill).BytesOrThrow();
        handler.CopyTo(_memory.Span(Refill, (ulong)handler.Length));
        MapAll(readOnlyPage);
        Configure();
    }

    /// <summary>Puts code at its address.</summary>
    public void LoadCode(ulong address, ReadOnlySpan<uint> code)
    {
        MemoryMarshal.AsBytes(code).CopyTo(_memory.Span(address, (ulong)code.Length * 4));
        _memory.Written(address, (ulong)code.Length * 4);
    }

    /// <summary>Removes all code.</summary>
    public void ClearCode()
    {
        _memory.Span(Layout.Code, Layout.CodeSize).Clear();
        _memory.Written(Layout.Code, Layout.CodeSize);
    }

    /// <summary>Data window <paramref name="n"/>: its writable part.</summary>
    public Span<byte> Window(int n) => _memory.Span(Layout.Data + ((ulong)n * Layout.Window), Layout.Writable);

    /// <summary>Puts a block's data into its window.</summary>
    public void LoadData(Block block) => MemoryMarshal.AsBytes(block.Data.AsSpan()).CopyTo(Window(block.Window));

    /// <summary>Runs a block whose code and data are loaded; returns the number of instructions.</summary>
    public ulong Run(Block block, ref MachineState after)
    {
        CpuState* s = _core.State;
        Load(block, s);
        ulong retired = s->Retired;
        RunExit exit = _engine.Run(Limit);
        Save(s, ref after);
        End(exit, block.End, ref after);
        return s->Retired - retired;
    }

    public void Dispose()
    {
        (_engine as IDisposable)?.Dispose();
        _core.Dispose();
        _memory.Dispose();
    }

    private void Configure()
    {
        Write(Csr.Euen, 7);
        Write(Csr.Stlbps, 12);
        Write(Csr.Tlbrehi, 12);
        Write(Csr.Pwcl, 12 | (9 << 5) | (21 << 10) | (9 << 15) | (30 << 20) | (9 << 25));
        Write(Csr.Pwch, 39 | (9 << 6));
        Write(Csr.Pgdl, Tables);
        Write(Csr.Pgdh, 0); // there are only zeros
        Write(Csr.Tlbrentry, Refill);
        Write(Csr.Dmw0, Cached | 0x11);
        Write(Csr.Eentry, Cached | Entry);
    }

    private void Write(int csr, ulong value) => _core.ExchangeCsr(csr, value, ulong.MaxValue);

    private void MapAll(ReadOnlySpan<ulong> readOnlyPage)
    {
        _nextTable += Layout.Page;
        for (ulong page = Layout.Code; page < Layout.Code + Layout.CodeSize; page += Layout.Page)
        {
            Map(page, Valid | User | Coherent);
        }

        for (ulong window = Layout.Data; window < Layout.Data
            + (Layout.Blocks * Layout.Window); window += Layout.Window)
        {
            for (ulong at = 0; at < Layout.Writable; at += Layout.Page)
            {
                Map(window + at, Valid | Dirty | User | Coherent | NoExecute);
            }

            Map(window + Layout.Writable, Valid | User | Coherent | NoExecute);
            MemoryMarshal.AsBytes(readOnlyPage).CopyTo(_memory.Span(window + Layout.Writable, Layout.Page));
        }
    }

    /// <summary>Maps a virtual page to the physical page of the same number.</summary>
    private void Map(ulong page, ulong flags)
    {
        ulong table = Tables;
        foreach (int shift in (ReadOnlySpan<int>)[39, 30, 21])
        {
            ref ulong entry = ref *(ulong*)_memory.Pointer(table + ((page >> shift & 511) * 8));
            if (entry == 0)
            {
                entry = _nextTable;
                _nextTable += Layout.Page;
            }

            table = entry;
        }

        *(ulong*)_memory.Pointer(table + ((page >> 12 & 511) * 8)) = page | flags;
    }

    private void Load(Block block, CpuState* s)
    {
        fixed (MachineState* from = &block.Start)
        {
            Buffer.MemoryCopy(from->Gpr, s->Gpr, 256, 256);
            Buffer.MemoryCopy(from->Vr, s->Vr, 1024, 1024);
            *(ulong*)s->Fcc = from->Fcc;
            s->Fcsr = from->Fcsr;
            s->Pc = from->Pc;
        }

        s->Llbit[0] = 0;
        Write(Csr.Crmd, 3 | Crmd.Pg);
    }

    private static void Save(CpuState* s, ref MachineState state)
    {
        fixed (MachineState* to = &state)
        {
            Buffer.MemoryCopy(s->Gpr, to->Gpr, 256, 256);
            Buffer.MemoryCopy(s->Vr, to->Vr, 1024, 1024);
            to->Fcc = *(ulong*)s->Fcc;
            to->Fcsr = s->Fcsr;
        }
    }

    private void End(RunExit exit, ulong end, ref MachineState state)
    {
        state.Address = 0;
        state.Pc = _core.ReadCsr(Csr.Era);
        if (exit != RunExit.Idle)
        {
            state.Signal = Signals.Endless;
            return;
        }

        var trap = (Trap)(_core.ReadCsr(Csr.Estat) >> Estat.EcodeShift & 0x7fff);
        state.Signal = state.Pc == end && trap == Trap.Pis ? Signals.None : Signal(trap);
        if (state.Signal is Signals.Segv or Signals.Bus)
        {
            state.Address = _core.ReadCsr(Csr.Badv);
        }
    }

    private static int Signal(Trap trap) => trap switch
    {
        Trap.Ale => Signals.Bus,
        Trap.Brk => Signals.Trap,
        Trap.Ine or Trap.Ipe => Signals.Ill,
        Trap.Fpe or Trap.Vfpe => Signals.Fpe,
        Trap.Bce => Signals.Sys,
        _ => Signals.Segv,
    };
}
