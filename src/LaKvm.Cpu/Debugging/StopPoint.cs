namespace LaKvm.Cpu;

/// <summary>What a core stops at.</summary>
public enum StopPointKind
{
    /// <summary>Before the instruction at the address is executed.</summary>
    Execute,

    /// <summary>Before something there is written.</summary>
    Write,

    /// <summary>Before something there is read.</summary>
    Read,

    /// <summary>Before something there is read or written.</summary>
    Access,
}

/// <summary>A breakpoint or watchpoint: a range of virtual addresses of one mode, in all its address spaces.</summary>
/// <param name="Kind">What it stops at.</param>
/// <param name="Address">First virtual address.</param>
/// <param name="Length">Bytes that are watched; a breakpoint is one instruction, whatever this says.</param>
/// <param name="InGuest">Whether it is in guest mode (LVZ), not in root mode.</param>
public readonly record struct StopPoint(StopPointKind Kind, ulong Address, ulong Length, bool InGuest)
{
    /// <summary>Whether an access of <paramref name="size"/> bytes is one that this watches for.</summary>
    internal bool Watches(ulong va, int size, bool isStore, bool inGuest) =>
        Kind != StopPointKind.Execute && Kind != (isStore ? StopPointKind.Read : StopPointKind.Write)
        && InGuest == inGuest
        && (va - Address < Length || Address - va < (ulong)size);
}
