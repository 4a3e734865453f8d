using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>
/// Registers LSX and LASX. Making some 1400 generic instantiations takes more than 100 ms, and a machine needs few of them:
/// each row leads to <see cref="Resolve"/> until its first execution.
/// </summary>
internal static unsafe class VectorSemantics
{
    public static void Register(HandlerTable t)
    {
        for (int opcode = 0; opcode < OpcodeTable.Count; opcode++)
        {
            if (((Opcode)opcode).Info().Unit is Unit.Lsx or Unit.Lasx)
            {
                t[(Opcode)opcode] = &Resolve;
            }
        }
    }

    /// <summary>Finds the row's handler and runs it. Several threads may do so at once: they write the same pointers.</summary>
    private static Trap Resolve(Core core, CpuState* s, Instruction* i)
    {
        HandlerTable table = HandlerTable.Shared;
        void* unresolved = table[i->Opcode];
        var rows = new VectorRows(table, i->Opcode);
        IntegerRows.Register(rows);
        WideningRows.Register(rows);
        NarrowingRows.Register(rows);
        MoveRows.Register(rows);
        FpRows.Register(rows);
        return (void*)table[i->Opcode] == unresolved ? Trap.Ine : table[i->Opcode](core, s, i);
    }
}
