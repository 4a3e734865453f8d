using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>
/// Registers LSX and LASX. Making some 1400 generic instantiations takes a while, and most machines run without ever
/// needing one: all rows lead to <see cref="Resolve"/> until the first vector instruction executes.
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

    /// <summary>Fills in all rows. Several threads may do so at once: they write the same pointers.</summary>
    public static void Fill(HandlerTable t)
    {
        var rows = new VectorRows(t);
        IntegerRows.Register(rows);
        WideningRows.Register(rows);
        NarrowingRows.Register(rows);
        MoveRows.Register(rows);
        FpRows.Register(rows);
    }

    private static Trap Resolve(Core core, CpuState* s, Instruction* i)
    {
        HandlerTable table = HandlerTable.Shared;
        void* unresolved = table[i->Opcode];
        Fill(table);
        return (void*)table[i->Opcode] == unresolved ? Trap.Ine : table[i->Opcode](core, s, i);
    }
}
