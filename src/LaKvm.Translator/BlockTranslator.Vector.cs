using LaKvm.Cpu.Vectors;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <content>
/// Vector instructions that raise nothing (manual vol. 2), each in a row of <see cref="VectorTable"/>. xmm0 to xmm2 are
/// scratch, xmm3 holds an immediate as vector.
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    private const int ImmediateVector = 3;

    /// <summary>Width of the current vector instruction.</summary>
    private int _bytes;

    private bool Vector(in Instruction i)
    {
        VectorRow row = VectorTable.Of(i.Opcode);
        if (row.Kind == VectorKind.None || !features.Avx2
            || (row.Kind == VectorKind.Constant && !VectorConstant.Exists(i.Imm)))
        {
            return false;
        }

        CheckUnit(i);
        _bytes = row.Bytes;
        if (row.Kind >= VectorKind.Load)
        {
            VectorMemory(i, row);
        }
        else if (row.Kind >= VectorKind.SetZero)
        {
            SetFlag(i, row);
        }
        else if (row.Kind == VectorKind.ToGpr)
        {
            ElementToGpr(i, row);
        }
        else
        {
            int d = Lanes(i, row);
            Commit(i, d, _bytes);
        }

        return true;
    }

    /// <summary>
    /// Makes a result the guest's register; what computed its low <paramref name="bytes"/> bytes has cleared the host
    /// register above them, as all VEX encodings do.
    /// </summary>
    private void Commit(in Instruction i, int d, int bytes, bool isBoxed = false)
    {
        if (i.Opcode.Info().ClearsUpper)
        {
            _vectors.CommitWhole(i.D, d);
        }
        else
        {
            _vectors.Commit(i.D, d, bytes, isBoxed);
        }
    }

    /// <summary>Computes a result in a new register.</summary>
    private int Lanes(in Instruction i, in VectorRow row)
    {
        int j = row.Kind is VectorKind.Constant or VectorKind.FromGpr or VectorKind.InsertGpr
            ? 0
            : _vectors.Read(i.J, _bytes);
        int k = row.Has(VectorOptions.Immediate) ? Immediate(i, row) : ReadsK(row.Kind)
            ? _vectors.Read(i.K, _bytes) : 0;
        int old = ReadsD(row) ? _vectors.Read(
            row.Kind is VectorKind.BitSelect or VectorKind.ShuffleBytes ? i.A : i.D, _bytes) : 0;
        int d = _vectors.Fresh();
        switch (row.Kind)
        {
            case <= VectorKind.Minimum64: Simple(row, d, j, k); break;
            case <= VectorKind.AverageRounded: Average(row, d, j, k); break;
            case <= VectorKind.SaturatedDifference: SaturatedSum(row, d, j, k); break;
            case <= VectorKind.MultiplySubtract: Multiply(row, d, j, k, old); break;
            case <= VectorKind.RotateBy: ShiftElements(row, d, j, k, i.Imm); break;
            case <= VectorKind.BitSelectImmediate: Bits(i, row, d, j, k, old); break;
            case <= VectorKind.MaskNotZero: Mask(row, d, j); break;
            case VectorKind.FirstNegative: FirstNegative(i, row, d, j, old); break;
            case <= VectorKind.PickOdd: Interleave(row, d, j, k); break;
            case <= VectorKind.Constant: Permute(i, row, d, j, k, old); break;
            case <= VectorKind.ExtendHigh: Widen(i, row, d, j, k, old); break;
            case <= VectorKind.NarrowUnsigned: Narrow(i, row, d, j, k, old); break;
            case <= VectorKind.CountLeadingOnes: CountBits(row, d, j); break;
            case <= VectorKind.InsertLowest: BetweenLanes(i, row, d, j, k, old); break;
            default: GprToElement(i, row, d); break;
        }

        return d;
    }

    private static bool ReadsK(VectorKind kind) => kind is (<= VectorKind.MultiplySubtract and not VectorKind.Negate)
        or (>= VectorKind.ShiftLeftBy and <= VectorKind.BitInvert) or VectorKind.BitSelect
        or (>= VectorKind.PackEven and <= VectorKind.PickOdd) or VectorKind.ShuffleBytes or VectorKind.ShuffleElements
        or VectorKind.Widen or VectorKind.WidenQuad or (>= VectorKind.NarrowBy and <= VectorKind.NarrowByUnsigned)
            or VectorKind.PermuteAllWords;

    /// <summary>Whether the old value of d, or a, is an operand.</summary>
    private static bool ReadsD(in VectorRow row) => row.Kind is VectorKind.MultiplyAdd or VectorKind.MultiplySubtract
        or VectorKind.BitSelect or VectorKind.BitSelectImmediate or VectorKind.ShuffleDoubles or VectorKind.PermuteWords
        or VectorKind.ShuffleBytes or VectorKind.ShuffleElements or VectorKind.InsertElement or VectorKind.PermuteLanes
        or VectorKind.InsertLowest or VectorKind.FirstNegative
            or (>= VectorKind.Narrow and <= VectorKind.NarrowUnsigned) || row.Has(VectorOptions.Accumulate);

    /// <summary>The immediate in each element; for operations on one bit, that bit.</summary>
    private int Immediate(in Instruction i, in VectorRow row)
    {
        bool isBit = row.Kind is VectorKind.BitClear or VectorKind.BitSet or VectorKind.BitInvert;
        _e.LoadVector(_bytes, ImmediateVector, Each(row.Size, isBit ? 1UL << i.Imm : (ulong)i.Imm));
        return ImmediateVector;
    }

    /// <summary>A constant with a value in each element of 1 &lt;&lt; <paramref name="size"/> bytes.</summary>
    private Rm Each(int size, ulong value) => arena.Constant(size switch
    {
        0 => (byte)value * 0x0101_0101_0101_0101UL,
        1 => (ushort)value * 0x0001_0001_0001_0001UL,
        2 => (uint)value * 0x0000_0001_0000_0001UL,
        _ => value,
    });

    private void Op(Simd op, int d, int first, int second) => _e.Vector(op, _bytes, d, first, Rm.Xmm(second));

    private void Op(Simd op, int d, int first, Rm second) => _e.Vector(op, _bytes, d, first, second);

    private void By(Simd op, int d, int from, int count) => _e.ShiftVector(op, _bytes, d, from, count);

    private void Zero(int d) => Op(Simd.Pxor, d, d, d);

    private void Invert(int d, int from, int scratch)
    {
        Op(Simd.Pcmpeqd, scratch, scratch, scratch);
        Op(Simd.Pxor, d, from, scratch);
    }

    /// <summary>x, with the order of signed numbers where that of unsigned ones is meant.</summary>
    private int Ordered(in VectorRow row, int x, int scratch)
    {
        if (row.Kind is VectorKind.Maximum64 or VectorKind.Minimum64 && !row.Has(VectorOptions.Unsigned))
        {
            return x;
        }

        Op(Simd.Pxor, scratch, x, Each(row.Size, 1UL << (row.ElementBits - 1)));
        return scratch;
    }

    private void Simple(in VectorRow row, int d, int j, int k)
    {
        switch (row.Kind)
        {
            case VectorKind.Binary: Op(row.Op, d, j, k); break;
            case VectorKind.Reversed: Op(row.Op, d, k, j); break;
            case VectorKind.BinaryNot:
                Op(row.Op, d, j, k);
                Invert(d, d, 0);
                break;
            case VectorKind.OrNot:
                Invert(0, k, 0);
                Op(Simd.Por, d, j, 0);
                break;
            case VectorKind.Negate:
                Zero(0);
                Op(row.Op, d, 0, j);
                break;
            case VectorKind.AddAbsolute:
                _e.Vector(Simd.Pabsb + row.Size, _bytes, 0, Rm.Xmm(j));
                _e.Vector(Simd.Pabsb + row.Size, _bytes, 1, Rm.Xmm(k));
                Op(row.Op, d, 0, 1);
                break;
            case VectorKind.AbsoluteDifference:
                Op(Extremum(row, isMaximum: true), 0, j, k);
                Op(Extremum(row, isMaximum: false), 1, j, k);
                Op(row.Op, d, 0, 1);
                break;
            default: Order(row, d, j, k); break;
        }
    }

    private static Simd Extremum(in VectorRow row, bool isMaximum) => (row.Size, row.Has(VectorOptions.Unsigned)) switch
    {
        (0, false) => isMaximum ? Simd.Pmaxsb : Simd.Pminsb,
        (1, false) => isMaximum ? Simd.Pmaxsw : Simd.Pminsw,
        (2, false) => isMaximum ? Simd.Pmaxsd : Simd.Pminsd,
        (0, true) => isMaximum ? Simd.Pmaxub : Simd.Pminub,
        (1, true) => isMaximum ? Simd.Pmaxuw : Simd.Pminuw,
        _ => isMaximum ? Simd.Pmaxud : Simd.Pminud,
    };

    private void Order(in VectorRow row, int d, int j, int k)
    {
        if (row.Size == 3)
        {
            int x = Ordered(row, j, 0), y = Ordered(row, k, 1);
            switch (row.Kind)
            {
                case VectorKind.LessUnsigned:
                    Op(row.Op, d, y, x);
                    break;
                case VectorKind.LessEqualUnsigned:
                    Op(row.Op, d, x, y);
                    Invert(d, d, 0);
                    break;
                default:
                    bool isMaximum = row.Kind == VectorKind.Maximum64;
                    Op(row.Op, 2, x, y);
                    _e.Blend(Simd.Pblendvb, _bytes, d, isMaximum ? k : j, Rm.Xmm(isMaximum ? j : k), 2);
                    break;
            }

            return;
        }

        Op(row.Op, 0, j, k);
        bool isLess = row.Kind == VectorKind.LessUnsigned;
        Op(Simd.Pcmpeqb + row.Size, d, 0, isLess ? j : k);
        if (isLess)
        {
            Invert(d, d, 0);
        }
    }
}
