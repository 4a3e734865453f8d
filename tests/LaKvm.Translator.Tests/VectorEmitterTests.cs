using Iced.Intel;

namespace LaKvm.Translator.Tests;

/// <summary>Encodings of instructions on vector registers, read by a disassembler.</summary>
public sealed unsafe class VectorEmitterTests
{
    /// <summary>
    /// Those whose name is not that of the instruction with a v before it, by what the instruction is.
    /// </summary>
    private static readonly Dictionary<Simd, Mnemonic> OtherNames = new()
    {
        [Simd.MovupsLoad] = Mnemonic.Vmovups, [Simd.MovupsStore] = Mnemonic.Vmovups, [Simd.MovssLoad] = Mnemonic.Vmovss,
        [Simd.MovssStore] = Mnemonic.Vmovss, [Simd.MovsdLoad] = Mnemonic.Vmovsd, [Simd.MovsdStore] = Mnemonic.Vmovsd,
        [Simd.MovdLoad] = Mnemonic.Vmovd, [Simd.MovdStore] = Mnemonic.Vmovd, [Simd.MovqLoad] = Mnemonic.Vmovq,
        [Simd.MovqStore] = Mnemonic.Vmovq, [Simd.Ucomis] = Mnemonic.Vucomiss, [Simd.Comis] = Mnemonic.Vcomiss,
        [Simd.Broadcastb] = Mnemonic.Vpbroadcastb, [Simd.Broadcastw] = Mnemonic.Vpbroadcastw,
        [Simd.Broadcastd] = Mnemonic.Vpbroadcastd, [Simd.Broadcastq] = Mnemonic.Vpbroadcastq,
        [Simd.Broadcasti128] = Mnemonic.Vbroadcasti128, [Simd.Permq] = Mnemonic.Vpermq, [Simd.Permd] = Mnemonic.Vpermd,
        [Simd.Extracti128] = Mnemonic.Vextracti128, [Simd.Inserti128] = Mnemonic.Vinserti128,
        [Simd.Perm2i128] = Mnemonic.Vperm2i128,
    };

    public static TheoryData<string> Operations() =>
        [.. Enum.GetNames<Simd>().Where(name => name != nameof(Simd.None))];

    [Theory]
    [MemberData(nameof(Operations))]
    public void Operation_is_read_back(string name)
    {
        Simd op = Enum.Parse<Simd>(name);
        foreach (Rm operand in (Rm[])[Rm.At(Reg.Rbp, 0x40), Rm.At(Reg.R12, Reg.R9, 0, 8), Rm.At(Reg.R13)])
        {
            foreach (int register in (int[])[2, 11])
            {
                Instruction i = Encode(e => Emit(e, op, register, operand));
                i.Mnemonic.Should().Be(NameOf(op, name), $"{name} is {i}");
                if (i.Op1Kind == OpKind.Memory || i.Op2Kind == OpKind.Memory)
                {
                    i.MemoryDisplacement32.Should().Be((uint)operand.Displacement);
                }
            }
        }
    }

    [Theory]
    [InlineData(8, Mnemonic.Vmovsd)]
    [InlineData(16, Mnemonic.Vmovups)]
    [InlineData(32, Mnemonic.Vmovups)]
    public void Loads_and_stores_have_their_size(int bytes, Mnemonic mnemonic)
    {
        Instruction load = Encode(e => e.LoadVector(bytes, 13, Rm.At(Reg.Rax, 200)));
        (load.Mnemonic, load.MemorySize.GetSize()).Should().Be((mnemonic, bytes));
        Instruction store = Encode(e => e.StoreVector(bytes, Rm.At(Reg.R8, Reg.Rax, 0), 5));
        (store.Mnemonic, store.MemorySize.GetSize(), store.MemoryIndex).Should().Be((mnemonic, bytes, Register.RAX));
    }

    [Fact]
    public void Three_operands_are_read_back()
    {
        Instruction i = Encode(e => e.Vector(Simd.Paddw, 32, 9, 12, Rm.Xmm(15)));
        (i.Mnemonic, i.Op0Register, i.Op1Register, i.Op2Register)
            .Should().Be((Mnemonic.Vpaddw, Register.YMM9, Register.YMM12, Register.YMM15));
        i = Encode(e => e.Blend(Simd.Pblendvb, 16, 1, 2, Rm.Xmm(3), 14));
        (i.Mnemonic, i.Op0Register, i.Op3Register).Should().Be((Mnemonic.Vpblendvb, Register.XMM1, Register.XMM14));
        i = Encode(e => e.ShiftVector(Simd.PsradBy, 32, 8, 14, 31));
        (i.Mnemonic, i.Op0Register, i.Op1Register, i.Immediate8).Should()
            .Be((Mnemonic.Vpsrad, Register.YMM8, Register.YMM14, (byte)31));
        i = Encode(e => e.Vector((Simd)0x92B9, 8, 4, 5, Rm.Xmm(6)));
        (i.Mnemonic, i.Op0Register, i.Op2Register).Should().Be((Mnemonic.Vfmadd231sd, Register.XMM4, Register.XMM6));
    }

