using LaKvm.Isa;
using static LaKvm.Cpu.Operands;

namespace LaKvm.Cpu;

/// <summary>
/// Handlers of ll, sc and the AM instructions (manual vol. 1, 2.2.7), on host atomics where the address is RAM. Host
/// atomics are full barriers, so the _db forms need nothing more.
/// </summary>
public static unsafe class AtomicInstructions
{
    internal static void Register(HandlerTable t)
    {
        t[Opcode.LlW] = &LlW;
        t[Opcode.LlD] = &LlD;
        t[Opcode.ScW] = &ScW;
        t[Opcode.ScD] = &ScD;
        t[Opcode.AmswapW] = t[Opcode.AmswapDbW] = &Word<Swap>;
        t[Opcode.AmswapD] = t[Opcode.AmswapDbD] = &Double<Swap>;
        t[Opcode.AmaddW] = t[Opcode.AmaddDbW] = &Word<Add>;
        t[Opcode.AmaddD] = t[Opcode.AmaddDbD] = &Double<Add>;
        t[Opcode.AmandW] = t[Opcode.AmandDbW] = &Word<And>;
        t[Opcode.AmandD] = t[Opcode.AmandDbD] = &Double<And>;
        t[Opcode.AmorW] = t[Opcode.AmorDbW] = &Word<Or>;
        t[Opcode.AmorD] = t[Opcode.AmorDbD] = &Double<Or>;
        t[Opcode.AmxorW] = t[Opcode.AmxorDbW] = &Word<Xor>;
        t[Opcode.AmxorD] = t[Opcode.AmxorDbD] = &Double<Xor>;
        t[Opcode.AmmaxW] = t[Opcode.AmmaxDbW] = &Word<Max>;
        t[Opcode.AmmaxD] = t[Opcode.AmmaxDbD] = &Double<Max>;
        t[Opcode.AmminW] = t[Opcode.AmminDbW] = &Word<Min>;
        t[Opcode.AmminD] = t[Opcode.AmminDbD] = &Double<Min>;
        t[Opcode.AmmaxWu] = t[Opcode.AmmaxDbWu] = &WordUnsigned<MaxUnsigned>;
        t[Opcode.AmmaxDu] = t[Opcode.AmmaxDbDu] = &Double<MaxUnsigned>;
        t[Opcode.AmminWu] = t[Opcode.AmminDbWu] = &WordUnsigned<MinUnsigned>;
        t[Opcode.AmminDu] = t[Opcode.AmminDbDu] = &Double<MinUnsigned>;
    }

    private static Trap LlW(Core core, CpuState* s, Instruction* i)
    {
        ulong va = Based(s, i);
        Trap trap = Aligned(s, va, 4);
        if (trap == Trap.None && (trap = MemoryAccess.Load(core, s, va, out int value)) == Trap.None)
        {
            Link(s, va, (uint)value);
            Write(s, i, (ulong)value);
        }

        return trap;
    }

    private static Trap LlD(Core core, CpuState* s, Instruction* i)
    {
        ulong va = Based(s, i);
        Trap trap = Aligned(s, va, 8);
        if (trap == Trap.None && (trap = MemoryAccess.Load(core, s, va, out ulong value)) == Trap.None)
        {
            Link(s, va, value);
            Write(s, i, value);
        }

        return trap;
    }

    private static Trap ScW(Core core, CpuState* s, Instruction* i) => StoreConditional(core, s, i, 4);

    private static Trap ScD(Core core, CpuState* s, Instruction* i) => StoreConditional(core, s, i, 8);

    private static void Link(CpuState* s, ulong va, ulong value)
    {
        s->LlAddress = LinkKey(s, va);
        s->LlValue = value;
        s->Llbit[s->Vm] = 1;
    }

    /// <summary>
    /// The address that links ll and sc, with the mode in bit 0: root and guest mode have an LLbit each but share the
    /// rest, so a sequence that the other mode interrupted with its own fails.
    /// </summary>
    private static ulong LinkKey(CpuState* s, ulong va) => va | s->Vm;

    /// <summary>
    /// sc succeeds if LLbit is set, the address is ll's, and memory still holds the value that ll read. LLbit 0 fails
    /// without an access, so without an exception of one.
    /// </summary>
    private static Trap StoreConditional(Core core, CpuState* s, Instruction* i, int size)
    {
        ulong va = Based(s, i);
        Trap trap = Aligned(s, va, size);
        bool stored = false;
        if (trap == Trap.None && s->Llbit[s->Vm] != 0 && s->LlAddress == LinkKey(s, va))
        {
            trap = StoreIfUnchanged(core, s, va, size, D(s, i), out stored);
        }

        if (trap == Trap.None)
        {
            s->Llbit[s->Vm] = 0;
            CpuState.WriteGpr(s, i->D, stored ? 1UL : 0);
        }

        return trap;
    }

    private static Trap StoreIfUnchanged(Core core, CpuState* s, ulong va, int size, ulong value, out bool stored)
    {
        stored = false;
        if (Pointer(core, s, va, size, out byte* pointer) is var trap and not Trap.None)
        {
            return trap;
        }

        if (pointer == null)
        {
            // Not RAM: the manual leaves ll and sc there open. A plain store, as nothing else can be linked.
            stored = true;
            return core.StoreSlow(va, size, &value);
        }

        stored = Exchange(pointer, size, s->LlValue, value);
        if (stored)
        {
            Stored(core, s, va, pointer);
        }

        return Trap.None;
    }

