using LaKvm.Cpu;
using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>Which signal an exception of user code is.</summary>
internal static class UserFaults
{
    private const int NotMapped = 1, NoRights = 2; // SEGV_MAPERR, SEGV_ACCERR
    private const int BadAlignment = 1, NothingThere = 2; // BUS_ADRALN, BUS_ADRERR
    private const int IllegalOperation = 1, Privileged = 5, Breakpoint = 1; // ILL_ILLOPC, ILL_PRVOPC, TRAP_BRKPT

    /// <summary>The signal, with what its handler is told.</summary>
    internal static SignalInfo SignalOf(in UserTrap trap, UserRegisters registers) => trap.Code switch
    {
        Trap.Ale => new SignalInfo(Signal.Bus, BadAlignment, trap.Address),
        Trap.Adef or Trap.Adem => new SignalInfo(Signal.Bus, NothingThere, trap.Address),
        Trap.Fpe or Trap.Vfpe => new SignalInfo(Signal.Fpe, FpCode(registers.Fcsr), registers.Pc),
        Trap.Bce => new SignalInfo(Signal.Segv, 3, trap.Address), // SEGV_BNDERR
        Trap.Brk => BreakCode(trap.Word, registers.Pc),
        Trap.Ipe => new SignalInfo(Signal.Ill, Privileged, registers.Pc),
        _ when !trap.IsPageFault => new SignalInfo(Signal.Ill, IllegalOperation, registers.Pc),
        _ when trap.Error == Errno.Perm => new SignalInfo(Signal.Segv, NoRights, trap.Address),
        _ when trap.Error == Errno.NoEnt => new SignalInfo(Signal.Segv, NotMapped, trap.Address),
        _ => new SignalInfo(Signal.Bus, NothingThere, trap.Address),
    };

    /// <summary>break with the code of a division by zero or an overflow is a fault of arithmetic.</summary>
    private static SignalInfo BreakCode(uint word, ulong pc) => (word & 0x7fff) switch
    {
        7 => new SignalInfo(Signal.Fpe, 1, pc), // BRK_DIVZERO, FPE_INTDIV
        6 => new SignalInfo(Signal.Fpe, 2, pc), // BRK_OVERFLOW, FPE_INTOVF
        _ => new SignalInfo(Signal.Trap, Breakpoint, pc),
    };

    /// <summary>FPE_FLTINV, DIV, OVF, UND, RES by the causes in FCSR0.</summary>
    private static int FpCode(uint fcsr) => (fcsr >> 24) switch
    {
        uint c when (c & 0x10) != 0 => 7,
        uint c when (c & 0x08) != 0 => 3,
        uint c when (c & 0x04) != 0 => 4,
        uint c when (c & 0x02) != 0 => 5,
        uint c when (c & 0x01) != 0 => 6,
        _ => 14,
    };
}
