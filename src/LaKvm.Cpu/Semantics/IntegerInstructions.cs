using System.Runtime.InteropServices;
using LaKvm.Isa;
using static LaKvm.Cpu.BitManipulation;
using static LaKvm.Cpu.CrcArithmetic;
using static LaKvm.Cpu.IntegerArithmetic;
using static LaKvm.Cpu.Operands;

namespace LaKvm.Cpu;

/// <summary>
/// Handlers of the integer instructions that only touch registers. Most are a function of one or two operands: those
/// share a handler per operand form, which finds the function by opcode.
/// </summary>
public static unsafe class IntegerInstructions
{
    /// <summary>Functions of the forms rd = f(rj), rd = f(rj, rk) and rd = f(rj, imm), by opcode.</summary>
    private static readonly void** Functions =
        (void**)NativeMemory.AllocZeroed(HandlerTable.Capacity, (nuint)sizeof(void*));

    internal static void Register(HandlerTable t)
    {
        RegisterUnary(t);
        RegisterBinary(t);
        RegisterImmediate(t);
        t[Opcode.AlslW] = &AlslW;
        t[Opcode.AlslWu] = &AlslWu;
        t[Opcode.AlslD] = &AlslD;
        t[Opcode.BytepickW] = &BytepickW;
        t[Opcode.BytepickD] = &BytepickD;
        t[Opcode.BstrpickW] = &BstrpickW;
        t[Opcode.BstrpickD] = &BstrpickD;
        t[Opcode.BstrinsW] = &BstrinsW;
        t[Opcode.BstrinsD] = &BstrinsD;
        t[Opcode.Lu12iW] = &Lu12iW;
        t[Opcode.Lu32iD] = &Lu32iD;
        t[Opcode.Pcaddi] = &Pcaddi;
        t[Opcode.Pcaddu12i] = &Pcaddu12i;
        t[Opcode.Pcalau12i] = &Pcalau12i;
        t[Opcode.Pcaddu18i] = &Pcaddu18i;
    }

    private static void RegisterUnary(HandlerTable t)
    {
        void Add(Opcode opcode, delegate*<ulong, ulong> function)
        {
            Functions[(int)opcode] = function;
            t[opcode] = &Unary;
        }

        Add(Opcode.CloW, &CloW);
        Add(Opcode.ClzW, &ClzW);
        Add(Opcode.CtoW, &CtoW);
        Add(Opcode.CtzW, &CtzW);
        Add(Opcode.CloD, &CloD);
        Add(Opcode.ClzD, &ClzD);
        Add(Opcode.CtoD, &CtoD);
        Add(Opcode.CtzD, &CtzD);
        Add(Opcode.Revb2h, &Revb2h);
        Add(Opcode.Revb4h, &Revb4h);
        Add(Opcode.Revb2w, &Revb2w);
        Add(Opcode.RevbD, &RevbD);
        Add(Opcode.Revh2w, &Revh2w);
        Add(Opcode.RevhD, &RevhD);
        Add(Opcode.Bitrev4b, &Bitrev4b);
        Add(Opcode.Bitrev8b, &Bitrev8b);
        Add(Opcode.BitrevW, &BitrevW);
        Add(Opcode.BitrevD, &BitrevD);
        Add(Opcode.ExtWH, &ExtWH);
        Add(Opcode.ExtWB, &ExtWB);
    }

    private static void RegisterBinary(HandlerTable t)
    {
        void Add(Opcode opcode, delegate*<ulong, ulong, ulong> function)
        {
            Functions[(int)opcode] = function;
            t[opcode] = &Binary;
        }

        Add(Opcode.AddW, &AddW);
        Add(Opcode.AddD, &AddD);
        Add(Opcode.SubW, &SubW);
        Add(Opcode.SubD, &SubD);
        Add(Opcode.Slt, &Slt);
        Add(Opcode.Sltu, &Sltu);
        Add(Opcode.Maskeqz, &Maskeqz);
        Add(Opcode.Masknez, &Masknez);
        Add(Opcode.Nor, &Nor);
        Add(Opcode.And, &And);
        Add(Opcode.Or, &Or);
        Add(Opcode.Xor, &Xor);
        Add(Opcode.Orn, &Orn);
        Add(Opcode.Andn, &Andn);
        Add(Opcode.SllW, &SllW);
        Add(Opcode.SrlW, &SrlW);
        Add(Opcode.SraW, &SraW);
        Add(Opcode.SllD, &SllD);
        Add(Opcode.SrlD, &SrlD);
        Add(Opcode.SraD, &SraD);
        Add(Opcode.RotrW, &RotrW);
        Add(Opcode.RotrD, &RotrD);
        Add(Opcode.MulW, &MulW);
        Add(Opcode.MulhW, &MulhW);
        Add(Opcode.MulhWu, &MulhWu);
        Add(Opcode.MulD, &MulD);
        Add(Opcode.MulhD, &MulhD);
        Add(Opcode.MulhDu, &MulhDu);
        Add(Opcode.MulwDW, &MulwDW);
        Add(Opcode.MulwDWu, &MulwDWu);
        Add(Opcode.DivW, &DivW);
        Add(Opcode.ModW, &ModW);
        Add(Opcode.DivWu, &DivWu);
        Add(Opcode.ModWu, &ModWu);
        Add(Opcode.DivD, &DivD);
        Add(Opcode.ModD, &ModD);
        Add(Opcode.DivDu, &DivDu);
        Add(Opcode.ModDu, &ModDu);
        Add(Opcode.CrcWBW, &CrcWBW);
        Add(Opcode.CrcWHW, &CrcWHW);
        Add(Opcode.CrcWWW, &CrcWWW);
        Add(Opcode.CrcWDW, &CrcWDW);
        Add(Opcode.CrccWBW, &CrccWBW);
        Add(Opcode.CrccWHW, &CrccWHW);
        Add(Opcode.CrccWWW, &CrccWWW);
        Add(Opcode.CrccWDW, &CrccWDW);
    }

