using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Interpreter;

/// <summary>
/// Turns instruction words into slots: everything about an instruction that does not change is settled here.
/// </summary>
internal static unsafe class Predecoder
{
    /// <summary>
    /// Decodes <paramref name="word"/>, the instruction of slot <paramref name="index"/> of its page. Branches are left
    /// to their handlers if these are to count them.
    /// </summary>
    public static CodeSlot Decode(uint word, int index, byte supportedUnits, bool countsBranches)
    {
        Instruction instruction = Decoder.Decode(word);
        OpcodeInfo info = instruction.Opcode.Info();
        if (info.Unit != Unit.None && (supportedUnits & UnitBit(info.Unit)) == 0)
        {
            instruction.Opcode = Opcode.Invalid;
            info = Opcode.Invalid.Info();
        }

        var slot = new CodeSlot { Instruction = instruction, Action = SlotActions.Of(info.Opcode) };
        SinkRule.Apply(ref slot.Instruction);
        if (countsBranches && info.Flow is Flow.Branch or Flow.Jump or Flow.Call or Flow.Indirect)
        {
            slot.Action = info.Unit == Unit.Fp ? SlotAction.CallFp : SlotAction.Call;
            return slot;
        }

        SlotAction near = SlotActions.NearOf(info.Opcode);
        if (near != SlotAction.Decode && (uint)(index + (slot.Imm >> 2)) < CodePage.Slots)
        {
            slot.Action = near;
            slot.Imm <<= CodeSlot.SizeShift - 2;
        }

        return slot;
    }

    /// <summary>Bit of a unit in <see cref="CpuState.Units"/>.</summary>
    public static int UnitBit(Unit unit) => 1 << ((int)unit - 1);
}
