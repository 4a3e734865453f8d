namespace LaKvm.Translator;

/// <summary>The host's general registers, by their number in the encoding.</summary>
internal enum Reg : byte
{
    Rax,
    Rcx,
    Rdx,
    Rbx,
    Rsp,
    Rbp,
    Rsi,
    Rdi,
    R8,
    R9,
    R10,
    R11,
    R12,
    R13,
    R14,
    R15,
}

/// <summary>Conditions of jcc, setcc and cmovcc; flipping bit 0 negates one.</summary>
internal enum Condition : byte
{
    Overflow = 0,
    Below = 2,
    AboveOrEqual = 3,
    Equal = 4,
    NotEqual = 5,
    BelowOrEqual = 6,
    Above = 7,
    Sign = 8,
    Parity = 10,
    NotParity = 11,
    Less = 12,
    GreaterOrEqual = 13,
    LessOrEqual = 14,
    Greater = 15,
}

/// <summary>The eight operations that share their encodings.</summary>
internal enum Alu : byte
{
    Add,
    Or,
    Adc,
    Sbb,
    And,
    Sub,
    Xor,
    Cmp,
}

/// <summary>Shifts and rotations.</summary>
internal enum Shift : byte
{
    Rol = 0,
    Ror = 1,
    Shl = 4,
    Shr = 5,
    Sar = 7,
}

/// <summary>Operations of opcode F7 on one operand (and rdx:rax).</summary>
internal enum Unary : byte
{
    Not = 2,
    Neg = 3,
    Mul = 4,
    Imul = 5,
    Div = 6,
    Idiv = 7,
}

/// <summary>Width of an integer operation; a result of 32 bits clears the upper half of its register.</summary>
internal enum Width : byte
{
    W32 = 0,
    W64 = 8,
}

/// <summary>The operand that may be a register or memory (the ModRM byte's).</summary>
internal readonly struct Rm
{
    private const sbyte NoIndex = -1;

    private Rm(bool isMemory, Reg register, sbyte index, byte scale, int displacement, nint target = 0)
    {
        IsMemory = isMemory;
        Register = register;
        IndexNumber = index;
        Scale = scale;
        Displacement = displacement;
        Target = target;
    }

    /// <summary>Whether the operand is memory.</summary>
    public bool IsMemory { get; }

    /// <summary>The register itself, or the base of the address.</summary>
    public Reg Register { get; }

    /// <summary>Number of the index register, or negative.</summary>
    public sbyte IndexNumber { get; }

    /// <summary>log2 of what the index is multiplied by.</summary>
    public byte Scale { get; }

    /// <summary>What is added to the address.</summary>
    public int Displacement { get; }

    /// <summary>The memory itself, if its address is relative to the code; else 0.</summary>
    public nint Target { get; }

    public bool HasIndex => IndexNumber != NoIndex;

    public static implicit operator Rm(Reg register) => new(false, register, NoIndex, 0, 0);

    public static Rm At(Reg address, int displacement = 0) => new(true, address, NoIndex, 0, displacement);

    public static Rm At(Reg address, Reg index, int scale, int displacement = 0) =>
        new(true, address, (sbyte)index, (byte)scale, displacement);

    /// <summary>Memory near the code.</summary>
    public static Rm Near(nint target) => new(true, 0, NoIndex, 0, 0, target);

    /// <summary>A vector register.</summary>
    public static Rm Xmm(int number) => (Reg)number;

    /// <summary>What lies <paramref name="bytes"/> behind memory that has a base register.</summary>
    public Rm Plus(int bytes) => new(IsMemory, Register, IndexNumber, Scale, Displacement + bytes);

    public bool Is(Reg register) => !IsMemory && Register == register;
}
