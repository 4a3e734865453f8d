using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>Runs lane operations on registers, and what is not done lane by lane.</summary>
internal static unsafe class VectorHandlers
{
    /// <summary>d = op(d, j, k, immediate).</summary>
    public static Trap Lanes<TLane, TWidth>(Core core, CpuState* s, Instruction* i)
        where TLane : ILane
        where TWidth : IWidth => Run<TLane, TWidth>(s, i->D, i, i->Imm);

    /// <summary>d = op(d, j, k, general register rk).</summary>
    public static Trap LanesByGpr<TLane, TWidth>(Core core, CpuState* s, Instruction* i)
        where TLane : ILane
        where TWidth : IWidth => Run<TLane, TWidth>(s, i->D, i, (int)((ulong*)s)[i->K]);

    /// <summary>d = op(a, j, k): the rows with four registers.</summary>
    public static Trap LanesOfFour<TLane, TWidth>(Core core, CpuState* s, Instruction* i)
        where TLane : ILane
        where TWidth : IWidth => Run<TLane, TWidth>(s, i->A, i, 0);

    /// <summary>vldi, xvldi.</summary>
    public static Trap LoadImmediate<TWidth>(Core core, CpuState* s, Instruction* i)
        where TWidth : IWidth =>
        VectorConstant.Exists(i->Imm) ? Run<LoadImmediate, TWidth>(s, i->D, i, i->Imm) : Trap.Ine;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Trap Run<TLane, TWidth>(CpuState* s, int accumulator, Instruction* i, int imm)
        where TLane : ILane
        where TWidth : IWidth
    {
        Vector128<byte>* d = Register(s, i->D), a = Register(s, accumulator), j = Register(s, i->J),
            k = Register(s, i->K);
        d[0] = TLane.Apply(a[0], j[0], k[0], imm);
        if (TWidth.Lanes == 2)
        {
            d[1] = TLane.Apply(a[1], j[1], k[1], imm);
        }
        else if (TWidth.ClearsUpper)
        {
            d[1] = Vector128<byte>.Zero;
        }

        return Trap.None;
    }

    private static Vector128<byte>* Register(CpuState* s, int number) => (Vector128<byte>*)CpuState.Vector(s, number);

    // ---- memory: TVector is the register's width ----------------------------------------------------------------

    /// <summary>vld, xvld.</summary>
    public static Trap Load<TVector>(Core core, CpuState* s, Instruction* i)
        where TVector : unmanaged => LoadAt<TVector>(core, s, i, ((ulong*)s)[i->J] + (ulong)i->Imm);

    /// <summary>vldx, xvldx.</summary>
    public static Trap LoadIndexed<TVector>(Core core, CpuState* s, Instruction* i)
        where TVector : unmanaged => LoadAt<TVector>(core, s, i, ((ulong*)s)[i->J] + ((ulong*)s)[i->K]);

    private static Trap LoadAt<TVector>(Core core, CpuState* s, Instruction* i, ulong va)
        where TVector : unmanaged
    {
        Trap trap = MemoryAccess.Load(core, s, va, out TVector value);
        if (trap == Trap.None)
        {
            *(TVector*)CpuState.Vector(s, i->D) = value;
        }

        return trap;
    }

    /// <summary>vst, xvst.</summary>
    public static Trap Store<TVector>(Core core, CpuState* s, Instruction* i)
        where TVector : unmanaged =>
        MemoryAccess.Store(core, s, ((ulong*)s)[i->J] + (ulong)i->Imm, *(TVector*)CpuState.Vector(s, i->D));

    /// <summary>vstx, xvstx.</summary>
    public static Trap StoreIndexed<TVector>(Core core, CpuState* s, Instruction* i)
        where TVector : unmanaged =>
        MemoryAccess.Store(core, s, ((ulong*)s)[i->J] + ((ulong*)s)[i->K], *(TVector*)CpuState.Vector(s, i->D));

