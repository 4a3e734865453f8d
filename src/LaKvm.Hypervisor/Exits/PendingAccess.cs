using System.Runtime.CompilerServices;

namespace LaKvm.Hypervisor;

/// <summary>What the next KVM_RUN has to finish with what user space has answered.</summary>
internal enum PendingKind : byte
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A load of a general register from a device.</summary>
    Mmio,

    /// <summary>An access of a floating-point or vector register, of which some parts are done.</summary>
    WideMmio,

    /// <summary>iocsrrd.</summary>
    Iocsr,

    /// <summary>A hypercall's result.</summary>
    Hypercall,
}

/// <summary>An access that waits for user space.</summary>
internal record struct PendingAccess
{
    /// <summary>What it is.</summary>
    internal PendingKind Kind;

    /// <summary>The instruction.</summary>
    internal uint Word;

    /// <summary>Loads and stores: what it moves. iocsrrd: size and sign.</summary>
    internal MmioInstruction Access;

    /// <summary>Wide accesses: guest-physical address of the first part.</summary>
    internal ulong Gpa;

    /// <summary>Wide accesses: bytes that are done.</summary>
    internal int Done;

    /// <summary>Wide accesses: what was read so far, or is to be written.</summary>
    internal WideData Data;

    /// <summary>
    /// Begins to wait. Field by field: most of the rest is for wide accesses, and an exit has no time to clear it.
    /// </summary>
    internal void Wait(PendingKind kind, uint word, in MmioInstruction access)
    {
        Kind = kind;
        Word = word;
        Access = access;
    }

    /// <summary>The instruction's register.</summary>
    internal readonly int Register => (int)Word & 31;
}

/// <summary>32 bytes in parts of 8.</summary>
[InlineArray(4)]
internal struct WideData
{
    private ulong _part;
}