    /// <summary>Word form: memory and operands count as signed words.</summary>
    private static Trap Word<TOperation>(Core core, CpuState* s, Instruction* i)
        where TOperation : IOperation =>
        Modify<TOperation>(core, s, i, 4, (ulong)(int)K(s, i), signed: true);

    /// <summary>Unsigned word form: operands count as unsigned; what rd gets is sign-extended all the same.</summary>
    private static Trap WordUnsigned<TOperation>(Core core, CpuState* s, Instruction* i)
        where TOperation : IOperation =>
        Modify<TOperation>(core, s, i, 4, (uint)K(s, i), signed: false);

    private static Trap Double<TOperation>(Core core, CpuState* s, Instruction* i)
        where TOperation : IOperation =>
        Modify<TOperation>(core, s, i, 8, K(s, i), signed: true);

    /// <summary>Reads, combines with <paramref name="operand"/> and writes back until nobody came in between.</summary>
    private static Trap Modify<TOperation>(
        Core core, CpuState* s, Instruction* i, int size, ulong operand, bool signed)
        where TOperation : IOperation
    {
        ulong va = J(s, i);
        if (Pointer(core, s, va, size, out byte* pointer) is var trap and not Trap.None)
        {
            return trap;
        }

        ulong old;
        if (pointer == null)
        {
            // Not RAM: the bus has no atomic access.
            old = 0;
            trap = core.LoadSlow(va, size, &old);
            ulong changed = TOperation.Apply(Extend(old, size, signed), operand);
            if (trap != Trap.None || (trap = core.StoreSlow(va, size, &changed)) != Trap.None)
            {
                return trap;
            }
        }
        else
        {
            do
            {
                old = Read(pointer, size);
            }
            while (!Exchange(pointer, size, old, TOperation.Apply(Extend(old, size, signed), operand)));
            Stored(core, s, va, pointer);
        }

        return Write(s, i, Extend(old, size, signed: true));
    }

    private static ulong Extend(ulong value, int size, bool signed) =>
        size == 8 ? value : signed ? (ulong)(int)value : (uint)value;

    private static Trap Pointer(Core core, CpuState* s, ulong va, int size, out byte* pointer)
    {
        pointer = null;
        Trap trap = Aligned(s, va, size);
        return trap != Trap.None ? trap : MemoryAccess.AtomicPointer(core, s, va, size, out pointer);
    }

    private static ulong Read(byte* pointer, int size) =>
        size == 8 ? Volatile.Read(ref *(ulong*)pointer) : Volatile.Read(ref *(uint*)pointer);

    private static bool Exchange(byte* pointer, int size, ulong expected, ulong value) =>
        size == 8
            ? Interlocked.CompareExchange(ref *(ulong*)pointer, value, expected) == expected
            : Interlocked.CompareExchange(ref *(uint*)pointer, (uint)value, (uint)expected) == (uint)expected;

    /// <summary>Tells the core of a store to a page that is not ordinary (code, dirty log).</summary>
    private static void Stored(Core core, CpuState* s, ulong va, byte* pointer)
    {
        if (CpuState.TlbEntry(s, va)->WriteTag != (va & ~0xFFFUL))
        {
            core.AtomicStored(va, pointer);
        }
    }

    private static Trap Aligned(CpuState* s, ulong va, int size)
    {
        if ((va & (ulong)(size - 1)) == 0)
        {
            return Trap.None;
        }

        s->TrapAddress = va;
        return Trap.Ale;
    }

    /// <summary>What an AM instruction writes, from the old value and rk, both extended to 64 bits.</summary>
    private interface IOperation
    {
        static abstract ulong Apply(ulong old, ulong operand);
    }

    private readonly struct Swap : IOperation
    {
        public static ulong Apply(ulong old, ulong operand) => operand;
    }

    private readonly struct Add : IOperation
    {
        public static ulong Apply(ulong old, ulong operand) => old + operand;
    }

    private readonly struct And : IOperation
    {
        public static ulong Apply(ulong old, ulong operand) => old & operand;
    }

    private readonly struct Or : IOperation
    {
        public static ulong Apply(ulong old, ulong operand) => old | operand;
    }

    private readonly struct Xor : IOperation
    {
        public static ulong Apply(ulong old, ulong operand) => old ^ operand;
    }

    private readonly struct Max : IOperation
    {
        public static ulong Apply(ulong old, ulong operand) => (long)old > (long)operand ? old : operand;
    }

    private readonly struct Min : IOperation
    {
        public static ulong Apply(ulong old, ulong operand) => (long)old < (long)operand ? old : operand;
    }

    private readonly struct MaxUnsigned : IOperation
    {
        public static ulong Apply(ulong old, ulong operand) => Math.Max(old, operand);
    }

    private readonly struct MinUnsigned : IOperation
    {
        public static ulong Apply(ulong old, ulong operand) => Math.Min(old, operand);
    }
}
