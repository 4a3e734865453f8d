namespace LaKvm.Cpu;

/// <summary>
/// What an instruction asks for besides its result: nothing, an exception (Ecode in bits 5:0, EsubCode in bits 14:6 of
/// the low 16 bits, as in CSR.ESTAT 21:16 and 30:22), or a request to the engine (values from 0x10000).
/// </summary>
/// <remarks>Manual volume 1, section 6.2.1, table 21. A handler that returns an exception has changed no
/// register.</remarks>
public enum Trap
{
    /// <summary>The instruction completed; execution goes on behind it.</summary>
    None = 0,

    /// <summary>Page invalid on load.</summary>
    Pil = 0x1,

    /// <summary>Page invalid on store.</summary>
    Pis = 0x2,

    /// <summary>Page invalid on fetch.</summary>
    Pif = 0x3,

    /// <summary>Page modified: store to a page that is not dirty.</summary>
    Pme = 0x4,

    /// <summary>Page not readable.</summary>
    Pnr = 0x5,

    /// <summary>Page not executable.</summary>
    Pnx = 0x6,

    /// <summary>Page privilege level illegal.</summary>
    Ppi = 0x7,

    /// <summary>Address error on fetch.</summary>
    Adef = 0x8,

    /// <summary>Address error on a memory access.</summary>
    Adem = 0x8 | (1 << 6),

    /// <summary>Address not aligned.</summary>
    Ale = 0x9,

    /// <summary>Bound check failed.</summary>
    Bce = 0xa,

    /// <summary>System call.</summary>
    Sys = 0xb,

    /// <summary>Breakpoint.</summary>
    Brk = 0xc,

    /// <summary>Instruction does not exist.</summary>
    Ine = 0xd,

    /// <summary>Instruction privilege error.</summary>
    Ipe = 0xe,

    /// <summary>Floating-point unit disabled.</summary>
    Fpd = 0xf,

    /// <summary>128-bit vector unit disabled.</summary>
    Sxd = 0x10,

    /// <summary>256-bit vector unit disabled.</summary>
    Asxd = 0x11,

    /// <summary>Floating-point exception of a scalar instruction.</summary>
    Fpe = 0x12,

    /// <summary>Floating-point exception of a vector instruction.</summary>
    Vfpe = 0x12 | (1 << 6),

    /// <summary>Binary translation unit disabled.</summary>
    Btd = 0x14,

    /// <summary>Guest-sensitive privileged resource: exit to root mode.</summary>
    Gspr = 0x16,

    /// <summary>Hypervisor call: exit to root mode.</summary>
    Hvc = 0x17,

    /// <summary>TLB refill: has its own vector and its own CSRs, so its code is ours.</summary>
    Tlbr = 0x3f,

    /// <summary>
    /// No exception. The handler has set <see cref="CpuState.Pc"/> to the next instruction, and translation, mode,
    /// code or pending interrupts may have changed: the engine must look everything up again.
    /// </summary>
    Refetch = 0x10000,

    /// <summary>No exception. As <see cref="Refetch"/>, and the engine's run call must return to its caller.</summary>
    Leave = 0x10001,
}
