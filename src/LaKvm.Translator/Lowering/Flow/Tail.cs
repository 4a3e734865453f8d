namespace LaKvm.Translator;

/// <summary>What is behind the blocks: code that is seldom run, and where its jump is.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Place">Where the jump's distance is; 0 if nothing jumps there.</param>
/// <param name="Offset">The instruction, or the target, that it belongs to.</param>
/// <param name="Code">What else the kind needs: an exit, a size, units.</param>
internal readonly unsafe record struct Tail(TailKind Kind, nint Place, int Offset, int Code = 0)
{
    public Tail(TailKind kind, byte* place, int offset, int code = 0)
        : this(kind, (nint)place, offset, code)
    {
    }

    /// <summary>What is known at the jump.</summary>
    public BlockState At { get; init; }

    /// <summary>The site whose handler is called.</summary>
    public nint Site { get; init; }

    /// <summary>Where execution goes on.</summary>
    public nint Resume { get; init; }

    /// <summary>What the host's vector registers have to hold there.</summary>
    public VectorCache.Snapshot ResumeVectors { get; init; }

    /// <summary>For a look: the tag, the place of a second jump, where the access is made.</summary>
    public int Tag { get; init; }

    public nint Second { get; init; }

    public nint Access { get; init; }

    /// <summary>For a group's first look: the group's tag, and where it goes on when its pages are found.</summary>
    public int GroupTag { get; init; }

    public nint Found { get; init; }

    /// <summary>Instructions of the block that are not executed when it is left here.</summary>
    public int Left { get; init; }
}

/// <summary>What a tail does.</summary>
internal enum TailKind : byte
{
    /// <summary>Leaves with the tail's code.</summary>
    Leave,

    /// <summary>The same, where registers are as they are between regions.</summary>
    LeaveOutside,

    /// <summary>Comes into a block from outside of the region; nothing jumps to the tail itself.</summary>
    Outside,

    /// <summary>Gives the block's instructions (the tail's code) back to the budget and leaves.</summary>
    Short,

    /// <summary>Calls a handler and resumes.</summary>
    Slow,

    /// <summary>Looks an access up in the second way, then calls a handler, and resumes.</summary>
    SecondLook,

    /// <summary>Looks an access of a group up by itself: the first one, another one.</summary>
    FirstLook,
    Look,

    /// <summary>
    /// Makes the host's FPU compute for the guest and resumes, or has the rest of the block interpreted.
    /// </summary>
    Begin,

    /// <summary>Has the rest of the block interpreted.</summary>
    Interpret,

    /// <summary>
    /// Leaves with the tail's code, a trap that ends guest mode, or resumes outside PLV0 if the instruction is
    /// privileged.
    /// </summary>
    GuestExit,

    /// <summary>Goes on behind a block that follows itself, from one of its copies.</summary>
    LoopExit,

    /// <summary>Goes to another page.</summary>
    Far,

    /// <summary>Goes to a block of this region by a control transfer.</summary>
    Inside,

    /// <summary>
    /// Goes to another region of this page by a control transfer; registers are as between regions.
    /// </summary>
    TakenEdge,

    /// <summary>The same, where registers are as in this region.</summary>
    LeavingEdge,

    /// <summary>Goes to the following region of this page.</summary>
    FallEdge,
}
