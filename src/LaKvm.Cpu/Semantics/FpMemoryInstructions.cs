using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>Handlers of the floating-point loads and stores without bound check (manual vol. 1, 3.2.6).</summary>
public static unsafe class FpMemoryInstructions
{
    internal static void Register(HandlerTable t)
    {
        t[Opcode.FldS] = &FldS;
        t[Opcode.FldD] = &FldD;
        t[Opcode.FstS] = &FstS;
        t[Opcode.FstD] = &FstD;
        t[Opcode.FldxS] = &FldxS;
        t[Opcode.FldxD] = &FldxD;
        t[Opcode.FstxS] = &FstxS;
        t[Opcode.FstxD] = &FstxD;
    }

    private static ulong Offset(CpuState* s, Instruction* i) => ((ulong*)s)[i->J] + (ulong)i->Imm;

    private static ulong Indexed(CpuState* s, Instruction* i) => ((ulong*)s)[i->J] + ((ulong*)s)[i->K];

    /// <summary>Loads 32 bits into fd.</summary>
    private static Trap LoadSingle(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out uint value);
        if (trap == Trap.None)
        {
            *CpuState.Vector(s, i->D) = Fp32.Box(value);
        }

        return trap;
    }

    /// <summary>Loads 64 bits into fd.</summary>
    private static Trap LoadDouble(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out ulong value);
        if (trap == Trap.None)
        {
            *CpuState.Vector(s, i->D) = value;
        }

        return trap;
    }

    /// <summary>Stores the low 32 bits of fd.</summary>
    private static Trap StoreSingle(Core core, CpuState* s, Instruction* i, ulong va) =>
        MemoryAccess.Store(core, s, va, (uint)*CpuState.Vector(s, i->D));

    /// <summary>Stores fd.</summary>
    private static Trap StoreDouble(Core core, CpuState* s, Instruction* i, ulong va) =>
        MemoryAccess.Store(core, s, va, *CpuState.Vector(s, i->D));

    private static Trap FldS(Core core, CpuState* s, Instruction* i) => LoadSingle(core, s, i, Offset(s, i));

    private static Trap FldD(Core core, CpuState* s, Instruction* i) => LoadDouble(core, s, i, Offset(s, i));

    private static Trap FstS(Core core, CpuState* s, Instruction* i) => StoreSingle(core, s, i, Offset(s, i));

    private static Trap FstD(Core core, CpuState* s, Instruction* i) => StoreDouble(core, s, i, Offset(s, i));

    private static Trap FldxS(Core core, CpuState* s, Instruction* i) => LoadSingle(core, s, i, Indexed(s, i));

    private static Trap FldxD(Core core, CpuState* s, Instruction* i) => LoadDouble(core, s, i, Indexed(s, i));

    private static Trap FstxS(Core core, CpuState* s, Instruction* i) => StoreSingle(core, s, i, Indexed(s, i));

    private static Trap FstxD(Core core, CpuState* s, Instruction* i) => StoreDouble(core, s, i, Indexed(s, i));
}
