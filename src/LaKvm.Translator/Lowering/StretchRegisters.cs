using System.Numerics;
using System.Runtime.Intrinsics.X86;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Guest registers of the state that are held in scratch registers for a while: along a stretch of plain instructions,
/// for which rax is enough (<see cref="LocalRegisters"/>).
/// </summary>
internal sealed unsafe class StretchRegisters(EmitContext context, GuestRegisters registers, AccessLookup accesses)
{
    /// <summary>Scratch registers besides rax, and those of them that no group of accesses needs.</summary>
    private const int AllScratch = 3, ScratchBesidesGroup = 2;

    private readonly Emitter _e = context.Emitter;

    /// <summary>Brings registers to where an instruction may have them.</summary>
    public void PrepareRegisters(in Node node)
    {
        ref readonly Instruction i = ref node.Instruction;
        if (IsPlain(node))
        {
            HoldOperands(node);
        }
        else
        {
            StoreLocals();
            if (!LocalRegisters.IsCompare(i.Opcode))
            {
                context.Locals.Clear();
            }
        }

        if (CodeRegion.EndsBlock(i.Opcode))
        {
            registers.ExtendAll();
        }
        else
        {
            registers.ExtendOperands(node);
        }
    }

    /// <summary>Behind an instruction: notes what it has written.</summary>
    public void FinishRegisters(in Node node)
    {
        if (!IsPlain(node))
        {
            context.Locals.Clear();
        }
        else if (node.Writes != 0 && context.Locals.TryGet(node.Instruction.D, out _))
        {
            context.Locals.Change(node.Instruction.D);
        }
    }

    /// <summary>At the end of a block all is where the next one expects it.</summary>
    public void SettleRegisters()
    {
        StoreLocals();
        context.Locals.Clear();
        registers.ExtendAll();
    }

    private void StoreLocals()
    {
        for (uint changed = context.Locals.TakeChanged(); changed != 0; changed &= changed - 1)
        {
            StoreLocal(BitOperations.TrailingZeroCount(changed));
        }
    }

    private void StoreLocal(int guest)
    {
        registers.ExtendNow(context.Facts.Narrow & 1u << guest);
        _ = context.Locals.TryGet(guest, out Reg host);
        _e.Store(InState(guest), host);
    }

    private void HoldOperands(in Node node)
    {
        if (context.Offset >= context.Locals.End || context.Offset < context.Locals.Start)
        {
            BeginStretch();
        }

        for (uint sources = node.Reads & ~node.Writes; sources != 0; sources &= sources - 1)
        {
            Hold(BitOperations.TrailingZeroCount(sources), node.Reads, isRead: true);
        }

        if (node.Writes != 0)
        {
            Hold(node.Instruction.D, node.Reads, isRead: (node.Reads & node.Writes) != 0);
        }
    }

    /// <summary>Gives a register of the state a scratch register if its value will be read again.</summary>
    private void Hold(int guest, uint operands, bool isRead)
    {
        if (registers.TryGet(guest, out _))
        {
            return;
        }

        int next = context.Locals.NextRead(guest, context.Offset + 4);
        if (next == LocalRegisters.Never || !MakeRoom(guest, operands, next, out Reg host))
        {
            return;
        }

        if (isRead)
        {
            _e.Mov(host, InState(guest));
        }
    }

    private bool MakeRoom(int guest, uint operands, int next, out Reg host)
    {
        if (context.Locals.TryHold(guest, out host))
        {
            return true;
        }

        int victim = context.Locals.Victim(operands, context.Offset, next);
        if (victim == 0)
        {
            return false;
        }

        if (context.Locals.IsLost(victim, context.Offset))
        {
            StoreLocal(victim);
        }

        context.Facts.Narrow &= ~(1u << victim);
        context.Locals.Release(victim);
        return context.Locals.TryHold(guest, out host);
    }

    private void BeginStretch()
    {
        int end = context.Offset;
        while (end < context.BlockEnd && IsPlain(context.Ir[end]))
        {
            end += 4;
        }

        if (!accesses.GoesOn)
        {
            context.Facts.Group = AccessGroups.None;
        }

        context.Locals.Begin(context.Offset, end, accesses.GoesOn ? ScratchBesidesGroup : AllScratch);
    }

    /// <summary>
    /// Whether an instruction is emitted with no scratch register but rax, and cannot be left in the middle.
    /// </summary>
    private bool IsPlain(in Node node) => node.Kind != NodeKind.Instruction || IsPlain(node.Instruction);

    private bool IsPlain(in Instruction i) => i.Opcode switch
    {
        Opcode.AddW or Opcode.AddD or Opcode.SubW or Opcode.SubD or Opcode.Slt or Opcode.Sltu or Opcode.Nor
            or Opcode.And or Opcode.Or or Opcode.Xor or Opcode.Orn or Opcode.Andn
            or Opcode.Maskeqz or Opcode.Masknez or Opcode.MulW or Opcode.MulD
            or Opcode.Slti or Opcode.Sltui or Opcode.AddiW or Opcode.AddiD or Opcode.Andi or Opcode.Ori or Opcode.Xori
            or Opcode.Addu16iD or Opcode.Lu12iW or Opcode.Pcaddi or Opcode.Pcalau12i or Opcode.Pcaddu12i
                or Opcode.Pcaddu18i
            or Opcode.AlslW or Opcode.AlslWu or Opcode.AlslD
            or Opcode.SlliW or Opcode.SlliD or Opcode.SrliW or Opcode.SrliD or Opcode.SraiW or Opcode.SraiD
            or Opcode.RotriW or Opcode.RotriD or Opcode.ExtWB or Opcode.ExtWH
            or Opcode.Revb2h or Opcode.Revb2w or Opcode.RevbD => true,
        Opcode.SllW or Opcode.SrlW or Opcode.SraW or Opcode.SllD or Opcode.SrlD or Opcode.SraD => context.Features.Bmi2,
        Opcode.ClzW or Opcode.CloW or Opcode.ClzD or Opcode.CloD => Lzcnt.IsSupported,
        Opcode.CtzW or Opcode.CtoW or Opcode.CtzD or Opcode.CtoD => Bmi1.IsSupported,
        Opcode.BstrpickW or Opcode.BstrpickD => i.Imm >= i.A,
        _ => false,
    };
}
