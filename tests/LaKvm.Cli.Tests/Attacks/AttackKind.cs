namespace LaKvm.Cli.Tests.Attacks;

/// <summary>
/// What a hostile guest attacks with; each kind draws from its own instructions, addresses and values.
/// </summary>
public enum AttackKind
{
    /// <summary>Accesses of every width to every device window, and next to it.</summary>
    Devices,

    /// <summary>iocsrrd and iocsrwr, and with them interrupts and mail to all cores.</summary>
    Iocsr,

    /// <summary>virtio queues with nonsense in registers and descriptors.</summary>
    Virtio,

    /// <summary>LVZ's registers and instructions from inside: guest CSRs, TLB tags, PVM and ertn, hypercalls.</summary>
    Lvz,

    /// <summary>TLB instructions and page walks with any page size and table, paging on.</summary>
    Tlb,

    /// <summary>Handlers that fault, loop, lie in devices or nowhere.</summary>
    Traps,

    /// <summary>Timers of a few ticks, software, device and inter-processor interrupts without end.</summary>
    Storm,

    /// <summary>Code that all cores overwrite while they execute it.</summary>
    SelfModifying,

    /// <summary>Instructions that leave a guest, or end a slice, one after the other.</summary>
    Exits,

    /// <summary>Any instruction, privileged or not, with any operand.</summary>
    Anything,
}
