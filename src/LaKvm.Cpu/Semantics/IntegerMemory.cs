using LaKvm.Isa;
using static LaKvm.Cpu.Operands;

namespace LaKvm.Cpu;

/// <summary>Handlers of the integer loads and stores (manual vol. 1, 2.2.5).</summary>
public static unsafe class IntegerMemory
{
    internal static void Register(HandlerTable t)
    {
        t[Opcode.LdB] = &LdB;
        t[Opcode.LdH] = &LdH;
        t[Opcode.LdW] = t[Opcode.LdptrW] = &LdW;
        t[Opcode.LdD] = t[Opcode.LdptrD] = &LdD;
        t[Opcode.LdBu] = &LdBu;
        t[Opcode.LdHu] = &LdHu;
        t[Opcode.LdWu] = &LdWu;
        t[Opcode.StB] = &StB;
        t[Opcode.StH] = &StH;
        t[Opcode.StW] = t[Opcode.StptrW] = &StW;
        t[Opcode.StD] = t[Opcode.StptrD] = &StD;
        t[Opcode.LdxB] = &LdxB;
        t[Opcode.LdxH] = &LdxH;
        t[Opcode.LdxW] = &LdxW;
        t[Opcode.LdxD] = &LdxD;
        t[Opcode.LdxBu] = &LdxBu;
        t[Opcode.LdxHu] = &LdxHu;
        t[Opcode.LdxWu] = &LdxWu;
        t[Opcode.StxB] = &StxB;
        t[Opcode.StxH] = &StxH;
        t[Opcode.StxW] = &StxW;
        t[Opcode.StxD] = &StxD;
    }

    /// <summary>Loads a signed value into rd; the register is written only after the access has succeeded.</summary>
    internal static Trap LoadSigned8(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out sbyte value);
        return trap != Trap.None ? trap : Write(s, i, (ulong)value);
    }

    /// <summary>As <see cref="LoadSigned8"/>, 2 bytes.</summary>
    internal static Trap LoadSigned16(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out short value);
        return trap != Trap.None ? trap : Write(s, i, (ulong)value);
    }

    /// <summary>As <see cref="LoadSigned8"/>, 4 bytes.</summary>
    internal static Trap LoadSigned32(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out int value);
        return trap != Trap.None ? trap : Write(s, i, (ulong)value);
    }

    /// <summary>As <see cref="LoadSigned8"/>, 8 bytes.</summary>
    internal static Trap Load64(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out ulong value);
        return trap != Trap.None ? trap : Write(s, i, value);
    }

    /// <summary>Stores the low bytes of rd.</summary>
    internal static Trap Store<T>(Core core, CpuState* s, Instruction* i, ulong va)
        where T : unmanaged =>
        MemoryAccess.Store(core, s, va, *(T*)((ulong*)s + i->D));

    private static Trap LoadUnsigned8(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out byte value);
        return trap != Trap.None ? trap : Write(s, i, value);
    }

    private static Trap LoadUnsigned16(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out ushort value);
        return trap != Trap.None ? trap : Write(s, i, value);
    }

    private static Trap LoadUnsigned32(Core core, CpuState* s, Instruction* i, ulong va)
    {
        Trap trap = MemoryAccess.Load(core, s, va, out uint value);
        return trap != Trap.None ? trap : Write(s, i, value);
    }

    private static Trap LdB(Core core, CpuState* s, Instruction* i) => LoadSigned8(core, s, i, Based(s, i));

    private static Trap LdH(Core core, CpuState* s, Instruction* i) => LoadSigned16(core, s, i, Based(s, i));

    private static Trap LdW(Core core, CpuState* s, Instruction* i) => LoadSigned32(core, s, i, Based(s, i));

    private static Trap LdD(Core core, CpuState* s, Instruction* i) => Load64(core, s, i, Based(s, i));

    private static Trap LdBu(Core core, CpuState* s, Instruction* i) => LoadUnsigned8(core, s, i, Based(s, i));

    private static Trap LdHu(Core core, CpuState* s, Instruction* i) => LoadUnsigned16(core, s, i, Based(s, i));

    private static Trap LdWu(Core core, CpuState* s, Instruction* i) => LoadUnsigned32(core, s, i, Based(s, i));

    private static Trap StB(Core core, CpuState* s, Instruction* i) => Store<byte>(core, s, i, Based(s, i));

    private static Trap StH(Core core, CpuState* s, Instruction* i) => Store<ushort>(core, s, i, Based(s, i));

    private static Trap StW(Core core, CpuState* s, Instruction* i) => Store<uint>(core, s, i, Based(s, i));

    private static Trap StD(Core core, CpuState* s, Instruction* i) => Store<ulong>(core, s, i, Based(s, i));

    private static Trap LdxB(Core core, CpuState* s, Instruction* i) => LoadSigned8(core, s, i, Indexed(s, i));

    private static Trap LdxH(Core core, CpuState* s, Instruction* i) => LoadSigned16(core, s, i, Indexed(s, i));

    private static Trap LdxW(Core core, CpuState* s, Instruction* i) => LoadSigned32(core, s, i, Indexed(s, i));

    private static Trap LdxD(Core core, CpuState* s, Instruction* i) => Load64(core, s, i, Indexed(s, i));

    private static Trap LdxBu(Core core, CpuState* s, Instruction* i) => LoadUnsigned8(core, s, i, Indexed(s, i));

    private static Trap LdxHu(Core core, CpuState* s, Instruction* i) => LoadUnsigned16(core, s, i, Indexed(s, i));

    private static Trap LdxWu(Core core, CpuState* s, Instruction* i) => LoadUnsigned32(core, s, i, Indexed(s, i));

    private static Trap StxB(Core core, CpuState* s, Instruction* i) => Store<byte>(core, s, i, Indexed(s, i));

    private static Trap StxH(Core core, CpuState* s, Instruction* i) => Store<ushort>(core, s, i, Indexed(s, i));

    private static Trap StxW(Core core, CpuState* s, Instruction* i) => Store<uint>(core, s, i, Indexed(s, i));

    private static Trap StxD(Core core, CpuState* s, Instruction* i) => Store<ulong>(core, s, i, Indexed(s, i));
}
