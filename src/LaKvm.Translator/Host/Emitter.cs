using System.Runtime.CompilerServices;

namespace LaKvm.Translator;

/// <summary>
/// Writes x86-64 machine code (Intel SDM volume 2, chapter 2): only the forms that the translator uses, with
/// displacements and immediates as short as they can be.
/// </summary>
internal sealed unsafe partial class Emitter
{
    /// <summary>Where the next byte will be executed; whoever sets it has made sure that there is room.</summary>
    public byte* Position { get; set; }

    /// <summary>Where a byte is written, minus where it is executed.</summary>
    public nint WriteOffset { get; init; }

    public void Mov(Reg to, Rm from, Width width = Width.W64)
    {
        if (!from.Is(to) || width == Width.W32)
        {
            Encode(width, 0x8B, (int)to, from);
        }
    }

    public void Store(Rm to, Reg from, Width width = Width.W64) => Encode(width, 0x89, (int)from, to);

    /// <summary>Stores the low <paramref name="size"/> bytes of a register.</summary>
    public void StoreSized(Rm to, Reg from, int size)
    {
        if (size == 2)
        {
            Byte(0x66);
        }

        Encode(size == 8 ? Width.W64 : Width.W32, size == 1 ? 0x88 : 0x89, (int)from, to, byteRegister: size == 1);
    }

    /// <summary>Sets a register, by the shortest form; leaves the flags alone.</summary>
    public void MovImmediate(Reg to, ulong value)
    {
        if (value == (uint)value)
        {
            Prefix(Width.W32, 0, 0, (int)to);
            Byte(0xB8 + ((int)to & 7));
            Int32((int)value);
        }
        else if ((ulong)(int)value == value)
        {
            Encode(Width.W64, 0xC7, 0, to);
            Int32((int)value);
        }
        else
        {
            Prefix(Width.W64, 0, 0, (int)to);
            Byte(0xB8 + ((int)to & 7));
            *(ulong*)(Position + WriteOffset) = value;
            Position += 8;
        }
    }

    /// <summary>Stores a sign-extended immediate of 64 bits.</summary>
    public void StoreImmediate(Rm to, int value)
    {
        Encode(Width.W64, 0xC7, 0, to);
        Int32(value);
    }

    public void SignExtend8(Reg to, Rm from) => Encode(Width.W64, 0x0FBE, (int)to, from);

    public void SignExtend16(Reg to, Rm from) => Encode(Width.W64, 0x0FBF, (int)to, from);

    public void SignExtend32(Reg to, Rm from) => Encode(Width.W64, 0x63, (int)to, from);

    public void ZeroExtend8(Reg to, Rm from) => Encode(Width.W32, 0x0FB6, (int)to, from, byteRegister: true);

    public void ZeroExtend16(Reg to, Rm from) => Encode(Width.W32, 0x0FB7, (int)to, from);

    public void Lea(Reg to, Rm address, Width width = Width.W64) => Encode(width, 0x8D, (int)to, address);

    /// <summary>Address of <paramref name="target"/>, relative to the code.</summary>
    public void LeaNear(Reg to, void* target)
    {
        Prefix(Width.W64, (int)to, 0, 0);
        Byte(0x8D);
        Byte((((int)to & 7) << 3) | 5);
        Relative(target);
    }

    public void Op(Alu operation, Reg to, Rm from, Width width = Width.W64) =>
        Encode(width, ((int)operation << 3) | 3, (int)to, from);

    /// <summary>An operation whose result (or first operand) is in memory.</summary>
    public void OpStore(Alu operation, Rm to, Reg from, Width width = Width.W64) =>
        Encode(width, ((int)operation << 3) | 1, (int)from, to);

    public void OpImmediate(Alu operation, Rm to, int value, Width width = Width.W64)
    {
        bool isByte = (sbyte)value == value;
        Encode(width, isByte ? 0x83 : 0x81, (int)operation, to);
        if (isByte)
        {
            Byte(value);
        }
        else
        {
            Int32(value);
        }
    }

    /// <summary>Compares a byte in memory.</summary>
    public void CompareByte(Rm memory, int value)
    {
        Encode(Width.W32, 0x80, 7, memory);
        Byte(value);
    }

    /// <summary>Tests bits of a byte in memory.</summary>
    public void TestByte(Rm memory, int bits)
    {
        Encode(Width.W32, 0xF6, 0, memory);
        Byte(bits);
    }

