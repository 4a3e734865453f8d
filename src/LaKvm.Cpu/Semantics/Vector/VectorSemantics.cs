using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>
/// Registers LSX and LASX. Making some 1400 generic instantiations takes more than 100 ms, and a machine needs few of
/// them: each row leads to <see cref="Resolve"/> until its first execution.
/// </summary>
internal static unsafe class VectorSemantics
{
    /// <summary>
    /// The one value that stands for "not resolved yet". What the table holds is no sign of it: by the time that
    /// <see cref="Resolve"/> looks, another thread may have resolved the row.
    /// </summary>
    private static readonly delegate*<Core, CpuState*, Instruction*, Trap> Unresolved = &Resolve;

    public static void Register(HandlerTable t)
    {
        for (int opcode = 0; opcode < OpcodeTable.Count; opcode++)
        {
            if (((Opcode)opcode).Info().Unit is Unit.Lsx or Unit.Lasx)
            {
                t[(Opcode)opcode] = Unresolved;
            }
        }
    }

    /// <summary>
    /// Finds the row's handler and runs it. Several threads may do so at once: they write the same pointers.
    /// </summary>
    private static Trap Resolve(Core core, CpuState* s, Instruction* i)
    {
        HandlerTable table = HandlerTable.Shared;
        var rows = new VectorRows(table, i->Opcode);
        IntegerRows.Register(rows);
        WideningRows.Register(rows);
        NarrowingRows.Register(rows);
        MoveRows.Register(rows);
        FpRows.Register(rows);
        return (void*)table[i->Opcode] == (void*)Unresolved ? Trap.Ine : table[i->Opcode](core, s, i);
    }
}
