namespace LaKvm.Translator;

/// <summary>
/// What emitters of vector instructions have in common: the host's operations in the width of the current instruction,
/// and constants. xmm0 to xmm2 are scratch, xmm3 holds an immediate as vector.
/// </summary>
internal sealed unsafe class VectorOps(EmitContext context)
{
    public const int ImmediateVector = 3;

    public const ulong LowBytes = 0x00FF_00FF_00FF_00FF, LowHalves = 0x0000_FFFF_0000_FFFF, LowWords = 0xFFFF_FFFF;

    public const int OddPlaces = 0xAA;

    /// <summary>2 to the power of the index, and of 7 less the index.</summary>
    public const ulong Powers = 0x8040_2010_0804_0201, RestPowers = 0x0102_0408_1020_4080;

    private readonly Emitter _e = context.Emitter;

    /// <summary>Bytes of the current vector instruction's operands.</summary>
    public int Width { get; set; }

    /// <summary>A constant with a value in each element of 1 &lt;&lt; <paramref name="size"/> bytes.</summary>
    public Rm Each(int size, ulong value) => context.Constant(size switch
    {
        0 => (byte)value * 0x0101_0101_0101_0101UL,
        1 => (ushort)value * 0x0001_0001_0001_0001UL,
        2 => (uint)value * 0x0000_0001_0000_0001UL,
        _ => value,
    });

    public void Op(Simd op, int d, int first, int second) => _e.Vector(op, Width, d, first, Rm.Xmm(second));

    public void Op(Simd op, int d, int first, Rm second) => _e.Vector(op, Width, d, first, second);

    public void By(Simd op, int d, int from, int count) => _e.ShiftVector(op, Width, d, from, count);

    public void Zero(int d) => Op(Simd.Pxor, d, d, d);

    public void Invert(int d, int from, int scratch)
    {
        Op(Simd.Pcmpeqd, scratch, scratch, scratch);
        Op(Simd.Pxor, d, from, scratch);
    }

    public static Simd Extremum(in VectorRow row, bool isMaximum) => (row.Size, row.Has(VectorOptions.Unsigned)) switch
    {
        (0, false) => isMaximum ? Simd.Pmaxsb : Simd.Pminsb,
        (1, false) => isMaximum ? Simd.Pmaxsw : Simd.Pminsw,
        (2, false) => isMaximum ? Simd.Pmaxsd : Simd.Pminsd,
        (0, true) => isMaximum ? Simd.Pmaxub : Simd.Pminub,
        (1, true) => isMaximum ? Simd.Pmaxuw : Simd.Pminuw,
        _ => isMaximum ? Simd.Pmaxud : Simd.Pminud,
    };

    public static Simd AddOf(int size) => size == 3 ? Simd.Paddq : Simd.Paddb + size;

    public static Simd SubtractOf(int size) => Simd.Psubb + size;

    /// <summary>d = even or odd bytes or halves, zero-extended.</summary>
    public void Lower(int size, int d, int from, bool isOdd)
    {
        if (isOdd)
        {
            By(size == 0 ? Simd.PsrlwBy : Simd.PsrldBy, d, from, 8 << size);
        }
        else
        {
            Op(Simd.Pand, d, from, context.Constant(size == 0 ? LowBytes : LowHalves));
        }
    }

    /// <summary>A constant lane, byte by byte.</summary>
    public Rm Lane(Func<int, int> byteAt)
    {
        ulong low = 0, high = 0;
        for (int n = 0; n < 8; n++)
        {
            low |= (ulong)(byte)byteAt(n) << (8 * n);
            high |= (ulong)(byte)byteAt(n + 8) << (8 * n);
        }

        return context.Constant(low, high);
    }

    public Rm CountMask(in VectorRow row) => Each(row.Size, (ulong)row.ElementBits - 1);

    /// <summary>Bytes are shifted as halves, and what came from their neighbours is cleared.</summary>
    public void LeftBy(int size, int d, int from, int count)
    {
        By(size switch { < 2 => Simd.PsllwBy, 2 => Simd.PslldBy, _ => Simd.PsllqBy }, d, from, count);
        if (size == 0)
        {
            Op(Simd.Pand, d, d, Each(0, 0xFFUL << count));
        }
    }

    public void RightBy(int size, int d, int from, int count)
    {
        By(size switch { < 2 => Simd.PsrlwBy, 2 => Simd.PsrldBy, _ => Simd.PsrlqBy }, d, from, count);
        if (size == 0)
        {
            Op(Simd.Pand, d, d, Each(0, 0xFFUL >> count));
        }
    }

    /// <summary>x = for each byte the power of two that the amount in k names. xmm0 and xmm1 are scratch.</summary>
    public void PowersOfTwo(int x, int k, ulong powers)
    {
        Op(Simd.Pand, 0, k, Each(0, 7));
        _e.LoadVector(Width, 1, context.Constant(powers));
        Op(Simd.Pshufb, x, 1, 0);
    }
}