    /// <summary>vldrepl: one element from memory in all places.</summary>
    public static Trap LoadReplicated<T, TWidth>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged
        where TWidth : IWidth
    {
        Trap trap = MemoryAccess.Load(core, s, ((ulong*)s)[i->J] + (ulong)i->Imm, out T value);
        return trap == Trap.None ? Broadcast<T, TWidth>(s, i, value) : trap;
    }

    /// <summary>vstelm: stores one element.</summary>
    public static Trap StoreElement<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged =>
        MemoryAccess.Store(core, s, ((ulong*)s)[i->J] + (ulong)i->Imm, ((T*)CpuState.Vector(s, i->D))[i->A]);

    // ---- between general and vector registers ---------------------------------------------------------------------

    /// <summary>vreplgr2vr: a general register in all elements.</summary>
    public static Trap ReplicateGpr<T, TWidth>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged, IBinaryInteger<T>
        where TWidth : IWidth => Broadcast<T, TWidth>(s, i, T.CreateTruncating(((ulong*)s)[i->J]));

    /// <summary>vinsgr2vr, xvinsgr2vr: a general register replaces one element.</summary>
    public static Trap InsertGpr<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged, IBinaryInteger<T>
    {
        ((T*)CpuState.Vector(s, i->D))[i->Imm] = T.CreateTruncating(((ulong*)s)[i->J]);
        return Trap.None;
    }

    /// <summary>vpickve2gr, xvpickve2gr: one element, extended as its type says.</summary>
    public static Trap PickToGpr<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged, IBinaryInteger<T>
    {
        ((ulong*)s)[i->D] = ulong.CreateTruncating(((T*)CpuState.Vector(s, i->J))[i->Imm]);
        return Trap.None;
    }

    private static Trap Broadcast<T, TWidth>(CpuState* s, Instruction* i, T value)
        where T : unmanaged
        where TWidth : IWidth
    {
        Vector128<byte>* d = Register(s, i->D);
        d[0] = Vector128.Create(value).AsByte();
        if (TWidth.Lanes == 2)
        {
            d[1] = d[0];
        }
        else if (TWidth.ClearsUpper)
        {
            d[1] = Vector128<byte>.Zero;
        }

        return Trap.None;
    }

    // ---- conditions -----------------------------------------------------------------------------------------------

    /// <summary>vseteqz.v: whether the whole register is 0.</summary>
    public static Trap SetZero<TWidth>(Core core, CpuState* s, Instruction* i)
        where TWidth : IWidth => SetCondition(s, i, IsZero<TWidth>(s, i));

    /// <summary>vsetnez.v.</summary>
    public static Trap SetNotZero<TWidth>(Core core, CpuState* s, Instruction* i)
        where TWidth : IWidth => SetCondition(s, i, !IsZero<TWidth>(s, i));

    /// <summary>vsetanyeqz: whether any element is 0.</summary>
    public static Trap SetAnyZero<T, TWidth>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged
        where TWidth : IWidth => SetCondition(s, i, HasZero<T, TWidth>(s, i));

    /// <summary>vsetallnez: whether no element is 0.</summary>
    public static Trap SetAllNotZero<T, TWidth>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged
        where TWidth : IWidth => SetCondition(s, i, !HasZero<T, TWidth>(s, i));

    private static bool IsZero<TWidth>(CpuState* s, Instruction* i)
        where TWidth : IWidth
    {
        Vector128<byte>* j = Register(s, i->J);
        return (TWidth.Lanes == 1 ? j[0] : j[0] | j[1]) == Vector128<byte>.Zero;
    }

    private static bool HasZero<T, TWidth>(CpuState* s, Instruction* i)
        where T : unmanaged
        where TWidth : IWidth
    {
        Vector128<T>* j = (Vector128<T>*)Register(s, i->J);
        return Vector128.EqualsAny(j[0], Vector128<T>.Zero)
            || (TWidth.Lanes == 2 && Vector128.EqualsAny(j[1], Vector128<T>.Zero));
    }

    private static Trap SetCondition(CpuState* s, Instruction* i, bool condition)
    {
        s->Fcc[i->D & 7] = condition ? (byte)1 : (byte)0;
        return Trap.None;
    }
}
