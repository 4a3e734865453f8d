using Iced.Intel;

namespace LaKvm.Translator.Tests;

/// <summary>What the emitter writes, read by a disassembler that shares nothing with it.</summary>
public sealed unsafe class EmitterTests
{
    private static readonly Rm[] Operands = [.. Enum.GetValues<Reg>().Select(r => (Rm)r), .. Addresses()];

    [Theory]
    [InlineData(Width.W32)]
    [InlineData(Width.W64)]
    internal void Forms_with_register_and_operand_are_read_back(Width width)
    {
        foreach (Reg register in Enum.GetValues<Reg>())
        {
            foreach (Rm operand in Operands)
            {
                Expect(e => e.Op(Alu.Add, register, operand, width), Mnemonic.Add, register, operand, width);
                Expect(e => e.Op(Alu.Cmp, register, operand, width), Mnemonic.Cmp, register, operand, width);
                Expect(e => e.Multiply(register, operand, width), Mnemonic.Imul, register, operand, width);
                Expect(e => e.LeadingZeros(register, operand, width), Mnemonic.Lzcnt, register, operand, width);
                Expect(e => e.TrailingZeros(register, operand, width), Mnemonic.Tzcnt, register, operand, width);
                Expect(e => e.RotateRight(register, operand, 13, width), Mnemonic.Rorx, register, operand, width);
                if (operand.IsMemory)
                {
                    Expect(e => e.Mov(register, operand, width), Mnemonic.Mov, register, operand, width);
                    Expect(e => e.Lea(register, operand, width), Mnemonic.Lea, register, operand, width);
                }
            }
        }
    }

