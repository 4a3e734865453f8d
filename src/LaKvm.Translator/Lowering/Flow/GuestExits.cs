using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Instructions that do nothing in a guest but leave it. Their handlers would say the same, but take a call into .NET
/// for it; a hypervisor waits for these exits most.
/// </summary>
internal sealed unsafe class GuestExits(EmitContext context, Edges edges)
{
    private readonly Emitter _e = context.Emitter;

    /// <summary>
    /// In front of the call of an instruction's handler, with everything stored that a handler may see: a guest leaves
    /// here.
    /// </summary>
    public void LeaveGuestMode(in Instruction i)
    {
        if (GuestTrapOf(i) is Trap trap and not Trap.None)
        {
            _e.CompareByte(Field(CpuState.VmOffset), 0);
            context.Tails.Add(new(TailKind.GuestExit, _e.JumpIf(Condition.NotEqual, null), context.Offset, (int)trap)
            {
                Resume = (nint)_e.Position,
                Left = ((context.BlockEnd - context.Offset) >> 2) - 1,
            });
        }
    }

    private static Trap GuestTrapOf(in Instruction i) => i.Opcode switch
    {
        Opcode.Cpucfg or Opcode.Idle or Opcode.IocsrrdB or Opcode.IocsrrdH or Opcode.IocsrrdW or Opcode.IocsrrdD
            or Opcode.IocsrwrB or Opcode.IocsrwrH or Opcode.IocsrwrW or Opcode.IocsrwrD => Trap.Gspr,
        Opcode.Csrrd or Opcode.Csrwr or Opcode.Csrxchg when CsrTable.LeavesGuest(i.Imm) => Trap.Gspr,
        Opcode.Hvcl => Trap.Hvc,
        _ => Trap.None,
    };

    /// <summary>The instruction counts as executed, those behind it do not.</summary>
    public void EmitGuestExit(in Tail tail)
    {
        ref readonly Instruction i = ref context.Region[tail.Offset];
        if (i.Opcode.Info().IsPrivileged)
        {
            _e.CompareByte(Field(CpuState.PlvOffset), 0);
            _ = _e.JumpIf(Condition.NotEqual, (byte*)tail.Resume);
        }

        _e.OpImmediate(Alu.Add, Budget, tail.Left);
        _e.StoreImmediate(Field(CpuState.TrapWordOffset), (int)i.Word);
        edges.LeaveRegisters();
        edges.EmitLeave(tail.Offset, tail.Code);
    }
}
