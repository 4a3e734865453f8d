using System.Diagnostics;

namespace LaKvm.Translator;

/// <content>
/// Instructions on vector registers: VEX encodings where the host has AVX2, else the legacy ones, which write their
/// first operand (Intel SDM volume 2, 2.3).
/// </content>
internal sealed unsafe partial class Emitter
{
    private const int LowBytes = 8, FullBytes = 32;

    /// <summary>Whether VEX encodings are used.</summary>
    public bool UseVex { get; init; } = true;

    /// <summary>
    /// d = op(<paramref name="first"/>, <paramref name="second"/>) on <paramref name="bytes"/> bytes: 8 for scalars, 16
    /// or 32 for vectors. Without VEX d must be neither operand but the first.
    /// </summary>
    public void Vector(Simd op, int bytes, int d, int first, Rm second)
    {
        if (!UseVex && d != first)
        {
            Debug.Assert(!second.Is((Reg)d), "The legacy form would overwrite its operand.");
            EncodeVector(Simd.Movaps, LowBytes, d, 0, Rm.Xmm(first), 0);
        }

        EncodeVector(op, bytes, d, first, second, 0);
    }

    /// <summary>As <see cref="Vector(Simd, int, int, int, Rm)"/>, with an immediate.</summary>
    public void Vector(Simd op, int bytes, int d, int first, Rm second, int immediate)
    {
        if (!UseVex && d != first)
        {
            Debug.Assert(!second.Is((Reg)d), "The legacy form would overwrite its operand.");
            EncodeVector(Simd.Movaps, LowBytes, d, 0, Rm.Xmm(first), 0);
        }

        EncodeVector(op, bytes, d, first, second, 1);
        Byte(immediate);
    }

    /// <summary>register = op(operand), or operand = op(register) for stores: the forms with two operands.</summary>
    public void Vector(Simd op, int bytes, int register, Rm operand) =>
        EncodeVector(op, bytes, register, 0, operand, 0);

    /// <summary>As <see cref="Vector(Simd, int, int, Rm)"/>, with an immediate.</summary>
    public void VectorImmediate(Simd op, int bytes, int register, Rm operand, int immediate)
    {
        EncodeVector(op, bytes, register, 0, operand, 1);
        Byte(immediate);
    }

    /// <summary>d = <paramref name="from"/> shifted by an immediate; needs VEX.</summary>
    public void ShiftVector(Simd op, int bytes, int d, int from, int count)
    {
        EncodeVector((Simd)((int)op & 0xFFFF), bytes, (int)op >> 16, d, Rm.Xmm(from), 1);
        Byte(count);
    }

    /// <summary>
    /// d = elements of <paramref name="second"/> where the mask has its upper bit, else of <paramref name="first"/>.
    /// </summary>
    public void Blend(Simd op, int bytes, int d, int first, Rm second, int mask) =>
        Vector(op, bytes, d, first, second, mask << 4);

    /// <summary>Loads <paramref name="bytes"/> bytes; what is above them becomes 0.</summary>
    public void LoadVector(int bytes, int to, Rm from) => Vector(MoveOf(bytes), bytes, to, from);

    /// <summary>Stores the low <paramref name="bytes"/> bytes.</summary>
    public void StoreVector(int bytes, Rm to, int from) => Vector(MoveOf(bytes) + 1, bytes, from, to);

    /// <summary>
    /// Copies the low <paramref name="bytes"/> bytes, or 16 if there are fewer; what is above them becomes 0.
    /// </summary>
    public void CopyVector(int bytes, int to, int from)
    {
        if (to != from)
        {
            Vector(Simd.Movaps, bytes, to, Rm.Xmm(from));
        }
    }

    /// <summary>A conversion of a general register or memory to the low element of a vector register.</summary>
    public void FromInteger(bool isDouble, int d, int first, Rm integer, Width width)
    {
        Simd op = (Simd)((isDouble ? 0x312A : 0x212A) | (width == Width.W64 ? 0x8000 : 0));
        Vector(op, LowBytes, d, first, integer);
    }

    /// <summary>A conversion of the low element to a general register: as MXCSR says, or truncating.</summary>
    public void ToInteger(bool isDouble, bool truncate, Reg to, Rm from, Width width)
    {
        int op = (isDouble ? 0x3100 : 0x2100) | (truncate ? 0x2C : 0x2D) | (width == Width.W64 ? 0x8000 : 0);
        Vector((Simd)op, LowBytes, (int)to, from);
    }

    /// <summary>Clears the upper halves of all registers, as code without VEX likes it.</summary>
    public void ZeroUpper()
    {
        if (UseVex)
        {
            Byte(0xC5);
            Byte(0xF8);
            Byte(0x77);
        }
    }

    /// <summary>Stores a 32-bit immediate.</summary>
    public void StoreImmediate32(Rm to, int value)
    {
        Encode(Width.W32, 0xC7, 0, to);
        Int32(value);
    }

    private static Simd MoveOf(int bytes) => bytes switch
    {
        4 => Simd.MovssLoad,
        LowBytes => Simd.MovsdLoad,
        _ => Simd.MovupsLoad,
    };

    private void EncodeVector(Simd op, int bytes, int register, int first, Rm rm, int immediates)
    {
        if (UseVex)
        {
            Vex((int)op, bytes == FullBytes, register, first, rm);
        }
        else
        {
            Legacy((int)op, register, rm);
        }

        Byte((int)op & 0xFF);
        if (rm.Target != 0)
        {
            Byte((register & 7) << 3 | 5);
            Int32((int)(rm.Target - (nint)(Position + 4 + immediates)));
        }
        else
        {
            ModRm(register, rm);
        }
    }

    private void Vex(int op, bool wide, int register, int first, Rm rm)
    {
        int map = op >> 8 & 3, w = op >> 15 & 1, prefix = op >> 12 & 3;
        int index = rm.HasIndex ? rm.IndexNumber & 8 : 0, address = (int)rm.Register & 8;
        int last = (~first & 15) << 3 | (wide ? 4 : 0) | prefix;
        int notRegister = (register & 8) != 0 ? 0 : 0x80;
        if (map == 1 && w == 0 && index == 0 && address == 0)
        {
            Byte(0xC5);
            Byte(notRegister | last);
            return;
        }

        Byte(0xC4);
        Byte(notRegister | (index != 0 ? 0 : 0x40) | (address != 0 ? 0 : 0x20) | map);
        Byte(w << 7 | last);
    }

    private void Legacy(int op, int register, Rm rm)
    {
        int prefix = op >> 12 & 3, map = op >> 8 & 3;
        if (prefix != 0)
        {
            Byte(prefix switch { 1 => 0x66, 2 => 0xF3, _ => 0xF2 });
        }

        Prefix((op >> 15 & 1) != 0 ? Width.W64 : Width.W32, register, rm.HasIndex ? rm.IndexNumber
            : 0, (int)rm.Register);
        Byte(0x0F);
        if (map > 1)
        {
            Byte(map == 2 ? 0x38 : 0x3A);
        }
    }
}