    [Fact]
    public void Forms_of_64_bits_are_read_back()
    {
        foreach (Reg register in Enum.GetValues<Reg>())
        {
            foreach (Rm operand in Operands)
            {
                Expect(e => e.MovIf(Condition.Equal, register, operand), Mnemonic.Cmove, register, operand, Width.W64);
                Expect(e => e.SignExtend16(register, operand), Mnemonic.Movsx, register, operand, Width.W64, 2);
                Expect(e => e.SignExtend8(register, operand), Mnemonic.Movsx, register, operand, Width.W64, 1);
                Expect(e => e.SignExtend32(register, operand), Mnemonic.Movsxd, register, operand, Width.W64, 4);
                Expect(e => e.ZeroExtend8(register, operand), Mnemonic.Movzx, register, operand, Width.W32, 1);
                Expect(e => e.ZeroExtend16(register, operand), Mnemonic.Movzx, register, operand, Width.W32, 2);
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Stores_of_all_sizes_are_read_back(int size)
    {
        foreach (Reg register in Enum.GetValues<Reg>())
        {
            foreach (Rm address in Addresses())
            {
                Instruction i = Read(e => e.StoreSized(address, register, size));
                i.Mnemonic.Should().Be(Mnemonic.Mov);
                ExpectMemory(i, address);
                i.Op1Register.Should().Be(Named(register, size));
            }
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(127)]
    [InlineData(-128)]
    [InlineData(128)]
    [InlineData(-4096)]
    [InlineData(int.MinValue)]
    public void Immediates_are_read_back(int value)
    {
        foreach (Rm operand in Operands)
        {
            Instruction i = Read(e => e.OpImmediate(Alu.And, operand, value));
            (i.Mnemonic, (long)i.GetImmediate(1)).Should().Be((Mnemonic.And, value));
            i = Read(e => e.OpImmediate(Alu.Sub, operand, value, Width.W32));
            (i.Mnemonic, (int)i.GetImmediate(1)).Should().Be((Mnemonic.Sub, value));
        }
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(0xFFFF_FFFFUL)]
    [InlineData(0x1_0000_0000UL)]
    [InlineData(0xFFFF_FFFF_8000_0000UL)]
    [InlineData(0xFFFF_FFFF_7FFF_FFFFUL)]
    [InlineData(ulong.MaxValue)]
    public void Constants_are_read_back(ulong value)
    {
        foreach (Reg register in Enum.GetValues<Reg>())
        {
            Instruction i = Read(e => e.MovImmediate(register, value));
            i.Mnemonic.Should().Be(Mnemonic.Mov);
            i.Op0Register.GetFullRegister().Should().Be(Named(register, 8));
            i.GetImmediate(1).Should().Be(value);
        }
    }

    [Fact]
    public void Shifts_and_single_operands_are_read_back()
    {
        foreach (Rm operand in Operands)
        {
            Instruction i = Read(e => e.ShiftImmediate(Shift.Sar, operand, 31));
            (i.Mnemonic, i.Immediate8).Should().Be((Mnemonic.Sar, (byte)31));
            i = Read(e => e.ShiftByCl(Shift.Ror, operand, Width.W32));
            (i.Mnemonic, i.Op1Register).Should().Be((Mnemonic.Ror, Register.CL));
            i = Read(e => e.ShiftLeftDouble(operand, Reg.R9, 8));
            (i.Mnemonic, i.Op1Register, i.Immediate8).Should().Be((Mnemonic.Shld, Register.R9, (byte)8));
            Read(e => e.Apply(Unary.Idiv, operand)).Mnemonic.Should().Be(Mnemonic.Idiv);
            Read(e => e.Apply(Unary.Not, operand, Width.W32)).Mnemonic.Should().Be(Mnemonic.Not);
            Read(e => e.JumpIndirect(operand)).Mnemonic.Should().Be(Mnemonic.Jmp);
        }
    }

    [Theory]
    [InlineData(Shift.Shl, Mnemonic.Shlx)]
    [InlineData(Shift.Shr, Mnemonic.Shrx)]
    [InlineData(Shift.Sar, Mnemonic.Sarx)]
    internal void Shifts_with_three_operands_are_read_back(Shift shift, Mnemonic mnemonic)
    {
        foreach (Reg count in Enum.GetValues<Reg>())
        {
            foreach (Rm operand in Operands)
            {
                Expect(e => e.ShiftByRegister(shift, Reg.R9, operand, count, Width.W32), mnemonic, Reg.R9, operand,
                    Width.W32);
                Read(e => e.ShiftByRegister(shift, Reg.Rcx, operand, count, Width.W64)).Op2Register.Should()
                    .Be(Named(count, 8));
            }
        }

        Read(e => e.RotateRight(Reg.Rdx, Reg.R8, 13, Width.W64)).Immediate8.Should().Be(13);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(8)]
    public void Checksums_are_read_back(int bytes)
    {
        foreach (Reg register in Enum.GetValues<Reg>())
        {
            Instruction i = Read(e => e.Crc32C(register, Reg.Rsi, bytes));
            (i.Mnemonic, i.Op1Register).Should().Be((Mnemonic.Crc32, Named(Reg.Rsi, bytes)));
            i.Op0Register.GetFullRegister().Should().Be(Named(register, 8));
        }
    }

    [Fact]
    public void Register_forms_are_read_back()
    {
        foreach (Reg register in Enum.GetValues<Reg>())
        {
            Instruction i = Read(e => e.SetIf(Condition.Below, register));
            (i.Mnemonic, i.Op0Register).Should().Be((Mnemonic.Setb, Named(register, 1)));
            i = Read(e => e.ByteSwap(register));
            (i.Mnemonic, i.Op0Register).Should().Be((Mnemonic.Bswap, Named(register, 8)));
            i = Read(e => e.Push(register));
            (i.Mnemonic, i.Op0Register).Should().Be((Mnemonic.Push, Named(register, 8)));
            i = Read(e => e.Pop(register));
            (i.Mnemonic, i.Op0Register).Should().Be((Mnemonic.Pop, Named(register, 8)));
            i = Read(e => e.CallRegister(register));
            (i.Mnemonic, i.Op0Register).Should().Be((Mnemonic.Call, Named(register, 8)));
        }

        foreach (Rm address in Addresses())
        {
            Instruction i = Read(e => e.CompareExchange(address, Reg.R9, Width.W64));
            (i.Mnemonic, i.HasLockPrefix, i.Op1Register).Should().Be((Mnemonic.Cmpxchg, true, Register.R9));
            i = Read(e => e.ExchangeAdd(address, Reg.Rdx, Width.W32));
            (i.Mnemonic, i.HasLockPrefix, i.Op1Register).Should().Be((Mnemonic.Xadd, true, Register.EDX));
            i = Read(e => e.Exchange(address, Reg.Rdx, Width.W64));
            (i.Mnemonic, i.Op1Register).Should().Be((Mnemonic.Xchg, Register.RDX));
            Read(e => e.LoadMxcsr(address)).Mnemonic.Should().Be(Mnemonic.Ldmxcsr);
            Read(e => e.StoreMxcsr(address)).Mnemonic.Should().Be(Mnemonic.Stmxcsr);
            i = Read(e => e.TestImmediate(address, 0x31F));
            (i.Mnemonic, i.Immediate32).Should().Be((Mnemonic.Test, 0x31Fu));
            i = Read(e => e.StoreByte(address, 1));
            (i.Mnemonic, i.MemorySize, i.Immediate8).Should().Be((Mnemonic.Mov, MemorySize.UInt8, (byte)1));
        }

        Read(e => e.SignToRdx()).Mnemonic.Should().Be(Mnemonic.Cqo);
        Read(e => e.SignToRdx(Width.W32)).Mnemonic.Should().Be(Mnemonic.Cdq);
        Read(e => e.Return()).Mnemonic.Should().Be(Mnemonic.Ret);
        Read(e => e.Barrier()).HasLockPrefix.Should().BeTrue();
        Read(e => e.CompareByte(Rm.At(Reg.Rbp, 0x200), 1)).Mnemonic.Should().Be(Mnemonic.Cmp);
        Read(e => e.TestByte(Rm.At(Reg.Rbp, 0x200), 1)).Mnemonic.Should().Be(Mnemonic.Test);
    }

    [Fact]
    public void Jumps_lead_where_they_are_told()
    {
        byte* code = stackalloc byte[256];
        var emitter = new Emitter { Position = code };
        byte* place = emitter.JumpIf(Condition.Less, null);
        emitter.Patch(place, code + 100);
        Decode(code, emitter).NearBranchTarget.Should().Be((ulong)(code + 100));
        emitter.Position = code;
        _ = emitter.Jump(code + 7);
        Decode(code, emitter).NearBranchTarget.Should().Be((ulong)(code + 7));
        emitter.Position = code;
        byte* jump = emitter.JumpShort(Condition.Above);
        Instruction read = Decode(code, emitter);
        emitter.Position = code + 30;
        emitter.Land(jump);
        emitter.Position = jump;
        read = Decode(code, emitter);
        (read.Mnemonic, read.NearBranchTarget).Should().Be((Mnemonic.Ja, (ulong)(code + 30)));
        emitter.Position = code;
        emitter.LeaNear(Reg.R12, code + 99);
        (Decode(code, emitter).Op0Register, Decode(code, emitter).IPRelativeMemoryAddress).Should()
            .Be((Register.R12, (ulong)(code + 99)));
    }

    private static IEnumerable<Rm> Addresses()
    {
        foreach (Reg address in Enum.GetValues<Reg>())
        {
            foreach (int displacement in new[] { 0, 127, -128, 128, -70000 })
            {
                yield return Rm.At(address, displacement);
                yield return Rm.At(address, Reg.Rcx, 3, displacement);
                yield return Rm.At(address, Reg.R12, 0, displacement);
            }
        }
    }

    private static void Expect(
        Action<Emitter> emit, Mnemonic mnemonic, Reg register, Rm operand, Width width, int size = 0)
    {
        Instruction i = Read(emit);
        int bytes = width == Width.W64 ? 8 : 4;
        (i.Mnemonic, i.Op0Register).Should().Be((mnemonic, Named(register, bytes)));
        if (operand.IsMemory)
        {
            ExpectMemory(i, operand);
        }
        else
        {
            i.Op1Register.Should().Be(Named(operand.Register, size == 0 ? bytes : size));
        }
    }

    private static void ExpectMemory(Instruction i, Rm address)
    {
        (i.MemoryBase, (long)i.MemoryDisplacement64).Should().Be((Named(address.Register, 8), address.Displacement));
        i.MemoryIndex.Should().Be(address.HasIndex ? Named((Reg)address.IndexNumber, 8) : Register.None);
        (i.MemoryIndexScale >> address.Scale).Should().Be(1);
    }

    private static Register Named(Reg register, int size) => size switch
    {
        1 => Register.AL + ByteIndex(register),
        2 => Register.AX + (int)register,
        4 => Register.EAX + (int)register,
        _ => Register.RAX + (int)register,
    };

    /// <summary>The disassembler counts al to bl, ah to bh, then spl on.</summary>
    private static int ByteIndex(Reg register) => register < Reg.Rsp ? (int)register : (int)register + 4;

    private static Instruction Read(Action<Emitter> emit)
    {
        byte* code = stackalloc byte[32];
        var emitter = new Emitter { Position = code };
        emit(emitter);
        return Decode(code, emitter);
    }

    /// <summary>Reads one instruction, which must be all that was written.</summary>
    private static Instruction Decode(byte* code, Emitter emitter)
    {
        int length = (int)(emitter.Position - code);
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(new Span<byte>(code, length).ToArray()), (ulong)code);
        Instruction instruction = decoder.Decode();
        instruction.Length.Should().Be(length);
        return instruction;
    }
}