    /// <summary>Tests the bits of a byte in memory that are set in the low byte of a register.</summary>
    public void TestByte(Rm memory, Reg bits) => Encode(Width.W32, 0x84, (int)bits, memory, byteRegister: true);

    /// <summary>Tests bits of a 32-bit word in memory.</summary>
    public void TestImmediate(Rm memory, uint bits)
    {
        Encode(Width.W32, 0xF7, 0, memory);
        Int32((int)bits);
    }

    public void LoadMxcsr(Rm memory) => Encode(Width.W32, 0x0FAE, 2, memory);

    public void StoreMxcsr(Rm memory) => Encode(Width.W32, 0x0FAE, 3, memory);

    public void Test(Reg a, Reg b, Width width = Width.W64) => Encode(width, 0x85, (int)b, a);

    public void ShiftImmediate(Shift operation, Rm to, int count, Width width = Width.W64)
    {
        Encode(width, 0xC1, (int)operation, to);
        Byte(count);
    }

    /// <summary>Shifts by cl.</summary>
    public void ShiftByCl(Shift operation, Rm to, Width width = Width.W64) => Encode(width, 0xD3, (int)operation, to);

    /// <summary>Shifts left, filling from the upper bits of <paramref name="from"/>.</summary>
    public void ShiftLeftDouble(Rm to, Reg from, int count, Width width = Width.W64)
    {
        Encode(width, 0x0FA4, (int)from, to);
        Byte(count);
    }

    public void Multiply(Reg to, Rm by, Width width = Width.W64) => Encode(width, 0x0FAF, (int)to, by);

    public void Apply(Unary operation, Rm operand, Width width = Width.W64) =>
        Encode(width, 0xF7, (int)operation, operand);

    /// <summary>Extends the sign of (r|e)ax into (r|e)dx: cqo, cdq.</summary>
    public void SignToRdx(Width width = Width.W64)
    {
        if (width == Width.W64)
        {
            Byte(0x48);
        }

        Byte(0x99);
    }

    public void ByteSwap(Reg register, Width width = Width.W64)
    {
        Prefix(width, 0, 0, (int)register);
        Byte(0x0F);
        Byte(0xC8 + ((int)register & 7));
    }

    /// <summary>Counts leading zeros; all of them for 0 (needs LZCNT).</summary>
    public void LeadingZeros(Reg to, Rm from, Width width)
    {
        Byte(0xF3);
        Encode(width, 0x0FBD, (int)to, from);
    }

    /// <summary>Counts trailing zeros; all of them for 0 (needs BMI1).</summary>
    public void TrailingZeros(Reg to, Rm from, Width width)
    {
        Byte(0xF3);
        Encode(width, 0x0FBC, (int)to, from);
    }

    public void SetIf(Condition condition, Reg to) =>
        Encode(Width.W32, 0x0F90 | (int)condition, 0, to, byteRegister: true);

    public void MovIf(Condition condition, Reg to, Rm from) =>
        Encode(Width.W64, 0x0F40 | (int)condition, (int)to, from);

    /// <summary>Stores a byte.</summary>
    public void StoreByte(Rm memory, int value)
    {
        Encode(Width.W32, 0xC6, 0, memory);
        Byte(value);
    }

    /// <summary>Exchanges a register with memory, atomically.</summary>
    public void Exchange(Rm memory, Reg register, Width width) => Encode(width, 0x87, (int)register, memory);

    /// <summary>Adds a register to memory, atomically; the register gets what was there.</summary>
    public void ExchangeAdd(Rm memory, Reg register, Width width)
    {
        Byte(0xF0);
        Encode(width, 0x0FC1, (int)register, memory);
    }

    /// <summary>
    /// If memory holds what rax holds, stores the register there, else loads rax from there, atomically; equal says
    /// which.
    /// </summary>
    public void CompareExchange(Rm memory, Reg register, Width width)
    {
        Byte(0xF0);
        Encode(width, 0x0FB1, (int)register, memory);
    }

    /// <summary>A full memory barrier.</summary>
    public void Barrier()
    {
        Byte(0xF0);
        OpImmediate(Alu.Or, Rm.At(Reg.Rsp), 0, Width.W32);
    }

    public void Push(Reg register)
    {
        Prefix(Width.W32, 0, 0, (int)register);
        Byte(0x50 + ((int)register & 7));
    }

    public void Pop(Reg register)
    {
        Prefix(Width.W32, 0, 0, (int)register);
        Byte(0x58 + ((int)register & 7));
    }