    private static void RegisterImmediate(HandlerTable t)
    {
        void Add(Opcode opcode, delegate*<ulong, ulong, ulong> function)
        {
            Functions[(int)opcode] = function;
            t[opcode] = &Immediate;
        }

        Add(Opcode.SlliW, &SllW);
        Add(Opcode.SlliD, &SllD);
        Add(Opcode.SrliW, &SrlW);
        Add(Opcode.SrliD, &SrlD);
        Add(Opcode.SraiW, &SraW);
        Add(Opcode.SraiD, &SraD);
        Add(Opcode.RotriW, &RotrW);
        Add(Opcode.RotriD, &RotrD);
        Add(Opcode.Slti, &Slt);
        Add(Opcode.Sltui, &Sltu);
        Add(Opcode.AddiW, &AddW);
        Add(Opcode.AddiD, &AddD);
        Add(Opcode.Lu52iD, &Lu52iD);
        Add(Opcode.Andi, &And);
        Add(Opcode.Ori, &Or);
        Add(Opcode.Xori, &Xor);
        Add(Opcode.Addu16iD, &Addu16iD);
    }

    private static Trap Unary(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, ((delegate*<ulong, ulong>)Functions[(int)i->Opcode])(J(s, i)));

    private static Trap Binary(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, ((delegate*<ulong, ulong, ulong>)Functions[(int)i->Opcode])(J(s, i), K(s, i)));

    private static Trap Immediate(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, ((delegate*<ulong, ulong, ulong>)Functions[(int)i->Opcode])(J(s, i), (ulong)i->Imm));

    private static Trap AlslW(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, IntegerArithmetic.AlslW(J(s, i), K(s, i), i->Imm));

    private static Trap AlslWu(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, IntegerArithmetic.AlslWu(J(s, i), K(s, i), i->Imm));

    private static Trap AlslD(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, IntegerArithmetic.AlslD(J(s, i), K(s, i), i->Imm));

    private static Trap BytepickW(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, BitManipulation.BytepickW(J(s, i), K(s, i), i->Imm));

    private static Trap BytepickD(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, BitManipulation.BytepickD(J(s, i), K(s, i), i->Imm));

    private static Trap BstrpickW(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, BitManipulation.BstrpickW(J(s, i), i->Imm, i->A));

    private static Trap BstrpickD(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, BitManipulation.BstrpickD(J(s, i), i->Imm, i->A));

    private static Trap BstrinsW(Core core, CpuState* s, Instruction* i) =>
        Update(s, i, BitManipulation.BstrinsW(D(s, i), J(s, i), i->Imm, i->A));

    private static Trap BstrinsD(Core core, CpuState* s, Instruction* i) =>
        Update(s, i, BitManipulation.BstrinsD(D(s, i), J(s, i), i->Imm, i->A));

    private static Trap Lu12iW(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, IntegerArithmetic.Lu12iW(i->Imm));

    private static Trap Lu32iD(Core core, CpuState* s, Instruction* i) =>
        Update(s, i, IntegerArithmetic.Lu32iD(D(s, i), i->Imm));

    private static Trap Pcaddi(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, IntegerArithmetic.Pcaddi(s->Pc, i->Imm));

    private static Trap Pcaddu12i(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, IntegerArithmetic.Pcaddu12i(s->Pc, i->Imm));

    private static Trap Pcalau12i(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, IntegerArithmetic.Pcalau12i(s->Pc, i->Imm));

    private static Trap Pcaddu18i(Core core, CpuState* s, Instruction* i) =>
        Write(s, i, IntegerArithmetic.Pcaddu18i(s->Pc, i->Imm));

    /// <summary>Writes rd in a row that also reads it, so that the predecoder has not redirected r0.</summary>
    private static Trap Update(CpuState* s, Instruction* i, ulong value)
    {
        CpuState.WriteGpr(s, i->D, value);
        return Trap.None;
    }
}
