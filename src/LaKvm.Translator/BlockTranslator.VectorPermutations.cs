using LaKvm.Cpu.Vectors;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>Choices of vector elements (manual vol. 2).</content>
internal sealed unsafe partial class BlockTranslator
{
    private const int OddPlaces = 0xAA;

    private void Interleave(in VectorRow row, int d, int j, int k)
    {
        bool isOdd = row.Kind is VectorKind.PackOdd or VectorKind.PickOdd;
        if (row.Size == 3)
        {
            Op(row.Op, d, k, j);
        }
        else if (row.Kind is VectorKind.PackEven or VectorKind.PackOdd)
        {
            // The elements of the one that are in the wrong place are shifted there, the others stay.
            By(row.Op, 0, isOdd ? k : j, row.ElementBits);
            Merge(row.Size, d, isOdd ? 0 : k, isOdd ? j : 0);
        }
        else if (row.Size == 2)
        {
            _e.Vector(row.Op, _bytes, d, k, Rm.Xmm(j), isOdd ? 0xDD : 0x88);
        }
        else
        {
            Lower(row.Size, 0, k, isOdd);
            Lower(row.Size, 1, j, isOdd);
            Op(row.Op, d, 0, 1);
        }
    }

    /// <summary>d = even elements of one, odd elements of the other.</summary>
    private void Merge(int size, int d, int even, int odd)
    {
        switch (size)
        {
            case 0:
                Op(Simd.Pand, 1, even, arena.Constant(LowBytes));
                Op(Simd.Pand, 2, odd, arena.Constant(~LowBytes));
                Op(Simd.Por, d, 1, 2);
                break;
            case 1:
                _e.Vector(Simd.Pblendw, _bytes, d, even, Rm.Xmm(odd), OddPlaces);
                break;
            default:
                _e.Vector(Simd.Pblendd, _bytes, d, even, Rm.Xmm(odd), OddPlaces);
                break;
        }
    }

    /// <summary>d = even or odd bytes or halves, zero-extended.</summary>
    private void Lower(int size, int d, int from, bool isOdd)
    {
        if (isOdd)
        {
            By(size == 0 ? Simd.PsrlwBy : Simd.PsrldBy, d, from, 8 << size);
        }
        else
        {
            Op(Simd.Pand, d, from, arena.Constant(size == 0 ? LowBytes : LowHalves));
        }
    }

    private void Permute(in Instruction i, in VectorRow row, int d, int j, int k, int old)
    {
        int imm = i.Imm, size = row.Size;
        switch (row.Kind)
        {
            case VectorKind.ShuffleFours: ShuffleFours(row, d, j, imm); break;
            case VectorKind.ShuffleDoubles:
                int places = (imm & 1) | ((imm >> 1) & 2);
                int low = (imm & 2) == 0 ? old : j, high = (imm & 8) == 0 ? old : j;
                _e.Vector(row.Op, _bytes, d, low, Rm.Xmm(high), places | (places << 2));
                break;
            case VectorKind.PermuteWords: _e.Vector(row.Op, _bytes, d, j, Rm.Xmm(old), imm); break;
            case VectorKind.ShuffleBytes:
                By(Simd.PsllwBy, 0, old, 3);
                Op(Simd.Pand, 1, old, Each(0, 15));
                Op(Simd.Pshufb, 2, k, 1);
                Op(Simd.Pshufb, 1, j, 1);
                _e.Blend(Simd.Pblendvb, _bytes, d, 2, Rm.Xmm(1), 0);
                break;
            case VectorKind.ShuffleElements: ShuffleElements(row, d, j, k, old); break;
            case VectorKind.ShiftBytesLeft or VectorKind.ShiftBytesRight: By(row.Op, d, j, imm & 15); break;
            case VectorKind.Replicate: Op(Simd.Pshufb, d, j, Bytes(n => ByteOf(size, imm, n))); break;
            case VectorKind.ReplicateBy: ReplicateBy(i, row, d, j); break;
            case VectorKind.InsertElement: InsertElement(row, d, j, old, imm); break;
            default: _e.LoadVector(_bytes, d, arena.Constant(VectorConstant.Expand(imm))); break;
        }
    }

    /// <summary>Number of byte <paramref name="n"/> of an element's copies, in the lane.</summary>
    private static int ByteOf(int size, int element, int n)
    {
        int bytes = 1 << size;
        return ((element & ((16 >> size) - 1)) << size) + (n & (bytes - 1));
    }

    /// <summary>A constant lane, byte by byte.</summary>
    private Rm Bytes(Func<int, int> byteAt)
    {
        ulong low = 0, high = 0;
        for (int n = 0; n < 8; n++)
        {
            low |= (ulong)(byte)byteAt(n) << (8 * n);
            high |= (ulong)(byte)byteAt(n + 8) << (8 * n);
        }

        return arena.Constant(low, high);
    }

