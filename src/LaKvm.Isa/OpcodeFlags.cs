namespace LaKvm.Isa;

/// <summary>
/// The attributes of an instruction row, one member per attribute word of the table files: the generated data names
/// these members, so an unknown attribute does not compile.
/// </summary>
[Flags]
internal enum OpcodeFlags : uint
{
    /// <summary>No attribute.</summary>
    None = 0,

    Fp = (uint)Unit.Fp,
    Lsx = (uint)Unit.Lsx,
    Lasx = (uint)Unit.Lasx,
    Lbt = (uint)Unit.Lbt,
    UnitMask = 7,

    Privileged = 1 << 3,

    /// <summary>
    /// A row that writes rd, where the write of r0 may go to another place instead of being left out.
    /// </summary>
    DropsR0 = 1 << 4,

    /// <summary>An AM instruction: the words in which rd and rj are the same register raise INE.</summary>
    RdNotRj = 1 << 5,

    /// <summary>csrxchg: rj 0 and 1 are other rows.</summary>
    RjFrom2 = 1 << 6,

    Branch = (uint)Flow.Branch << OpcodeInfo.FlowShift,
    Jump = (uint)Flow.Jump << OpcodeInfo.FlowShift,
    Call = (uint)Flow.Call << OpcodeInfo.FlowShift,
    Indirect = (uint)Flow.Indirect << OpcodeInfo.FlowShift,
    Trap = (uint)Flow.Trap << OpcodeInfo.FlowShift,
    Return = (uint)Flow.Return << OpcodeInfo.FlowShift,
    Sync = (uint)Flow.Sync << OpcodeInfo.FlowShift,
    FlowMask = 15u << OpcodeInfo.FlowShift,

    Load = (uint)AccessKind.Load << OpcodeInfo.AccessShift,
    Store = (uint)AccessKind.Store << OpcodeInfo.AccessShift,
    Atomic = (uint)AccessKind.Atomic << OpcodeInfo.AccessShift,
#pragma warning disable CA1069 // an atomic access is a load and a store: both bits
    AccessMask = 3 << OpcodeInfo.AccessShift,
#pragma warning restore CA1069

    Size1 = 1 << OpcodeInfo.SizeShift,
    Size2 = 2 << OpcodeInfo.SizeShift,
    Size4 = 4 << OpcodeInfo.SizeShift,
    Size8 = 8 << OpcodeInfo.SizeShift,
    Size16 = 16 << OpcodeInfo.SizeShift,
    Size32 = 32 << OpcodeInfo.SizeShift,
    SizeMask = 63 << OpcodeInfo.SizeShift,

    /// <summary>A row that writes an LSX register, without the attribute keeps-upper.</summary>
    ClearsUpper = 1 << 22,

    /// <summary>
    /// A row that needs the exact count of executed instructions: it reads time, or may leave the guest.
    /// </summary>
    ExactCount = 1 << 23,

    /// <summary>A bound-checked access: rk is the bound, no part of the address.</summary>
    Bound = 1 << 24,

    /// <summary>A row with a semantic that computes rd, and nothing else.</summary>
    Computes = 1 << 25,

    /// <summary>Of the general registers that the row reads, only the low words count.</summary>
    LowWords = 1 << 26,

    /// <summary>
    /// If the general registers that the row reads hold sign-extended words, it may be done on words: its result is the
    /// word, sign-extended.
    /// </summary>
    WordsAlike = 1 << 27,

    /// <summary>What the row writes to rd is a sign-extended word.</summary>
    WordResult = 1 << 28,
}
