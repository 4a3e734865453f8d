using System.Runtime.CompilerServices;
using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>
/// Handlers of the floating-point instructions that calculate: arithmetic, comparison, conversion (manual vol. 1, 3.2.1
/// to 3.2.3). Each one calculates with a pure function, then settles FCSR0 once; a trap leaves the destination alone.
/// </summary>
public static unsafe class FpArithmeticInstructions
{
    internal static void Register(HandlerTable t)
    {
        RegisterArithmetic(t);
        RegisterConversions(t);
        RegisterComparisons(t);
    }

    private static void RegisterArithmetic(HandlerTable t)
    {
        t[Opcode.FaddS] = &Fadd<Fp32>;
        t[Opcode.FaddD] = &Fadd<Fp64>;
        t[Opcode.FsubS] = &Fsub<Fp32>;
        t[Opcode.FsubD] = &Fsub<Fp64>;
        t[Opcode.FmulS] = &Fmul<Fp32>;
        t[Opcode.FmulD] = &Fmul<Fp64>;
        t[Opcode.FdivS] = &Fdiv<Fp32>;
        t[Opcode.FdivD] = &Fdiv<Fp64>;
        t[Opcode.FmaddS] = &Fmadd<Fp32>;
        t[Opcode.FmaddD] = &Fmadd<Fp64>;
        t[Opcode.FmsubS] = &Fmsub<Fp32>;
        t[Opcode.FmsubD] = &Fmsub<Fp64>;
        t[Opcode.FnmaddS] = &Fnmadd<Fp32>;
        t[Opcode.FnmaddD] = &Fnmadd<Fp64>;
        t[Opcode.FnmsubS] = &Fnmsub<Fp32>;
        t[Opcode.FnmsubD] = &Fnmsub<Fp64>;
        t[Opcode.FmaxS] = &Fmax<Fp32>;
        t[Opcode.FmaxD] = &Fmax<Fp64>;
        t[Opcode.FminS] = &Fmin<Fp32>;
        t[Opcode.FminD] = &Fmin<Fp64>;
        t[Opcode.FmaxaS] = &Fmaxa<Fp32>;
        t[Opcode.FmaxaD] = &Fmaxa<Fp64>;
        t[Opcode.FminaS] = &Fmina<Fp32>;
        t[Opcode.FminaD] = &Fmina<Fp64>;
        t[Opcode.FsqrtS] = &Fsqrt<Fp32>;
        t[Opcode.FsqrtD] = &Fsqrt<Fp64>;
        t[Opcode.FrecipS] = &Frecip<Fp32>;
        t[Opcode.FrecipD] = &Frecip<Fp64>;
        t[Opcode.FrsqrtS] = &Frsqrt<Fp32>;
        t[Opcode.FrsqrtD] = &Frsqrt<Fp64>;
        t[Opcode.FscalebS] = &FscalebS;
        t[Opcode.FscalebD] = &FscalebD;
        t[Opcode.FlogbS] = &Flogb<Fp32>;
        t[Opcode.FlogbD] = &Flogb<Fp64>;
    }

    private static void RegisterConversions(HandlerTable t)
    {
        t[Opcode.FcvtSD] = &FcvtSD;
        t[Opcode.FcvtDS] = &FcvtDS;
        t[Opcode.FrintS] = &Frint<Fp32>;
        t[Opcode.FrintD] = &Frint<Fp64>;
        t[Opcode.FfintSW] = &FfintW<Fp32>;
        t[Opcode.FfintSL] = &FfintL<Fp32>;
        t[Opcode.FfintDW] = &FfintW<Fp64>;
        t[Opcode.FfintDL] = &FfintL<Fp64>;
        t[Opcode.FtintWS] = &FtintW<Fp32>;
        t[Opcode.FtintWD] = &FtintW<Fp64>;
        t[Opcode.FtintLS] = &FtintL<Fp32>;
        t[Opcode.FtintLD] = &FtintL<Fp64>;
        t[Opcode.FtintrneWS] = &FtintrneW<Fp32>;
        t[Opcode.FtintrneWD] = &FtintrneW<Fp64>;
        t[Opcode.FtintrneLS] = &FtintrneL<Fp32>;
        t[Opcode.FtintrneLD] = &FtintrneL<Fp64>;
        t[Opcode.FtintrzWS] = &FtintrzW<Fp32>;
        t[Opcode.FtintrzWD] = &FtintrzW<Fp64>;
        t[Opcode.FtintrzLS] = &FtintrzL<Fp32>;
        t[Opcode.FtintrzLD] = &FtintrzL<Fp64>;
        t[Opcode.FtintrpWS] = &FtintrpW<Fp32>;
        t[Opcode.FtintrpWD] = &FtintrpW<Fp64>;
        t[Opcode.FtintrpLS] = &FtintrpL<Fp32>;
        t[Opcode.FtintrpLD] = &FtintrpL<Fp64>;
        t[Opcode.FtintrmWS] = &FtintrmW<Fp32>;
        t[Opcode.FtintrmWD] = &FtintrmW<Fp64>;
        t[Opcode.FtintrmLS] = &FtintrmL<Fp32>;
        t[Opcode.FtintrmLD] = &FtintrmL<Fp64>;
    }

