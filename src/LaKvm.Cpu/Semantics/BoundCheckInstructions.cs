using LaKvm.Isa;
using static LaKvm.Cpu.Operands;

namespace LaKvm.Cpu;

/// <summary>
/// Handlers of asrtle.d, asrtgt.d (manual vol. 1, 2.2.10) and of the loads and stores with bound check (2.2.6, 3.2.7).
/// rj is compared with rk as a signed number: the manual says so of asrt*, and it is inferred for the accesses. A
/// failed check raises BCE before the access is tried; an access must be naturally aligned.
/// </summary>
public static unsafe class BoundCheckInstructions
{
    internal static void Register(HandlerTable t)
    {
        t[Opcode.AsrtleD] = &AsrtleD;
        t[Opcode.AsrtgtD] = &AsrtgtD;
        RegisterAccesses(t);
        t[Opcode.FldgtS] = &FldgtS;
        t[Opcode.FldgtD] = &FldgtD;
        t[Opcode.FldleS] = &FldleS;
        t[Opcode.FldleD] = &FldleD;
        t[Opcode.FstgtS] = &FstgtS;
        t[Opcode.FstgtD] = &FstgtD;
        t[Opcode.FstleS] = &FstleS;
        t[Opcode.FstleD] = &FstleD;
    }

    private static void RegisterAccesses(HandlerTable t)
    {
        t[Opcode.LdgtB] = &LdgtB;
        t[Opcode.LdgtH] = &LdgtH;
        t[Opcode.LdgtW] = &LdgtW;
        t[Opcode.LdgtD] = &LdgtD;
        t[Opcode.LdleB] = &LdleB;
        t[Opcode.LdleH] = &LdleH;
        t[Opcode.LdleW] = &LdleW;
        t[Opcode.LdleD] = &LdleD;
        t[Opcode.StgtB] = &StgtB;
        t[Opcode.StgtH] = &StgtH;
        t[Opcode.StgtW] = &StgtW;
        t[Opcode.StgtD] = &StgtD;
        t[Opcode.StleB] = &StleB;
        t[Opcode.StleH] = &StleH;
        t[Opcode.StleW] = &StleW;
        t[Opcode.StleD] = &StleD;
    }

    private static Trap AsrtleD(Core core, CpuState* s, Instruction* i) => CheckLe(s, i, 1);

    private static Trap AsrtgtD(Core core, CpuState* s, Instruction* i) => CheckGt(s, i, 1);

    private static Trap LdgtB(Core core, CpuState* s, Instruction* i) =>
        CheckGt(s, i, 1) is var trap and not Trap.None ? trap : IntegerMemory.LoadI8(core, s, i, J(s, i));

    private static Trap LdgtH(Core core, CpuState* s, Instruction* i) =>
        CheckGt(s, i, 2) is var trap and not Trap.None ? trap : IntegerMemory.LoadI16(core, s, i, J(s, i));

    private static Trap LdgtW(Core core, CpuState* s, Instruction* i) =>
        CheckGt(s, i, 4) is var trap and not Trap.None ? trap : IntegerMemory.LoadI32(core, s, i, J(s, i));

    private static Trap LdgtD(Core core, CpuState* s, Instruction* i) =>
        CheckGt(s, i, 8) is var trap and not Trap.None ? trap : IntegerMemory.LoadU64(core, s, i, J(s, i));

    private static Trap LdleB(Core core, CpuState* s, Instruction* i) =>
        CheckLe(s, i, 1) is var trap and not Trap.None ? trap : IntegerMemory.LoadI8(core, s, i, J(s, i));

    private static Trap LdleH(Core core, CpuState* s, Instruction* i) =>
        CheckLe(s, i, 2) is var trap and not Trap.None ? trap : IntegerMemory.LoadI16(core, s, i, J(s, i));

    private static Trap LdleW(Core core, CpuState* s, Instruction* i) =>
        CheckLe(s, i, 4) is var trap and not Trap.None ? trap : IntegerMemory.LoadI32(core, s, i, J(s, i));

    private static Trap LdleD(Core core, CpuState* s, Instruction* i) =>
        CheckLe(s, i, 8) is var trap and not Trap.None ? trap : IntegerMemory.LoadU64(core, s, i, J(s, i));

