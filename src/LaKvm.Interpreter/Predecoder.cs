using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Interpreter;

/// <summary>Turns instruction words into slots: everything about an instruction that does not change is settled here.</summary>
internal static unsafe class Predecoder
{
    /// <summary>Decodes <paramref name="word"/>, the instruction of slot <paramref name="index"/> of its page.</summary>
    public static CodeSlot Decode(uint word, int index, byte supportedUnits)
    {
        Instruction instruction = Decoder.Decode(word);
        OpcodeInfo info = instruction.Opcode.Info();
        if (info.Unit != Unit.None && (supportedUnits & UnitBit(info.Unit)) == 0)
        {
            instruction.Opcode = Opcode.Invalid;
            info = Opcode.Invalid.Info();
        }

        var slot = new CodeSlot { Instruction = instruction };
        if (slot.D == 0 && (info.WritesGprD || UpdatesD(info.Opcode)))
        {
            slot.D = CpuState.SinkRegister;
        }

        slot.Action = ActionOf(info);
        Opcode near = NearBranch(info.Opcode);
        if (near != Opcode.Invalid && (uint)(index + (slot.Imm >> 2)) < CodePage.Slots)
        {
            slot.Action = near;
            slot.Imm <<= CodeSlot.SizeShift - 2;
        }

        return slot;
    }

    /// <summary>Bit of a unit in <see cref="CpuState.Units"/>.</summary>
    public static int UnitBit(Unit unit) => 1 << ((int)unit - 1);

    /// <summary>Rows that the loop executes itself and that read and write rd: with r0 both may go to the sink.</summary>
    private static bool UpdatesD(Opcode opcode) => opcode is Opcode.BstrinsW or Opcode.BstrinsD or Opcode.Lu32iD;

    private static Opcode ActionOf(OpcodeInfo info) => info.Opcode switch
    {
        Opcode.Invalid => SlotAction.Call,
        Opcode.RdtimelW or Opcode.RdtimehW or Opcode.RdtimeD or Opcode.Cpucfg => SlotAction.CallSettled,
        Opcode.FldS => SlotAction.FldS,
        Opcode.FldD => SlotAction.FldD,
        Opcode.FstS => SlotAction.FstS,
        Opcode.FstD => SlotAction.FstD,
        _ when info.IsPrivileged => SlotAction.CallPrivileged,
        _ => info.Unit switch
        {
            Unit.Fp => SlotAction.CallFp,
            Unit.Lsx => SlotAction.CallLsx,
            Unit.Lasx => SlotAction.CallLasx,
            _ => info.Opcode <= SlotAction.LastBase ? info.Opcode : SlotAction.Call,
        },
    };

    private static Opcode NearBranch(Opcode opcode) => opcode switch
    {
        Opcode.B => SlotAction.NearB,
        Opcode.Bl => SlotAction.NearBl,
        Opcode.Beqz => SlotAction.NearBeqz,
        Opcode.Bnez => SlotAction.NearBnez,
        Opcode.Beq => SlotAction.NearBeq,
        Opcode.Bne => SlotAction.NearBne,
        Opcode.Blt => SlotAction.NearBlt,
        Opcode.Bge => SlotAction.NearBge,
        Opcode.Bltu => SlotAction.NearBltu,
        Opcode.Bgeu => SlotAction.NearBgeu,
        Opcode.Bceqz => SlotAction.NearBceqz,
        Opcode.Bcnez => SlotAction.NearBcnez,
        _ => Opcode.Invalid,
    };
}