    [Theory]
    [InlineData(true, true, Width.W64, Mnemonic.Vcvttsd2si)]
    [InlineData(false, false, Width.W32, Mnemonic.Vcvtss2si)]
    public void Conversions_to_integers_are_read_back(bool isDouble, bool truncate, object width, Mnemonic mnemonic)
    {
        Instruction i = Encode(e => e.ToInteger(isDouble, truncate, Reg.Rax, Rm.Xmm(9), (Width)width));
        (i.Mnemonic, i.Op0Register, i.Op1Register)
            .Should().Be((mnemonic, (Width)width == Width.W64 ? Register.RAX : Register.EAX, Register.XMM9));
    }

    [Fact]
    public void Forms_without_vex_copy_the_first_operand()
    {
        byte* code = stackalloc byte[64];
        var emitter = new Emitter { Position = code, UseVex = false };
        emitter.Vector((Simd)0x3158, 8, 9, 4, Rm.Xmm(5));
        List<Instruction> read = Decode(code, emitter);
        (read[0].Mnemonic, read[0].Op0Register, read[0].Op1Register).Should()
            .Be((Mnemonic.Movaps, Register.XMM9, Register.XMM4));
        (read[1].Mnemonic, read[1].Op0Register, read[1].Op1Register).Should()
            .Be((Mnemonic.Addsd, Register.XMM9, Register.XMM5));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memory_near_the_code_is_found(bool useVex)
    {
        byte* code = stackalloc byte[64];
        var emitter = new Emitter { Position = code, UseVex = useVex };
        emitter.Vector(Simd.Orps, 16, 10, 10, Rm.Near((nint)code + 0x1230));
        emitter.VectorImmediate(Simd.Pshufd, 16, 3, Rm.Near((nint)code + 0x1230), 7);
        Decode(code, emitter).Should().AllSatisfy(i => i.IPRelativeMemoryAddress.Should().Be((ulong)code + 0x1230));
    }

    /// <summary>Writes an operation in the form that it has.</summary>
    private static void Emit(Emitter e, Simd op, int register, Rm operand)
    {
        bool hasImmediate = ((int)op & 0x300) == 0x300
            || op is Simd.Pinsrw or Simd.Pshufd or Simd.Pshufhw or Simd.Pshuflw or Simd.Shufps or Simd.Shufpd;
        if ((int)op >> 16 != 0)
        {
            e.ShiftVector(op, 16, register, 3, 5);
        }
        else if (op is Simd.Pmovmskb or Simd.Movmskps or Simd.Movmskpd)
        {
            e.Vector(op, 16, 1, Rm.Xmm(register));
        }
        else if (IsUnary(op))
        {
            if (hasImmediate)
            {
                e.VectorImmediate(op, op is Simd.Permq or Simd.Extracti128 ? 32 : 16, register, operand, 1);
            }
            else
            {
                e.Vector(op, op == Simd.Broadcasti128 ? 32 : 16, register, operand);
            }
        }
        else if (hasImmediate)
        {
            e.Vector(op, op is Simd.Inserti128 or Simd.Perm2i128 ? 32 : 16, register, 7, operand, 0x10);
        }
        else
        {
            e.Vector(op, op == Simd.Permd ? 32 : 16, register, 7, operand);
        }
    }

    private static bool IsUnary(Simd op) =>
        op is (>= Simd.MovupsLoad and <= Simd.MovupsStore) or Simd.Movaps or Simd.MovssLoad
        or Simd.MovssStore or Simd.MovsdLoad or Simd.MovsdStore or Simd.MovdLoad or Simd.MovqLoad or Simd.MovdStore
        or Simd.MovqStore or Simd.Pextrb or Simd.Pextrw or Simd.Pextrd or Simd.Pextrq or Simd.Ucomis or Simd.Comis
            or Simd.Ptest
        or Simd.Cvtdq2pd or Simd.Cvtdq2ps or Simd.Cvtps2pd or Simd.Cvtpd2ps or Simd.Cvtps2dq or Simd.Cvttps2dq
            or Simd.Roundps or Simd.Roundpd
        or Simd.Cvtpd2dq or Simd.Cvttpd2dq
        or Simd.Broadcastb or Simd.Broadcastw or Simd.Broadcastd or Simd.Broadcastq or Simd.Broadcasti128
            or Simd.Extracti128
        or Simd.Permq or Simd.Pabsb or Simd.Pabsw or Simd.Pabsd or Simd.Pshufd or Simd.Pshufhw or Simd.Pshuflw
        or (>= Simd.Pmovsxbw and <= Simd.Pmovsxdq) or (>= Simd.Pmovzxbw and <= Simd.Pmovzxdq);

    private static Mnemonic NameOf(Simd op, string name) =>
        OtherNames.TryGetValue(op, out Mnemonic mnemonic) ? mnemonic
            : Enum.Parse<Mnemonic>("V" + (name.EndsWith("By", StringComparison.Ordinal) ? name[..^2] : name),
            ignoreCase: true);

    private static Instruction Encode(Action<Emitter> emit)
    {
        byte* code = stackalloc byte[32];
        var emitter = new Emitter { Position = code };
        emit(emitter);
        List<Instruction> read = Decode(code, emitter);
        read.Should().ContainSingle();
        return read[0];
    }

    private static List<Instruction> Decode(byte* code, Emitter emitter)
    {
        byte[] bytes = new Span<byte>(code, (int)(emitter.Position - code)).ToArray();
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(bytes), (ulong)code);
        List<Instruction> read = [];
        while (decoder.IP < (ulong)emitter.Position)
        {
            read.Add(decoder.Decode());
        }

        return read;
    }
}
