using LaKvm.Isa;
using static LaKvm.Cpu.Operands;

namespace LaKvm.Cpu;

/// <summary>The accesses of integer loads and stores (manual vol. 1, 2.2.5).</summary>
internal static unsafe class IntegerMemory
{
    /// <summary>Loads a signed value into rd; the register is written only after the access has succeeded.</summary>
    internal static Trap LoadI8(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out sbyte value);
        return trap != Trap.None ? trap : Write(s, i, (ulong)value);
    }

    /// <summary>As <see cref="LoadI8"/>, 2 bytes.</summary>
    internal static Trap LoadI16(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out short value);
        return trap != Trap.None ? trap : Write(s, i, (ulong)value);
    }

    /// <summary>As <see cref="LoadI8"/>, 4 bytes.</summary>
    internal static Trap LoadI32(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out int value);
        return trap != Trap.None ? trap : Write(s, i, (ulong)value);
    }

    /// <summary>As <see cref="LoadI8"/>, 8 bytes.</summary>
    internal static Trap LoadU64(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out ulong value);
        return trap != Trap.None ? trap : Write(s, i, value);
    }

    /// <summary>Stores the low bytes of rd.</summary>
    internal static Trap Store<T>(Core core, CpuState* s, Instruction* i, ulong va)
        where T : unmanaged =>
        MemoryAccess.Store(core, s, va, *(T*)((ulong*)s + i->D));

    /// <summary>Loads an unsigned value into rd.</summary>
    internal static Trap LoadU8(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out byte value);
        return trap != Trap.None ? trap : Write(s, i, value);
    }

    /// <summary>As <see cref="LoadU8"/>, 2 bytes.</summary>
    internal static Trap LoadU16(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out ushort value);
        return trap != Trap.None ? trap : Write(s, i, value);
    }

    /// <summary>As <see cref="LoadU8"/>, 4 bytes.</summary>
    internal static Trap LoadU32(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out uint value);
        return trap != Trap.None ? trap : Write(s, i, value);
    }
}