    private void ShuffleFours(in VectorRow row, int d, int j, int imm)
    {
        switch (row.Size)
        {
            case 0:
                Op(Simd.Pshufb, d, j, Bytes(n => (n & ~3) + ((imm >> (2 * (n & 3))) & 3)));
                break;
            case 1:
                _e.VectorImmediate(Simd.Pshuflw, _bytes, d, Rm.Xmm(j), imm);
                _e.VectorImmediate(Simd.Pshufhw, _bytes, d, Rm.Xmm(d), imm);
                break;
            default:
                _e.VectorImmediate(Simd.Pshufd, _bytes, d, Rm.Xmm(j), imm);
                break;
        }
    }

    /// <summary>Elements of d choose: their lower bits from k or j, and the bit above says which of the two.</summary>
    private void ShuffleElements(in VectorRow row, int d, int j, int k, int chooser)
    {
        switch (row.Size)
        {
            case 1:
                Op(Simd.Pand, 0, chooser, Each(1, 7));
                Op(Simd.Pmullw, 0, 0, Each(1, 0x0202));
                Op(Simd.Paddw, 0, 0, Each(1, 0x0100));
                Op(Simd.Pshufb, 1, k, 0);
                Op(Simd.Pshufb, 2, j, 0);
                By(Simd.PsllwBy, 0, chooser, 12);
                By(Simd.PsrawBy, 0, 0, 15);
                _e.Blend(Simd.Pblendvb, _bytes, d, 1, Rm.Xmm(2), 0);
                break;
            case 2:
                Op(row.Op, 0, k, chooser);
                Op(row.Op, 1, j, chooser);
                By(Simd.PslldBy, 2, chooser, 29);
                _e.Blend(Simd.Blendvps, _bytes, d, 0, Rm.Xmm(1), 2);
                break;
            default:
                By(Simd.PsllqBy, 2, chooser, 1);
                Op(row.Op, 0, k, 2);
                Op(row.Op, 1, j, 2);
                By(Simd.PsllqBy, 2, chooser, 62);
                _e.Blend(Simd.Blendvpd, _bytes, d, 0, Rm.Xmm(1), 2);
                break;
        }
    }

    private void ReplicateBy(in Instruction i, in VectorRow row, int d, int j)
    {
        int size = row.Size;
        _e.Mov(Reg.Rax, Of(i.K), Width.W32);
        _e.OpImmediate(Alu.And, Reg.Rax, (16 >> size) - 1, Width.W32);
        if (size != 0)
        {
            _e.ShiftImmediate(Shift.Shl, Reg.Rax, size, Width.W32);
        }

        _e.Vector(Simd.MovdLoad, 16, 0, Reg.Rax);
        _e.Vector(Simd.Broadcastb, _bytes, 0, Rm.Xmm(0));
        Op(Simd.Paddb, 0, 0, Bytes(n => n & ((1 << size) - 1)));
        Op(Simd.Pshufb, d, j, 0);
    }

    /// <summary>A shuffle brings the element to its place among zeros, which a hole in d takes.</summary>
    private void InsertElement(in VectorRow row, int d, int j, int old, int imm)
    {
        int size = row.Size, last = (16 >> size) - 1, to = (imm >> 4) & last;
        Op(Simd.Pshufb, 0, j, Bytes(n => n >> size == to ? ByteOf(size, imm, n) : 0x80));
        Op(Simd.Pand, d, old, Bytes(n => n >> size == to ? 0 : 0xFF));
        Op(Simd.Por, d, d, 0);
    }

    private void BetweenLanes(in Instruction i, in VectorRow row, int d, int j, int k, int old)
    {
        switch (row.Kind)
        {
            case VectorKind.ExtendBoth or VectorKind.ReplicateLowest: _e.Vector(row.Op, 32, d, Rm.Xmm(j)); break;
            case VectorKind.PermuteAllWords: Op(row.Op, d, k, j); break;
            case VectorKind.PermuteQuads: _e.VectorImmediate(row.Op, 32, d, Rm.Xmm(j), i.Imm); break;
            case VectorKind.PermuteLanes: _e.Vector(row.Op, 32, d, j, Rm.Xmm(old), i.Imm & 0x33); break;
            case VectorKind.ReplicateLowestLane: _e.Vector(row.Op, 32, d, j, Rm.Xmm(j), 0); break;
            case VectorKind.PickElement:
                if (row.Size == 2)
                {
                    _e.LoadVector(32, 0, arena.Constant((uint)i.Imm & 7));
                    Op(row.Op, 0, 0, j);
                }
                else
                {
                    _e.VectorImmediate(row.Op, 32, 0, Rm.Xmm(j), i.Imm & 3);
                }

                Zero(1);
                _e.Vector(Simd.Pblendd, 32, d, 1, Rm.Xmm(0), row.Size == 2 ? 1 : 3);
                break;
            default:
                _e.Vector(row.Op, 32, 0, Rm.Xmm(j));
                _e.Vector(Simd.Pblendd, 32, d, old, Rm.Xmm(0), row.Size == 2
                    ? 1 << (i.Imm & 7)
                    : 3 << (2 * (i.Imm & 3)));
                break;
        }
    }
}
