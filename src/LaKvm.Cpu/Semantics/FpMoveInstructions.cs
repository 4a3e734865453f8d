using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>
/// Handlers of the floating-point instructions that move bits: they raise no exception and leave FCSR0's Cause alone
/// (manual vol. 1, 3.2.1.5, 3.2.1.7, 3.2.1.8, 3.2.4).
/// </summary>
public static unsafe class FpMoveInstructions
{
    internal static void Register(HandlerTable t)
    {
        t[Opcode.FabsS] = &FabsS;
        t[Opcode.FabsD] = &FabsD;
        t[Opcode.FnegS] = &FnegS;
        t[Opcode.FnegD] = &FnegD;
        t[Opcode.FcopysignS] = &FcopysignS;
        t[Opcode.FcopysignD] = &FcopysignD;
        t[Opcode.FclassS] = &FclassS;
        t[Opcode.FclassD] = &FclassD;
        t[Opcode.FmovS] = &FmovS;
        t[Opcode.FmovD] = &FmovD;
        t[Opcode.Fsel] = &Fsel;
        t[Opcode.Movgr2frW] = &Movgr2frW;
        t[Opcode.Movgr2frD] = &Movgr2frD;
        t[Opcode.Movgr2frhW] = &Movgr2frhW;
        t[Opcode.Movfr2grS] = &Movfr2grS;
        t[Opcode.Movfr2grD] = &Movfr2grD;
        t[Opcode.Movfrh2grS] = &Movfrh2grS;
        t[Opcode.Movgr2fcsr] = &Movgr2fcsr;
        t[Opcode.Movfcsr2gr] = &Movfcsr2gr;
        t[Opcode.Movfr2cf] = &Movfr2cf;
        t[Opcode.Movcf2fr] = &Movcf2fr;
        t[Opcode.Movgr2cf] = &Movgr2cf;
        t[Opcode.Movcf2gr] = &Movcf2gr;
    }

    private static ulong Fpr(CpuState* s, int register) => *CpuState.Vector(s, register);

    private static Trap SetFpr(CpuState* s, Instruction* i, ulong value)
    {
        *CpuState.Vector(s, i->D) = value;
        return Trap.None;
    }

    private static Trap SetGpr(CpuState* s, Instruction* i, ulong value)
    {
        ((ulong*)s)[i->D] = value;
        return Trap.None;
    }

    private static ulong Gpr(CpuState* s, int register) => ((ulong*)s)[register];

    private static Trap FabsS(Core core, CpuState* s, Instruction* i) =>
        SetFpr(s, i, Fp32.Box(Fp32.Read(Fpr(s, i->J)) & ~Fp32.SignBit));

    private static Trap FabsD(Core core, CpuState* s, Instruction* i) => SetFpr(s, i, Fpr(s, i->J) & ~Fp64.SignBit);

    private static Trap FnegS(Core core, CpuState* s, Instruction* i) =>
        SetFpr(s, i, Fp32.Box(Fp32.Read(Fpr(s, i->J)) ^ Fp32.SignBit));

    private static Trap FnegD(Core core, CpuState* s, Instruction* i) => SetFpr(s, i, Fpr(s, i->J) ^ Fp64.SignBit);

    /// <summary>The upper half, which may be anything, comes with the sign from fk.</summary>
    private static Trap FcopysignS(Core core, CpuState* s, Instruction* i) =>
        SetFpr(s, i, CopySign(Fpr(s, i->J), Fpr(s, i->K), Fp32.SignBit));

    private static Trap FcopysignD(Core core, CpuState* s, Instruction* i) =>
        SetFpr(s, i, CopySign(Fpr(s, i->J), Fpr(s, i->K), Fp64.SignBit));

    private static ulong CopySign(ulong magnitude, ulong sign, ulong signBit) =>
        (magnitude & (signBit - 1)) | (sign & ~(signBit - 1));

    private static Trap FclassS(Core core, CpuState* s, Instruction* i) =>
        SetFpr(s, i, Fp32.Class(Fp32.Read(Fpr(s, i->J))));

    private static Trap FclassD(Core core, CpuState* s, Instruction* i) => SetFpr(s, i, Fp64.Class(Fpr(s, i->J)));

    private static Trap FmovS(Core core, CpuState* s, Instruction* i) =>
        SetFpr(s, i, Fp32.Box(Fp32.Read(Fpr(s, i->J))));

    private static Trap FmovD(Core core, CpuState* s, Instruction* i) => SetFpr(s, i, Fpr(s, i->J));

    private static Trap Fsel(Core core, CpuState* s, Instruction* i) =>
        SetFpr(s, i, Fpr(s, s->Fcc[i->A & 7] != 0 ? i->K : i->J));

    private static Trap Movgr2frW(Core core, CpuState* s, Instruction* i) =>
        SetFpr(s, i, (Fpr(s, i->D) & ~0xffff_fffful) | (uint)Gpr(s, i->J));

    private static Trap Movgr2frD(Core core, CpuState* s, Instruction* i) => SetFpr(s, i, Gpr(s, i->J));

    private static Trap Movgr2frhW(Core core, CpuState* s, Instruction* i) =>
        SetFpr(s, i, (uint)Fpr(s, i->D) | (Gpr(s, i->J) << 32));

    private static Trap Movfr2grS(Core core, CpuState* s, Instruction* i) =>
        SetGpr(s, i, (ulong)(int)Fpr(s, i->J));

    private static Trap Movfr2grD(Core core, CpuState* s, Instruction* i) => SetGpr(s, i, Fpr(s, i->J));

    private static Trap Movfrh2grS(Core core, CpuState* s, Instruction* i) =>
        SetGpr(s, i, (ulong)((long)Fpr(s, i->J) >> 32));

    /// <summary>
    /// Reserved bits stay 0. A Cause bit whose enable is set, or becomes set, does not trap (3.2.4.4).
    /// </summary>
    private static Trap Movgr2fcsr(Core core, CpuState* s, Instruction* i)
    {
        uint mask = Fcsr.Mask(i->D);
        s->Fcsr = (s->Fcsr & ~mask) | ((uint)Gpr(s, i->J) & mask);
        return Trap.None;
    }

    private static Trap Movfcsr2gr(Core core, CpuState* s, Instruction* i) =>
        SetGpr(s, i, s->Fcsr & Fcsr.Mask(i->J));

    private static Trap SetFcc(CpuState* s, Instruction* i, ulong value)
    {
        s->Fcc[i->D & 7] = (byte)(value & 1);
        return Trap.None;
    }

    private static Trap Movfr2cf(Core core, CpuState* s, Instruction* i) => SetFcc(s, i, Fpr(s, i->J));

    private static Trap Movcf2fr(Core core, CpuState* s, Instruction* i) => SetFpr(s, i, s->Fcc[i->J & 7]);

    private static Trap Movgr2cf(Core core, CpuState* s, Instruction* i) => SetFcc(s, i, Gpr(s, i->J));

    private static Trap Movcf2gr(Core core, CpuState* s, Instruction* i) => SetGpr(s, i, s->Fcc[i->J & 7]);
}
