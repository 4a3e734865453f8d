using LaKvm.Isa;
using static LaKvm.Cpu.Operands;

namespace LaKvm.Cpu;

/// <summary>
/// Handlers of the branches (manual vol. 1, 2.2.4 and 3.2.6), of syscall and break, and of the barriers. Engines execute
/// branches themselves where speed matters; a branch that is taken here asks the engine to look its target up.
/// </summary>
public static unsafe class BranchInstructions
{
    internal static void Register(HandlerTable t)
    {
        t[Opcode.B] = &B;
        t[Opcode.Bl] = &Bl;
        t[Opcode.Jirl] = &Jirl;
        t[Opcode.Beqz] = &Beqz;
        t[Opcode.Bnez] = &Bnez;
        t[Opcode.Beq] = &Beq;
        t[Opcode.Bne] = &Bne;
        t[Opcode.Blt] = &Blt;
        t[Opcode.Bge] = &Bge;
        t[Opcode.Bltu] = &Bltu;
        t[Opcode.Bgeu] = &Bgeu;
        t[Opcode.Bceqz] = &Bceqz;
        t[Opcode.Bcnez] = &Bcnez;
        t[Opcode.Syscall] = &Syscall;
        t[Opcode.Break] = &Break;
        t[Opcode.Dbar] = &Dbar;
        t[Opcode.Ibar] = &Ibar;
        t[Opcode.Preld] = t[Opcode.Preldx] = &Preld;
    }

    private static Trap B(Core core, CpuState* s, Instruction* i) => Branch(s, i, true);

    private static Trap Bl(Core core, CpuState* s, Instruction* i)
    {
        ((ulong*)s)[1] = s->Pc + 4;
        return Branch(s, i, true);
    }

    private static Trap Jirl(Core core, CpuState* s, Instruction* i)
    {
        // rj is read first: rd may be the same register.
        ulong target = Based(s, i);
        Write(s, i, s->Pc + 4);
        s->Pc = target;
        return Trap.Refetch;
    }

    private static Trap Beqz(Core core, CpuState* s, Instruction* i) => Branch(s, i, J(s, i) == 0);

    private static Trap Bnez(Core core, CpuState* s, Instruction* i) => Branch(s, i, J(s, i) != 0);

    private static Trap Beq(Core core, CpuState* s, Instruction* i) => Branch(s, i, J(s, i) == D(s, i));

    private static Trap Bne(Core core, CpuState* s, Instruction* i) => Branch(s, i, J(s, i) != D(s, i));

    private static Trap Blt(Core core, CpuState* s, Instruction* i) => Branch(s, i, (long)J(s, i) < (long)D(s, i));

    private static Trap Bge(Core core, CpuState* s, Instruction* i) => Branch(s, i, (long)J(s, i) >= (long)D(s, i));

    private static Trap Bltu(Core core, CpuState* s, Instruction* i) => Branch(s, i, J(s, i) < D(s, i));

    private static Trap Bgeu(Core core, CpuState* s, Instruction* i) => Branch(s, i, J(s, i) >= D(s, i));

    private static Trap Bceqz(Core core, CpuState* s, Instruction* i) => Branch(s, i, s->Fcc[i->J & 7] == 0);

    private static Trap Bcnez(Core core, CpuState* s, Instruction* i) => Branch(s, i, s->Fcc[i->J & 7] != 0);

    private static Trap Syscall(Core core, CpuState* s, Instruction* i) => Trap.Sys;

    private static Trap Break(Core core, CpuState* s, Instruction* i) => Trap.Brk;

    private static Trap Dbar(Core core, CpuState* s, Instruction* i)
    {
        Interlocked.MemoryBarrier();
        return Trap.None;
    }

    /// <summary>Stores have already dropped the code they changed; what other threads changed waits for attention.</summary>
    private static Trap Ibar(Core core, CpuState* s, Instruction* i) => PrivilegedSemantics.Next(s);

    /// <summary>A hint, which raises no exception even for an illegal address.</summary>
    private static Trap Preld(Core core, CpuState* s, Instruction* i) => Trap.None;

    private static Trap Branch(CpuState* s, Instruction* i, bool taken)
    {
        if (!taken)
        {
            return Trap.None;
        }

        s->Pc += (ulong)i->Imm;
        return Trap.Refetch;
    }
}