    private static Trap StgtB(Core core, CpuState* s, Instruction* i) => StoreGt<byte>(core, s, i);

    private static Trap StgtH(Core core, CpuState* s, Instruction* i) => StoreGt<ushort>(core, s, i);

    private static Trap StgtW(Core core, CpuState* s, Instruction* i) => StoreGt<uint>(core, s, i);

    private static Trap StgtD(Core core, CpuState* s, Instruction* i) => StoreGt<ulong>(core, s, i);

    private static Trap StleB(Core core, CpuState* s, Instruction* i) => StoreLe<byte>(core, s, i);

    private static Trap StleH(Core core, CpuState* s, Instruction* i) => StoreLe<ushort>(core, s, i);

    private static Trap StleW(Core core, CpuState* s, Instruction* i) => StoreLe<uint>(core, s, i);

    private static Trap StleD(Core core, CpuState* s, Instruction* i) => StoreLe<ulong>(core, s, i);

    private static Trap FldgtS(Core core, CpuState* s, Instruction* i) =>
        CheckGt(s, i, 4) is var trap and not Trap.None ? trap : LoadFp<uint>(core, s, i);

    private static Trap FldgtD(Core core, CpuState* s, Instruction* i) =>
        CheckGt(s, i, 8) is var trap and not Trap.None ? trap : LoadFp<ulong>(core, s, i);

    private static Trap FldleS(Core core, CpuState* s, Instruction* i) =>
        CheckLe(s, i, 4) is var trap and not Trap.None ? trap : LoadFp<uint>(core, s, i);

    private static Trap FldleD(Core core, CpuState* s, Instruction* i) =>
        CheckLe(s, i, 8) is var trap and not Trap.None ? trap : LoadFp<ulong>(core, s, i);

    private static Trap FstgtS(Core core, CpuState* s, Instruction* i) =>
        CheckGt(s, i, 4) is var trap and not Trap.None ? trap : StoreFp<uint>(core, s, i);

    private static Trap FstgtD(Core core, CpuState* s, Instruction* i) =>
        CheckGt(s, i, 8) is var trap and not Trap.None ? trap : StoreFp<ulong>(core, s, i);

    private static Trap FstleS(Core core, CpuState* s, Instruction* i) =>
        CheckLe(s, i, 4) is var trap and not Trap.None ? trap : StoreFp<uint>(core, s, i);

    private static Trap FstleD(Core core, CpuState* s, Instruction* i) =>
        CheckLe(s, i, 8) is var trap and not Trap.None ? trap : StoreFp<ulong>(core, s, i);

    private static Trap StoreGt<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged =>
        CheckGt(s, i, sizeof(T)) is var trap and not Trap.None ? trap : IntegerMemory.Store<T>(core, s, i, J(s, i));

    private static Trap StoreLe<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged =>
        CheckLe(s, i, sizeof(T)) is var trap and not Trap.None ? trap : IntegerMemory.Store<T>(core, s, i, J(s, i));

    /// <summary>Loads an FP register; as with fld.s, the bits above a single value are ones (QEMU's choice).</summary>
    private static Trap LoadFp<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged
    {
        Trap trap = MemoryAccess.Load(core, s, J(s, i), out T value);
        if (trap == Trap.None)
        {
            ulong* register = CpuState.Vector(s, i->D);
            *register = ulong.MaxValue;
            *(T*)register = value;
        }

        return trap;
    }

    private static Trap StoreFp<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged =>
        MemoryAccess.Store(core, s, J(s, i), *(T*)CpuState.Vector(s, i->D));

    private static Trap CheckLe(CpuState* s, Instruction* i, int size) =>
        Check(s, i, (long)J(s, i) <= (long)K(s, i), size);

    private static Trap CheckGt(CpuState* s, Instruction* i, int size) =>
        Check(s, i, (long)J(s, i) > (long)K(s, i), size);

    private static Trap Check(CpuState* s, Instruction* i, bool inBounds, int size)
    {
        ulong address = J(s, i);
        bool aligned = (address & (ulong)(size - 1)) == 0;
        if (inBounds && aligned)
        {
            return Trap.None;
        }

        s->TrapAddress = address;
        return inBounds ? Trap.Ale : Trap.Bce;
    }
}