    /// <summary>Pops into memory; an address relative to rsp counts from behind what is popped.</summary>
    public void Pop(Rm memory) => Encode(Width.W32, 0x8F, 0, memory);

    public void Return() => Byte(0xC3);

    public void Call(void* target)
    {
        Byte(0xE8);
        Relative(target);
    }

    public void CallRegister(Reg target) => Encode(Width.W32, 0xFF, 2, target);

    public void JumpIndirect(Rm target) => Encode(Width.W32, 0xFF, 4, target);

    /// <summary>A jump; returns the place of its distance, for <see cref="Patch"/>.</summary>
    public byte* Jump(void* target)
    {
        Byte(0xE9);
        Relative(target);
        return Position - 4;
    }

    /// <summary>A conditional jump; returns the place of its distance, for <see cref="Patch"/>.</summary>
    public byte* JumpIf(Condition condition, void* target)
    {
        Byte(0x0F);
        Byte(0x80 | (int)condition);
        Relative(target);
        return Position - 4;
    }

    /// <summary>
    /// A conditional jump over less than 128 bytes to where <see cref="Land"/> is called with its result.
    /// </summary>
    public byte* JumpShort(Condition condition)
    {
        Byte(0x70 | (int)condition);
        Byte(0);
        return Position;
    }

    /// <summary>As <see cref="JumpShort(Condition)"/>, always.</summary>
    public byte* JumpShort()
    {
        Byte(0xEB);
        Byte(0);
        return Position;
    }

    /// <summary>Jumps over the next <paramref name="bytes"/> bytes, less than 128.</summary>
    public void JumpOver(int bytes)
    {
        Byte(0xEB);
        Byte(bytes);
    }

    /// <summary>Makes a short jump lead here.</summary>
    public void Land(byte* jump) => jump[WriteOffset - 1] = (byte)checked((sbyte)(Position - jump));

    /// <summary>
    /// Makes the jump with the distance at <paramref name="place"/> lead to <paramref name="target"/>.
    /// </summary>
    public void Patch(byte* place, void* target) =>
        Unsafe.WriteUnaligned(place + WriteOffset, (int)((byte*)target - (place + 4)));

    /// <summary>
    /// Opcode of one or two bytes with a ModRM operand; <paramref name="byteRegister"/> says that a register operand is
    /// a byte, which needs the REX prefix for sil, dil, bpl and spl.
    /// </summary>
    private void Encode(Width width, int opcode, int register, Rm rm, bool byteRegister = false)
    {
        int index = rm.HasIndex ? rm.IndexNumber : 0;
        bool lowByte = byteRegister && (register >= 4 || (!rm.IsMemory && (int)rm.Register >= 4));
        Prefix(width, register, index, (int)rm.Register, lowByte);
        if (opcode > 0xFF)
        {
            Byte(opcode >> 8);
        }

        Byte(opcode);
        ModRm(register, rm);
    }

    private void Prefix(Width width, int register, int index, int address, bool force = false)
    {
        int rex = (int)width | ((register & 8) >> 1) | ((index & 8) >> 2) | ((address & 8) >> 3);
        if (rex != 0 || force)
        {
            Byte(0x40 | rex);
        }
    }

    private void ModRm(int register, Rm rm)
    {
        int field = (register & 7) << 3;
        int address = (int)rm.Register & 7;
        if (!rm.IsMemory)
        {
            Byte(0xC0 | field | address);
            return;
        }

        // rbp and r13 as base have no form without displacement; rsp and r12 need the SIB byte.
        int mode = rm.Displacement == 0 && address != 5 ? 0 : (sbyte)rm.Displacement == rm.Displacement ? 0x40 : 0x80;
        if (rm.HasIndex || address == 4)
        {
            Byte(mode | field | 4);
            Byte((rm.Scale << 6) | (rm.HasIndex ? (rm.IndexNumber & 7) << 3 : 0x20) | address);
        }
        else
        {
            Byte(mode | field | address);
        }

        if (mode == 0x40)
        {
            Byte(rm.Displacement);
        }
        else if (mode == 0x80)
        {
            Int32(rm.Displacement);
        }
    }

    private void Relative(void* target) => Int32((int)((byte*)target - (Position + 4)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Byte(int value)
    {
        Position[WriteOffset] = (byte)value;
        Position++;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Int32(int value)
    {
        Unsafe.WriteUnaligned(Position + WriteOffset, value);
        Position += 4;
    }
}
