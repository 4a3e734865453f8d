using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>The accesses of floating-point loads and stores (manual vol. 1, 3.2.6).</summary>
internal static unsafe class FpMemoryInstructions
{
    /// <summary>Loads 32 bits into fd.</summary>
    internal static Trap LoadSingle(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out uint value);
        if (trap == Trap.None)
        {
            *CpuState.Vector(s, i->D) = Fp32.Box(value);
        }

        return trap;
    }

    /// <summary>Loads 64 bits into fd.</summary>
    internal static Trap LoadDouble(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out ulong value);
        if (trap == Trap.None)
        {
            *CpuState.Vector(s, i->D) = value;
        }

        return trap;
    }

    /// <summary>Stores the low 32 bits of fd.</summary>
    internal static Trap StoreSingle(Core core, CpuState* s, Instruction* i, ulong va) =>
        MemoryAccess.Store(core, s, va, (uint)*CpuState.Vector(s, i->D));

    /// <summary>Stores fd.</summary>
    internal static Trap StoreDouble(Core core, CpuState* s, Instruction* i, ulong va) =>
        MemoryAccess.Store(core, s, va, *CpuState.Vector(s, i->D));
}
