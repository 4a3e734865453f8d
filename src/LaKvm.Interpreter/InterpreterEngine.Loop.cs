using System.Runtime.CompilerServices;
using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Cpu.BitManipulation;
using static LaKvm.Cpu.IntegerArithmetic;

namespace LaKvm.Interpreter;

public sealed unsafe partial class InterpreterEngine
{
    /// <summary>
    /// Executes from <c>_next</c> until something needs the run call: an exception or request (returned, the state of the
    /// instruction in place), or <see cref="Trap.None"/> when the budget or the core wants attention. What is here and
    /// not in a handler is here for speed; every unusual case of it still ends in the handler.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Trap Execute()
    {
        // The one pointer to the state: the registers are at its start.
        ulong* r = (ulong*)_state;
        CodeSlot* i = _next;
        CodeSlot* end = _end;
        byte* deadline = _deadline;
        ulong bias = _bias;
        ulong va;
        nint left;
        CodeSlot* target;
        SoftTlbEntry* entry;
        Trap trap;

        while (true)
        {
            switch (i->Action)
            {
                case Opcode.AddW:
                    r[i->D] = AddW(r[i->J], r[i->K]);
                    break;
                case Opcode.AddD:
                    r[i->D] = AddD(r[i->J], r[i->K]);
                    break;
                case Opcode.SubW:
                    r[i->D] = SubW(r[i->J], r[i->K]);
                    break;
                case Opcode.SubD:
                    r[i->D] = SubD(r[i->J], r[i->K]);
                    break;
                case Opcode.Slt:
                    r[i->D] = Slt(r[i->J], r[i->K]);
                    break;
                case Opcode.Sltu:
                    r[i->D] = Sltu(r[i->J], r[i->K]);
                    break;
                case Opcode.And:
                    r[i->D] = And(r[i->J], r[i->K]);
                    break;
                case Opcode.Or:
                    r[i->D] = Or(r[i->J], r[i->K]);
                    break;
                case Opcode.Xor:
                    r[i->D] = Xor(r[i->J], r[i->K]);
                    break;
                case Opcode.Nor:
                    r[i->D] = Nor(r[i->J], r[i->K]);
                    break;
                case Opcode.Andn:
                    r[i->D] = Andn(r[i->J], r[i->K]);
                    break;
                case Opcode.Orn:
                    r[i->D] = Orn(r[i->J], r[i->K]);
                    break;
                case Opcode.Maskeqz:
                    r[i->D] = Maskeqz(r[i->J], r[i->K]);
                    break;
                case Opcode.Masknez:
                    r[i->D] = Masknez(r[i->J], r[i->K]);
                    break;
                case Opcode.SllW:
                    r[i->D] = SllW(r[i->J], r[i->K]);
                    break;
                case Opcode.SrlW:
                    r[i->D] = SrlW(r[i->J], r[i->K]);
                    break;
                case Opcode.SraW:
                    r[i->D] = SraW(r[i->J], r[i->K]);
                    break;
                case Opcode.RotrW:
                    r[i->D] = RotrW(r[i->J], r[i->K]);
                    break;
                case Opcode.SllD:
                    r[i->D] = SllD(r[i->J], r[i->K]);
                    break;
                case Opcode.SrlD:
                    r[i->D] = SrlD(r[i->J], r[i->K]);
                    break;
                case Opcode.SraD:
                    r[i->D] = SraD(r[i->J], r[i->K]);
                    break;
                case Opcode.RotrD:
                    r[i->D] = RotrD(r[i->J], r[i->K]);
                    break;
                case Opcode.MulW:
                    r[i->D] = MulW(r[i->J], r[i->K]);
                    break;
                case Opcode.MulhW:
                    r[i->D] = MulhW(r[i->J], r[i->K]);
                    break;
                case Opcode.MulhWu:
                    r[i->D] = MulhWu(r[i->J], r[i->K]);
                    break;
                case Opcode.MulD:
                    r[i->D] = MulD(r[i->J], r[i->K]);
                    break;
                case Opcode.MulhD:
                    r[i->D] = MulhD(r[i->J], r[i->K]);
                    break;
                case Opcode.MulhDu:
                    r[i->D] = MulhDu(r[i->J], r[i->K]);
                    break;
                case Opcode.MulwDW:
                    r[i->D] = MulwDW(r[i->J], r[i->K]);
                    break;
                case Opcode.MulwDWu:
                    r[i->D] = MulwDWu(r[i->J], r[i->K]);
                    break;
                case Opcode.DivW:
                    r[i->D] = DivW(r[i->J], r[i->K]);
                    break;
                case Opcode.ModW:
                    r[i->D] = ModW(r[i->J], r[i->K]);
                    break;
                case Opcode.DivWu:
                    r[i->D] = DivWu(r[i->J], r[i->K]);
                    break;
                case Opcode.ModWu:
                    r[i->D] = ModWu(r[i->J], r[i->K]);
                    break;
                case Opcode.DivD:
                    r[i->D] = DivD(r[i->J], r[i->K]);
                    break;
                case Opcode.ModD:
                    r[i->D] = ModD(r[i->J], r[i->K]);
                    break;
                case Opcode.DivDu:
                    r[i->D] = DivDu(r[i->J], r[i->K]);
                    break;
                case Opcode.ModDu:
                    r[i->D] = ModDu(r[i->J], r[i->K]);
                    break;
                case Opcode.AddiW:
                    r[i->D] = AddW(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.AddiD:
                    r[i->D] = AddD(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.Slti:
                    r[i->D] = Slt(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.Sltui:
                    r[i->D] = Sltu(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.Andi:
                    r[i->D] = And(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.Ori:
                    r[i->D] = Or(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.Xori:
                    r[i->D] = Xor(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.SlliW:
                    r[i->D] = SllW(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.SrliW:
                    r[i->D] = SrlW(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.SraiW:
                    r[i->D] = SraW(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.RotriW:
                    r[i->D] = RotrW(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.SlliD:
                    r[i->D] = SllD(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.SrliD:
                    r[i->D] = SrlD(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.SraiD:
                    r[i->D] = SraD(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.RotriD:
                    r[i->D] = RotrD(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.Lu52iD:
                    r[i->D] = Lu52iD(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.Addu16iD:
                    r[i->D] = Addu16iD(r[i->J], (ulong)i->Imm);
                    break;
                case Opcode.ExtWB:
                    r[i->D] = ExtWB(r[i->J]);
                    break;
                case Opcode.ExtWH:
                    r[i->D] = ExtWH(r[i->J]);
                    break;
                case Opcode.ClzW:
                    r[i->D] = ClzW(r[i->J]);
                    break;
                case Opcode.CtzW:
                    r[i->D] = CtzW(r[i->J]);
                    break;
                case Opcode.CloW:
                    r[i->D] = CloW(r[i->J]);
                    break;
                case Opcode.CtoW:
                    r[i->D] = CtoW(r[i->J]);
                    break;
                case Opcode.ClzD:
                    r[i->D] = ClzD(r[i->J]);
                    break;
                case Opcode.CtzD:
                    r[i->D] = CtzD(r[i->J]);
                    break;
                case Opcode.CloD:
                    r[i->D] = CloD(r[i->J]);
                    break;
                case Opcode.CtoD:
                    r[i->D] = CtoD(r[i->J]);
                    break;
                case Opcode.Revb2h:
                    r[i->D] = Revb2h(r[i->J]);
                    break;
                case Opcode.Revb4h:
                    r[i->D] = Revb4h(r[i->J]);
                    break;
                case Opcode.Revb2w:
                    r[i->D] = Revb2w(r[i->J]);
                    break;
                case Opcode.RevbD:
                    r[i->D] = RevbD(r[i->J]);
                    break;
                case Opcode.Revh2w:
                    r[i->D] = Revh2w(r[i->J]);
                    break;
                case Opcode.RevhD:
                    r[i->D] = RevhD(r[i->J]);
                    break;
                case Opcode.AlslW:
                    r[i->D] = AlslW(r[i->J], r[i->K], i->Imm);
                    break;
                case Opcode.AlslWu:
                    r[i->D] = AlslWu(r[i->J], r[i->K], i->Imm);
                    break;
                case Opcode.AlslD:
                    r[i->D] = AlslD(r[i->J], r[i->K], i->Imm);
                    break;
                case Opcode.BytepickW:
                    r[i->D] = BytepickW(r[i->J], r[i->K], i->Imm);
                    break;
                case Opcode.BytepickD:
                    r[i->D] = BytepickD(r[i->J], r[i->K], i->Imm);
                    break;
                case Opcode.BstrpickW:
                    r[i->D] = BstrpickW(r[i->J], i->Imm, i->A);
                    break;
                case Opcode.BstrpickD:
                    r[i->D] = BstrpickD(r[i->J], i->Imm, i->A);
                    break;
                case Opcode.BstrinsW:
                    r[i->D] = BstrinsW(r[i->D], r[i->J], i->Imm, i->A);
                    break;
                case Opcode.BstrinsD:
                    r[i->D] = BstrinsD(r[i->D], r[i->J], i->Imm, i->A);
                    break;
                case Opcode.Lu12iW:
                    r[i->D] = Lu12iW(i->Imm);
                    break;
                case Opcode.Lu32iD:
                    r[i->D] = Lu32iD(r[i->D], i->Imm);
                    break;
                case Opcode.Pcaddi:
                    r[i->D] = Pcaddi(bias + ((ulong)i >> 2), i->Imm);
                    break;
                case Opcode.Pcaddu12i:
                    r[i->D] = Pcaddu12i(bias + ((ulong)i >> 2), i->Imm);
                    break;
                case Opcode.Pcalau12i:
                    r[i->D] = Pcalau12i(bias + ((ulong)i >> 2), i->Imm);
                    break;
                case Opcode.Pcaddu18i:
                    r[i->D] = Pcaddu18i(bias + ((ulong)i >> 2), i->Imm);
                    break;
                case Opcode.LdB:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & ~0xFFFUL) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = (ulong)*(sbyte*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdH:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 1)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = (ulong)*(short*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdW:
                case Opcode.LdptrW:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 3)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = (ulong)*(int*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdD:
                case Opcode.LdptrD:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 7)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = *(ulong*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdBu:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & ~0xFFFUL) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = *(byte*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdHu:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 1)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = *(ushort*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdWu:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 3)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = *(uint*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.StB:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & ~0xFFFUL) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(byte*)(va + (ulong)entry->Addend) = (byte)r[i->D];
                    break;
                case Opcode.StH:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 1)) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(ushort*)(va + (ulong)entry->Addend) = (ushort)r[i->D];
                    break;
                case Opcode.StW:
                case Opcode.StptrW:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 3)) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(uint*)(va + (ulong)entry->Addend) = (uint)r[i->D];
                    break;
                case Opcode.StD:
                case Opcode.StptrD:
                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 7)) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(ulong*)(va + (ulong)entry->Addend) = r[i->D];
                    break;
                case Opcode.LdxB:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & ~0xFFFUL) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = (ulong)*(sbyte*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdxH:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 1)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = (ulong)*(short*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdxW:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 3)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = (ulong)*(int*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdxD:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 7)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = *(ulong*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdxBu:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & ~0xFFFUL) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = *(byte*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdxHu:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 1)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = *(ushort*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.LdxWu:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 3)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    r[i->D] = *(uint*)(va + (ulong)entry->Addend);
                    break;
                case Opcode.StxB:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & ~0xFFFUL) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(byte*)(va + (ulong)entry->Addend) = (byte)r[i->D];
                    break;
                case Opcode.StxH:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 1)) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(ushort*)(va + (ulong)entry->Addend) = (ushort)r[i->D];
                    break;
                case Opcode.StxW:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 3)) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(uint*)(va + (ulong)entry->Addend) = (uint)r[i->D];
                    break;
                case Opcode.StxD:
                    va = r[i->J] + r[i->K];
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 7)) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(ulong*)(va + (ulong)entry->Addend) = r[i->D];
                    break;
                case SlotAction.FldS:
                    if ((State(r)->Units & FpBit) == 0)
                    {
                        goto case SlotAction.CallFp;
                    }

                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 3)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    *CpuState.Vector(State(r), i->D) = Fp32.Box(*(uint*)(va + (ulong)entry->Addend));
                    break;
                case SlotAction.FldD:
                    if ((State(r)->Units & FpBit) == 0)
                    {
                        goto case SlotAction.CallFp;
                    }

                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 7)) != entry->ReadTag)
                    {
                        goto default;
                    }

