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
    WritesGprD = 1 << 4,

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
    AccessMask = 3 << OpcodeInfo.AccessShift,

    Size1 = 1 << OpcodeInfo.SizeShift,
    Size2 = 2 << OpcodeInfo.SizeShift,
    Size4 = 4 << OpcodeInfo.SizeShift,
    Size8 = 8 << OpcodeInfo.SizeShift,
    Size16 = 16 << OpcodeInfo.SizeShift,
    Size32 = 32 << OpcodeInfo.SizeShift,
    SizeMask = 63 << OpcodeInfo.SizeShift,
}

/// <summary>The unit that must be enabled (EUEN) for an instruction to execute.</summary>
public enum Unit
{
    /// <summary>Base instruction: always enabled.</summary>
    None,

    /// <summary>Floating point; disabled raises FPD.</summary>
    Fp,

    /// <summary>128-bit vectors; disabled raises SXD.</summary>
    Lsx,

    /// <summary>256-bit vectors; disabled raises ASXD.</summary>
    Lasx,

    /// <summary>Binary translation; disabled raises BTD.</summary>
    Lbt,
}

/// <summary>How an instruction continues; everything but <see cref="Next"/> ends a block.</summary>
public enum Flow
{
    /// <summary>The next instruction follows.</summary>
    Next,

    /// <summary>Conditional PC-relative branch.</summary>
    Branch,

    /// <summary>Unconditional PC-relative branch: b.</summary>
    Jump,

    /// <summary>PC-relative call: bl.</summary>
    Call,

    /// <summary>Register-indirect branch: jirl (jiscr0 and jiscr1 in LBT).</summary>
    Indirect,

    /// <summary>Always raises an exception: syscall, break, dbcl, hvcl.</summary>
    Trap,

    /// <summary>ertn.</summary>
    Return,

    /// <summary>
    /// The next instruction follows, but under rules this one may have changed (CSR writes, TLB maintenance, ibar) or
    /// later (idle).
    /// </summary>
    Sync,
}

/// <summary>How an instruction accesses memory as data.</summary>
public enum AccessKind
{
    /// <summary>Not at all (prefetch and cache operations included).</summary>
    None,

    /// <summary>Reads.</summary>
    Load,

    /// <summary>Writes.</summary>
    Store,

    /// <summary>Part of an atomic sequence: the AM instructions, ll and sc.</summary>
    Atomic,
}