    /// <summary>The 22 conditions share a handler: the condition is in the instruction word.</summary>
    private static void RegisterComparisons(HandlerTable t)
    {
        Opcode[] single =
        [
            Opcode.FcmpCafS, Opcode.FcmpSafS, Opcode.FcmpCltS, Opcode.FcmpSltS, Opcode.FcmpCeqS, Opcode.FcmpSeqS,
            Opcode.FcmpCleS, Opcode.FcmpSleS, Opcode.FcmpCunS, Opcode.FcmpSunS, Opcode.FcmpCultS, Opcode.FcmpSultS,
            Opcode.FcmpCueqS, Opcode.FcmpSueqS, Opcode.FcmpCuleS, Opcode.FcmpSuleS, Opcode.FcmpCneS, Opcode.FcmpSneS,
            Opcode.FcmpCorS, Opcode.FcmpSorS, Opcode.FcmpCuneS, Opcode.FcmpSuneS,
        ];
        Opcode[] wide =
        [
            Opcode.FcmpCafD, Opcode.FcmpSafD, Opcode.FcmpCltD, Opcode.FcmpSltD, Opcode.FcmpCeqD, Opcode.FcmpSeqD,
            Opcode.FcmpCleD, Opcode.FcmpSleD, Opcode.FcmpCunD, Opcode.FcmpSunD, Opcode.FcmpCultD, Opcode.FcmpSultD,
            Opcode.FcmpCueqD, Opcode.FcmpSueqD, Opcode.FcmpCuleD, Opcode.FcmpSuleD, Opcode.FcmpCneD, Opcode.FcmpSneD,
            Opcode.FcmpCorD, Opcode.FcmpSorD, Opcode.FcmpCuneD, Opcode.FcmpSuneD,
        ];
        foreach (Opcode opcode in single)
        {
            t[opcode] = &Fcmp<Fp32>;
        }

        foreach (Opcode opcode in wide)
        {
            t[opcode] = &Fcmp<Fp64>;
        }
    }