                    *CpuState.Vector(State(r), i->D) = *(ulong*)(va + (ulong)entry->Addend);
                    break;
                case SlotAction.FstS:
                    if ((State(r)->Units & FpBit) == 0)
                    {
                        goto case SlotAction.CallFp;
                    }

                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 3)) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(uint*)(va + (ulong)entry->Addend) = (uint)*CpuState.Vector(State(r), i->D);
                    break;
                case SlotAction.FstD:
                    if ((State(r)->Units & FpBit) == 0)
                    {
                        goto case SlotAction.CallFp;
                    }

                    va = r[i->J] + (ulong)i->Imm;
                    entry = CpuState.TlbEntry(State(r), va);
                    if ((va & (~0xFFFUL | 7)) != entry->WriteTag)
                    {
                        goto default;
                    }

                    *(ulong*)(va + (ulong)entry->Addend) = *CpuState.Vector(State(r), i->D);
                    break;
                case SlotAction.NearBeqz:
                    if (r[i->J] == 0)
                    {
                        goto Near;
                    }

                    break;
                case SlotAction.NearBnez:
                    if (r[i->J] != 0)
                    {
                        goto Near;
                    }

                    break;
                case SlotAction.NearBeq:
                    if (r[i->J] == r[i->D])
                    {
                        goto Near;
                    }

                    break;
                case SlotAction.NearBne:
                    if (r[i->J] != r[i->D])
                    {
                        goto Near;
                    }

                    break;
                case SlotAction.NearBlt:
                    if ((long)r[i->J] < (long)r[i->D])
                    {
                        goto Near;
                    }

                    break;
                case SlotAction.NearBge:
                    if ((long)r[i->J] >= (long)r[i->D])
                    {
                        goto Near;
                    }

                    break;
                case SlotAction.NearBltu:
                    if (r[i->J] < r[i->D])
                    {
                        goto Near;
                    }

                    break;
                case SlotAction.NearBgeu:
                    if (r[i->J] >= r[i->D])
                    {
                        goto Near;
                    }

                    break;
                case Opcode.Beqz:
                    if (r[i->J] == 0)
                    {
                        goto Far;
                    }

                    break;
                case Opcode.Bnez:
                    if (r[i->J] != 0)
                    {
                        goto Far;
                    }

                    break;
                case Opcode.Beq:
                    if (r[i->J] == r[i->D])
                    {
                        goto Far;
                    }

                    break;
                case Opcode.Bne:
                    if (r[i->J] != r[i->D])
                    {
                        goto Far;
                    }

                    break;
                case Opcode.Blt:
                    if ((long)r[i->J] < (long)r[i->D])
                    {
                        goto Far;
                    }

                    break;
                case Opcode.Bge:
                    if ((long)r[i->J] >= (long)r[i->D])
                    {
                        goto Far;
                    }

                    break;
                case Opcode.Bltu:
                    if (r[i->J] < r[i->D])
                    {
                        goto Far;
                    }

                    break;
                case Opcode.Bgeu:
                    if (r[i->J] >= r[i->D])
                    {
                        goto Far;
                    }

                    break;
                case SlotAction.NearBceqz:
                    if ((State(r)->Units & FpBit) == 0)
                    {
                        goto case SlotAction.CallFp;
                    }

                    if (State(r)->Fcc[i->J & 7] == 0)
                    {
                        goto Near;
                    }

                    break;
                case SlotAction.NearBcnez:
                    if ((State(r)->Units & FpBit) == 0)
                    {
                        goto case SlotAction.CallFp;
                    }

                    if (State(r)->Fcc[i->J & 7] != 0)
                    {
                        goto Near;
                    }

                    break;
                case SlotAction.NearBl:
                    r[1] = bias + ((ulong)(i + 1) >> 2);
                    goto Near;
                case SlotAction.NearB:
                    goto Near;
                case Opcode.Bl:
                    r[1] = bias + ((ulong)(i + 1) >> 2);
                    goto Far;
                case Opcode.B:
                    goto Far;
                case Opcode.Jirl:
                    va = r[i->J] + (ulong)i->Imm;
                    r[i->D] = bias + ((ulong)(i + 1) >> 2);
                    i++;
                    left = (nint)(bias + ((ulong)end >> 2) - va);
                    if ((nuint)(left - 4) > 4092 || (left & 3) != 0)
                    {
                        goto Jump;
                    }

                    target = (CodeSlot*)((byte*)end - (left << 2));
                    goto Move;
                case Opcode.Dbar:
                    Interlocked.MemoryBarrier();
                    break;
                case Opcode.Preld:
                case Opcode.Preldx:
                    break;
                case SlotAction.Decode:
                    DecodeSlot(i);
                    continue;
                case SlotAction.PageEnd:
                    va = bias + ((ulong)i >> 2);
                    goto Jump;
                case SlotAction.Stop:
                    goto Leave;
                case SlotAction.CallFp:
                    if ((State(r)->Units & FpBit) == 0)
                    {
                        trap = Trap.Fpd;
                        goto Trapped;
                    }

                    goto default;
                case SlotAction.CallLsx:
                    if ((State(r)->Units & LsxBit) == 0)
                    {
                        trap = Trap.Sxd;
                        goto Trapped;
                    }

                    goto default;
                case SlotAction.CallLasx:
                    if ((State(r)->Units & LasxBit) == 0)
                    {
                        trap = Trap.Asxd;
                        goto Trapped;
                    }

                    goto default;
                case SlotAction.CallPrivileged:
                    if (State(r)->Restricted != 0)
                    {
                        trap = Core.RestrictedTrap(State(r));
                        goto Trapped;
                    }

                    goto case SlotAction.CallSettled;
                case SlotAction.CallSettled:
                    Settle((deadline - (byte*)i) >> CodeSlot.SizeShift);
                    goto default;
                default:
                    State(r)->Pc = bias + ((ulong)i >> 2);
                    trap = _handlers[(int)i->Opcode](_core, State(r), (Instruction*)i);
                    if (trap != Trap.None)
                    {
                        goto Returned;
                    }

                    break;
            }

            i++;
            continue;

        Near:
            target = (CodeSlot*)((byte*)i + i->Imm);
            i++;

        Move:
            // To target in this page, with i behind the last instruction executed.
            deadline += (byte*)target - (byte*)i;
            i = target;
            if (deadline >= (byte*)end && Volatile.Read(ref State(r)->Attention) == 0)
            {
                continue;
            }

            goto Leave;

        Far:
            va = bias + ((ulong)i >> 2) + (ulong)i->Imm;
            i++;

        Jump:
            // To va, with i behind the last instruction executed.
            left = (nint)(deadline - (byte*)i);
            if (left == 0 || EnterPage(va) != Trap.None)
            {
                // The run call looks at the target, if it still has budget, and finds the same exception.
                State(r)->Pc = va;
                Settle(left >> CodeSlot.SizeShift);
                return Trap.None;
            }

            i = _next;
            end = _end;
            bias = _bias;
            deadline = (byte*)i + left;
            if (deadline >= (byte*)end && Volatile.Read(ref State(r)->Attention) == 0)
            {
                continue;
            }

        Leave:
            State(r)->Pc = bias + ((ulong)i >> 2);
            Settle((deadline - (byte*)i) >> CodeSlot.SizeShift);
            return Trap.None;

        Trapped:
            State(r)->Pc = bias + ((ulong)i >> 2);

        Returned:
            // The instruction counts, whether it asks for something or failed.
            _word = i->Word;
            i++;
            Settle((deadline - (byte*)i) >> CodeSlot.SizeShift);
            return trap;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static CpuState* State(ulong* registers) => (CpuState*)registers;
}
