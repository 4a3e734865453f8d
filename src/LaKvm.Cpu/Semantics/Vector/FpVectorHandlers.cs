using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>
/// Runs floating-point lane operations. FCSR0 is settled once, with what all elements raised; if that traps, the
/// destination keeps its value.
/// </summary>
internal static unsafe class FpVectorHandlers
{
    /// <summary>d = op(j, k).</summary>
    public static Trap Lanes<TLane, TWidth>(Core core, CpuState* s, Instruction* i)
        where TLane : IFpLane
        where TWidth : IWidth => Run<TLane, TWidth>(s, i, 0);

    /// <summary>vfcmp: the condition is in the instruction word, as in fcmp's.</summary>
    public static Trap Compare<TLane, TWidth>(Core core, CpuState* s, Instruction* i)
        where TLane : IFpLane
        where TWidth : IWidth => Run<TLane, TWidth>(s, i, (int)(i->Word >> 15) & 0x1f);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Trap Run<TLane, TWidth>(CpuState* s, Instruction* i, int imm)
        where TLane : IFpLane
        where TWidth : IWidth
    {
        Vector128<byte>* d = Register(s, i->D), j = Register(s, i->J), k = Register(s, i->K), a = Register(s, i->A);
        FpEnvironment env = new(s->Fcsr);
        Vector128<byte> low = TLane.Apply(a[0], j[0], k[0], imm, ref env);
        Vector128<byte> high = TWidth.Lanes == 2 ? TLane.Apply(a[1], j[1], k[1], imm, ref env) : default;
        s->Fcsr = Fcsr.Update(s->Fcsr, env.Flags, out bool traps);
        if (traps)
        {
            return Trap.Vfpe;
        }

        d[0] = low;
        if (TWidth.Lanes == 2)
        {
            d[1] = high;
        }
        else if (TWidth.ClearsUpper)
        {
            d[1] = Vector128<byte>.Zero;
        }

        return Trap.None;
    }

    private static Vector128<byte>* Register(CpuState* s, int number) => (Vector128<byte>*)CpuState.Vector(s, number);
}