    /// <summary>
    /// Whether fcmp's 5-bit condition holds: bits 1 to 4 select less, equal, unordered and greater-or-less; bit 0
    /// makes the comparison signaling (manual vol. 1, 3.2.2.1).
    /// </summary>
    public static bool Holds(int condition, FpRelation relation)
    {
        // Conditions from 0x10 on (ne, or, une) accept both less and greater.
        FpRelation accepted = (FpRelation)((condition >> 1) & 7);
        if ((condition & 0x10) != 0)
        {
            accepted |= FpRelation.Less | FpRelation.Greater;
        }

        return (accepted & relation) != 0;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Read<T>(CpuState* s, int register)
        where T : struct, IFp => T.Read(*CpuState.Vector(s, register));

    /// <summary>Settles FCSR0 and, unless that traps, writes a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Trap Write(CpuState* s, Instruction* i, ulong value, in FpEnvironment env)
    {
        s->Fcsr = Fcsr.Update(s->Fcsr, env.Flags, out bool traps);
        if (traps)
        {
            return Trap.Fpe;
        }

        *CpuState.Vector(s, i->D) = value;
        return Trap.None;
    }

    private static Trap Fadd<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.Add(Read<T>(s, i->J), Read<T>(s, i->K), ref env)), env);
    }

    private static Trap Fsub<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.Subtract(Read<T>(s, i->J), Read<T>(s, i->K), ref env)), env);
    }

    private static Trap Fmul<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.Multiply(Read<T>(s, i->J), Read<T>(s, i->K), ref env)), env);
    }

    private static Trap Fdiv<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.Divide(Read<T>(s, i->J), Read<T>(s, i->K), ref env)), env);
    }

    private static Trap Fmax<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.Max(Read<T>(s, i->J), Read<T>(s, i->K), ref env)), env);
    }

    private static Trap Fmin<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.Min(Read<T>(s, i->J), Read<T>(s, i->K), ref env)), env);
    }

    private static Trap Fmaxa<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.MaxMagnitude(Read<T>(s, i->J), Read<T>(s, i->K), ref env)), env);
    }

    private static Trap Fmina<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.MinMagnitude(Read<T>(s, i->J), Read<T>(s, i->K), ref env)), env);
    }

    private static Trap Fmadd<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.MultiplyAdd(Read<T>(s, i->J), Read<T>(s, i->K), Read<T>(s, i->A), ref env)), env);
    }

    private static Trap Fmsub<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(
            FpDerived<T>.MultiplySubtract(Read<T>(s, i->J), Read<T>(s, i->K), Read<T>(s, i->A), ref env)), env);
    }

    private static Trap Fnmadd<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(
            FpDerived<T>.NegatedMultiplyAdd(Read<T>(s, i->J), Read<T>(s, i->K), Read<T>(s, i->A), ref env)), env);
    }

    private static Trap Fnmsub<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(
            FpDerived<T>.NegatedMultiplySubtract(Read<T>(s, i->J), Read<T>(s, i->K), Read<T>(s, i->A), ref env)), env);
    }

    private static Trap Fsqrt<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.SquareRoot(Read<T>(s, i->J), ref env)), env);
    }

    private static Trap Frecip<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(FpDerived<T>.Reciprocal(Read<T>(s, i->J), ref env)), env);
    }

    private static Trap Frsqrt<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(FpDerived<T>.ReciprocalSquareRoot(Read<T>(s, i->J), ref env)), env);
    }

    private static Trap Flogb<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.LogB(Read<T>(s, i->J), ref env)), env);
    }

    private static Trap FscalebS(Core core, CpuState* s, Instruction* i)
    {
        FpEnvironment env = new(s->Fcsr);
        int n = (int)*CpuState.Vector(s, i->K);
        return Write(s, i, Fp32.Box(Fp32.ScaleB(Read<Fp32>(s, i->J), n, ref env)), env);
    }

    private static Trap FscalebD(Core core, CpuState* s, Instruction* i)
    {
        FpEnvironment env = new(s->Fcsr);
        long n = (long)*CpuState.Vector(s, i->K);
        return Write(s, i, Fp64.ScaleB(Read<Fp64>(s, i->J), n, ref env), env);
    }

    private static Trap Fcmp<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        int condition = (int)(i->Word >> 15) & 0x1f;
        FpEnvironment env = new(s->Fcsr);
        FpRelation relation = T.Compare(Read<T>(s, i->J), Read<T>(s, i->K), (condition & 1) != 0, ref env);
        s->Fcsr = Fcsr.Update(s->Fcsr, env.Flags, out bool traps);
        if (traps)
        {
            return Trap.Fpe;
        }

        s->Fcc[i->D & 7] = Holds(condition, relation) ? (byte)1 : (byte)0;
        return Trap.None;
    }

    private static Trap FcvtSD(Core core, CpuState* s, Instruction* i)
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, Fp32.Box(Fp32.FromDouble(Read<Fp64>(s, i->J), ref env)), env);
    }

    private static Trap FcvtDS(Core core, CpuState* s, Instruction* i)
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, Fp64.FromSingle(Read<Fp32>(s, i->J), ref env), env);
    }

    /// <summary>
    /// The upper half of the register becomes 0 where the other single-precision results fill it with ones.
    /// </summary>
    private static Trap Frint<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.RoundToInteger(Read<T>(s, i->J), env.Rounding, ref env), env);
    }

    private static Trap FfintW<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.FromInteger((int)*CpuState.Vector(s, i->J), ref env)), env);
    }

    private static Trap FfintL<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, T.Box(T.FromInteger((long)*CpuState.Vector(s, i->J), ref env)), env);
    }

    /// <summary>Conversion to an integer of 32 bits, sign-extended to the register, or of 64 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Trap ToInteger<T>(CpuState* s, Instruction* i, int bits, FpRounding rounding)
        where T : struct, IFp
    {
        FpEnvironment env = new(s->Fcsr);
        return Write(s, i, (ulong)T.ToInteger(Read<T>(s, i->J), bits, rounding, ref env), env);
    }

    private static FpRounding CurrentRounding(CpuState* s) => new FpEnvironment(s->Fcsr).Rounding;

    private static Trap FtintW<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 32, CurrentRounding(s));

    private static Trap FtintL<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 64, CurrentRounding(s));

    private static Trap FtintrneW<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 32, FpRounding.NearestEven);

    private static Trap FtintrneL<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 64, FpRounding.NearestEven);

    private static Trap FtintrzW<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 32, FpRounding.TowardZero);

    private static Trap FtintrzL<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 64, FpRounding.TowardZero);

    private static Trap FtintrpW<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 32, FpRounding.Up);

    private static Trap FtintrpL<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 64, FpRounding.Up);

    private static Trap FtintrmW<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 32, FpRounding.Down);

    private static Trap FtintrmL<T>(Core core, CpuState* s, Instruction* i)
        where T : struct, IFp => ToInteger<T>(s, i, 64, FpRounding.Down);
}
