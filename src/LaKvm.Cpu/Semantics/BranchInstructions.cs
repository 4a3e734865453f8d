using LaKvm.Isa;
using static LaKvm.Cpu.Operands;

namespace LaKvm.Cpu;

/// <summary>
/// The branches (manual vol. 1, 2.2.4 and 3.2.6), syscall and break, and the barriers. Engines execute branches
/// themselves where speed matters; a branch that is taken here asks the engine to look its target up.
/// </summary>
public static unsafe class BranchInstructions
{
    internal static void Register(HandlerTable t)
    {
        t[Opcode.Bl] = &Bl;
        t[Opcode.Jirl] = &Jirl;
        t[Opcode.Syscall] = &Syscall;
        t[Opcode.Break] = &Break;
        t[Opcode.Dbar] = &Dbar;
        t[Opcode.Ibar] = &Ibar;
        t[Opcode.Preld] = t[Opcode.Preldx] = &Preld;
    }

    private static Trap Bl(Core core, CpuState* s, Instruction* i)
    {
        ((ulong*)s)[1] = s->Pc + 4;
        _ = Count(s, isMiss: false);
        s->Pc += (ulong)i->Imm;
        return Trap.Refetch;
    }

    private static Trap Jirl(Core core, CpuState* s, Instruction* i)
    {
        // rj is read first: rd may be the same register.
        ulong target = Based(s, i);
        Write(s, i, s->Pc + 4);
        _ = Count(s, isMiss: false);
        s->Pc = target;
        return Trap.Refetch;
    }

    private static Trap Syscall(Core core, CpuState* s, Instruction* i) => Trap.Sys;

    private static Trap Break(Core core, CpuState* s, Instruction* i) => Trap.Brk;

    private static Trap Dbar(Core core, CpuState* s, Instruction* i)
    {
        Interlocked.MemoryBarrier();
        return Trap.None;
    }

    /// <summary>
    /// Stores have already dropped the code they changed; what other threads changed waits for attention.
    /// </summary>
    private static Trap Ibar(Core core, CpuState* s, Instruction* i) => PrivilegedSemantics.Next(s);

    /// <summary>A hint, which raises no exception even for an illegal address.</summary>
    private static Trap Preld(Core core, CpuState* s, Instruction* i) => Trap.None;

    /// <summary>Goes to the target, in bytes from the branch, if that is taken.</summary>
    internal static Trap Branch(CpuState* s, Instruction* i, bool taken)
    {
        bool isMiss = taken != (i->Imm <= 0) && i->Opcode != Opcode.B;
        bool isDue = Count(s, isMiss);
        if (!taken)
        {
            return isDue ? PrivilegedSemantics.Next(s) : Trap.None;
        }

        s->Pc += (ulong)i->Imm;
        return Trap.Refetch;
    }

    /// <summary>Counts a branch for the performance counters; whether one of them overflows by it.</summary>
    private static bool Count(CpuState* s, bool isMiss)
    {
        ref EventCounts events = ref s->Events;
        bool isDue = ++events.Branches == events.BranchDeadline;
        isDue |= isMiss && ++events.BranchMisses == events.MissDeadline;
        if (isDue)
        {
            _ = Interlocked.Or(ref s->Attention, InterruptUnit.AttentionTimer);
        }

        return isDue;
    }
}
