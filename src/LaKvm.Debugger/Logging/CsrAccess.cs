using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Debugger.Logging;

/// <summary>A CSR instruction that is going to be executed, with what the register holds before.</summary>
/// <param name="Pc">Its address.</param>
/// <param name="Number">CSR number.</param>
/// <param name="OfGuest">Whether the register is of the guest CSR file.</param>
/// <param name="Name">What the instruction calls it.</param>
/// <param name="Writes">Whether it may change the register.</param>
/// <param name="Old">The value before.</param>
internal readonly record struct CsrAccess(ulong Pc, int Number, bool OfGuest, string Name, bool Writes, ulong Old)
{
    /// <summary>What is written; null if that is to be read once it is.</summary>
    private ulong? New { get; init; }

    /// <summary>The CSR access of an instruction at the PC; null if it is none.</summary>
    internal static unsafe CsrAccess? Of(Core core, uint word)
    {
        Instruction instruction = Decoder.Decode(word);
        bool isGuestFile = instruction.Opcode is Opcode.Gcsrrd or Opcode.Gcsrwr or Opcode.Gcsrxchg;
        bool reads = instruction.Opcode is Opcode.Csrrd or Opcode.Gcsrrd;
        bool writes = instruction.Opcode is Opcode.Csrwr or Opcode.Csrxchg or Opcode.Gcsrwr or Opcode.Gcsrxchg;
        if (!reads && !writes)
        {
            return null;
        }

        bool ofGuest = isGuestFile || core.State->Vm != 0;
        string name = CsrTable.Find(instruction.Imm)?.Name ?? $"0x{instruction.Imm:x}";
        return new(core.State->Pc, instruction.Imm, ofGuest, isGuestFile ? $"guest {name}" : name, writes,
            Read(core, ofGuest, instruction.Imm))
        {
            New = writes && !isGuestFile && instruction.Imm == Csr.Crmd ? NewMode(core, instruction) : null,
        };
    }

    /// <summary>
    /// CRMD has changed again by the time it could be read if an interrupt that is enabled now waits.
    /// </summary>
    private static unsafe ulong NewMode(Core core, in Instruction instruction)
    {
        ulong* gpr = (ulong*)core.State;
        ulong mask = CsrTable.Find(Csr.Crmd)!.Writable & (instruction.Opcode == Opcode.Csrwr ? ulong.MaxValue
            : gpr[instruction.J]);
        return (core.State->Csr[Csr.Crmd] & ~mask) | (gpr[instruction.D] & mask);
    }

    /// <summary>The access in words, once the instruction has been executed.</summary>
    internal string Describe(Core core) =>
        Writes ? $"{Name} 0x{Old:x} -> 0x{New ?? Read(core, OfGuest, Number):x}" : $"{Name} is 0x{Old:x}";

    private static ulong Read(Core core, bool ofGuest, int number) =>
        ofGuest ? core.ReadGcsr(number) : core.ReadCsr(number);
}
