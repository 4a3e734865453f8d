using System.Runtime.InteropServices;
using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>
/// One semantic per opcode: the function that executes an instruction. Shared by every engine; the only part of an
/// instruction that an engine may hold a copy of is one that is proven equal by the conformance suite.
/// </summary>
public sealed unsafe class HandlerTable
{
    /// <summary>Entries; opcodes are smaller.</summary>
    public const int Capacity = 4096;

    private readonly delegate*<Core, CpuState*, Instruction*, Trap>* _handlers;

    private HandlerTable()
    {
        _handlers = (delegate*<Core, CpuState*, Instruction*, Trap>*)NativeMemory.AllocZeroed(
            Capacity, (nuint)sizeof(nint));
        for (int i = 0; i < Capacity; i++)
        {
            _handlers[i] = &NotAnInstruction;
        }
    }

    /// <summary>The table of all semantics, built at first use.</summary>
    public static HandlerTable Shared { get; } = Build();

    /// <summary>First entry, indexed by opcode.</summary>
    public delegate*<Core, CpuState*, Instruction*, Trap>* Handlers => _handlers;

    /// <summary>Handler of an opcode; rows without one raise INE.</summary>
    public delegate*<Core, CpuState*, Instruction*, Trap> this[Opcode opcode]
    {
        get => _handlers[(int)opcode];
        set => _handlers[(int)opcode] = value;
    }

    /// <summary>A table of its own, in which no vector row has been resolved yet.</summary>
    internal static HandlerTable Build()
    {
        var table = new HandlerTable();
        PrivilegedSemantics.Register(table);
        TlbSemantics.Register(table);
        Vectors.VectorSemantics.Register(table);
        TableRows.Register(table);
        AtomicInstructions.Register(table);
        BoundCheckInstructions.Register(table);
        BranchInstructions.Register(table);
        FpArithmeticInstructions.Register(table);
        FpMoveInstructions.Register(table);
        return table;
    }

    private static Trap NotAnInstruction(Core core, CpuState* s, Instruction* i) => Trap.Ine;
}
