namespace LaKvm.Isa;

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
