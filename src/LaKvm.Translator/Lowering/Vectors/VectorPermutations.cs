using LaKvm.Cpu.Vectors;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Choices of vector elements (manual vol. 2).</summary>
internal sealed unsafe class VectorPermutations(EmitContext context, GuestRegisters registers, VectorOps ops)
{
    private readonly Emitter _e = context.Emitter;

    public void Interleave(in VectorRow row, int d, int j, int k)
    {
        bool isOdd = row.Kind is VectorKind.PackOdd or VectorKind.PickOdd;
        if (row.Size == 3)
        {
            ops.Op(row.Op, d, k, j);
        }
        else if (row.Kind is VectorKind.PackEven or VectorKind.PackOdd)
        {
            // The elements of the one that are in the wrong place are shifted there, the others stay.
            ops.By(row.Op, 0, isOdd ? k : j, row.ElementBits);
            Merge(row.Size, d, isOdd ? 0 : k, isOdd ? j : 0);
        }
        else if (row.Size == 2)
        {
            _e.Vector(row.Op, ops.Width, d, k, Rm.Xmm(j), isOdd ? 0xDD : 0x88);
        }
        else
        {
            ops.Lower(row.Size, 0, k, isOdd);
            ops.Lower(row.Size, 1, j, isOdd);
            ops.Op(row.Op, d, 0, 1);
        }
    }

    /// <summary>d = even elements of one, odd elements of the other.</summary>
    private void Merge(int size, int d, int even, int odd)
    {
        switch (size)
        {
            case 0:
                ops.Op(Simd.Pand, 1, even, context.Constant(VectorOps.LowBytes));
                ops.Op(Simd.Pand, 2, odd, context.Constant(~VectorOps.LowBytes));
                ops.Op(Simd.Por, d, 1, 2);
                break;
            case 1:
                _e.Vector(Simd.Pblendw, ops.Width, d, even, Rm.Xmm(odd), VectorOps.OddPlaces);
                break;
            default:
                _e.Vector(Simd.Pblendd, ops.Width, d, even, Rm.Xmm(odd), VectorOps.OddPlaces);
                break;
        }
    }

    public void Permute(in Instruction i, in VectorRow row, int d, int j, int k, int old)
    {
        int imm = i.Imm, size = row.Size;
        switch (row.Kind)
        {
            case VectorKind.ShuffleFours: ShuffleFours(row, d, j, imm); break;
            case VectorKind.ShuffleDoubles:
                int places = (imm & 1) | ((imm >> 1) & 2);
                int low = (imm & 2) == 0 ? old : j, high = (imm & 8) == 0 ? old : j;
                _e.Vector(row.Op, ops.Width, d, low, Rm.Xmm(high), places | (places << 2));
                break;
            case VectorKind.PermuteWords: _e.Vector(row.Op, ops.Width, d, j, Rm.Xmm(old), imm); break;
            case VectorKind.ShuffleBytes:
                ops.By(Simd.PsllwBy, 0, old, 3);
                ops.Op(Simd.Pand, 1, old, ops.Each(0, 15));
                ops.Op(Simd.Pshufb, 2, k, 1);
                ops.Op(Simd.Pshufb, 1, j, 1);
                _e.Blend(Simd.Pblendvb, ops.Width, d, 2, Rm.Xmm(1), 0);
                break;
            case VectorKind.ShuffleElements: ShuffleElements(row, d, j, k, old); break;
            case VectorKind.ShiftBytesLeft or VectorKind.ShiftBytesRight: ops.By(row.Op, d, j, imm & 15); break;
            case VectorKind.Replicate: ops.Op(Simd.Pshufb, d, j, ops.Lane(n => ByteOf(size, imm, n))); break;
            case VectorKind.ReplicateBy: ReplicateBy(i, row, d, j); break;
            case VectorKind.InsertElement: InsertElement(row, d, j, old, imm); break;
            default: _e.LoadVector(ops.Width, d, context.Constant(VectorConstant.Expand(imm))); break;
        }
    }

    /// <summary>Number of byte <paramref name="n"/> of an element's copies, in the lane.</summary>
    private static int ByteOf(int size, int element, int n)
    {
        int bytes = 1 << size;
        return ((element & ((16 >> size) - 1)) << size) + (n & (bytes - 1));
    }

    private void ShuffleFours(in VectorRow row, int d, int j, int imm)
    {
        switch (row.Size)
        {
            case 0:
                ops.Op(Simd.Pshufb, d, j, ops.Lane(n => (n & ~3) + ((imm >> (2 * (n & 3))) & 3)));
                break;
            case 1:
                _e.VectorImmediate(Simd.Pshuflw, ops.Width, d, Rm.Xmm(j), imm);
                _e.VectorImmediate(Simd.Pshufhw, ops.Width, d, Rm.Xmm(d), imm);
                break;
            default:
                _e.VectorImmediate(Simd.Pshufd, ops.Width, d, Rm.Xmm(j), imm);
                break;
        }
    }

    /// <summary>Elements of d choose: their lower bits from k or j, and the bit above says which of the two.</summary>
    private void ShuffleElements(in VectorRow row, int d, int j, int k, int chooser)
    {
        switch (row.Size)
        {
            case 1:
                ops.Op(Simd.Pand, 0, chooser, ops.Each(1, 7));
                ops.Op(Simd.Pmullw, 0, 0, ops.Each(1, 0x0202));
                ops.Op(Simd.Paddw, 0, 0, ops.Each(1, 0x0100));
                ops.Op(Simd.Pshufb, 1, k, 0);
                ops.Op(Simd.Pshufb, 2, j, 0);
                ops.By(Simd.PsllwBy, 0, chooser, 12);
                ops.By(Simd.PsrawBy, 0, 0, 15);
                _e.Blend(Simd.Pblendvb, ops.Width, d, 1, Rm.Xmm(2), 0);
                break;
            case 2:
                ops.Op(row.Op, 0, k, chooser);
                ops.Op(row.Op, 1, j, chooser);
                ops.By(Simd.PslldBy, 2, chooser, 29);
                _e.Blend(Simd.Blendvps, ops.Width, d, 0, Rm.Xmm(1), 2);
                break;
            default:
                ops.By(Simd.PsllqBy, 2, chooser, 1);
                ops.Op(row.Op, 0, k, 2);
                ops.Op(row.Op, 1, j, 2);
                ops.By(Simd.PsllqBy, 2, chooser, 62);
                _e.Blend(Simd.Blendvpd, ops.Width, d, 0, Rm.Xmm(1), 2);
                break;
        }
    }

    private void ReplicateBy(in Instruction i, in VectorRow row, int d, int j)
    {
        int size = row.Size;
        _e.Mov(Reg.Rax, registers.Of(i.K), Width.W32);
        _e.OpImmediate(Alu.And, Reg.Rax, (16 >> size) - 1, Width.W32);
        if (size != 0)
        {
            _e.ShiftImmediate(Shift.Shl, Reg.Rax, size, Width.W32);
        }

        _e.Vector(Simd.MovdLoad, 16, 0, Reg.Rax);
        _e.Vector(Simd.Broadcastb, ops.Width, 0, Rm.Xmm(0));
        ops.Op(Simd.Paddb, 0, 0, ops.Lane(n => n & ((1 << size) - 1)));
        ops.Op(Simd.Pshufb, d, j, 0);
    }

    /// <summary>A shuffle brings the element to its place among zeros, which a hole in d takes.</summary>
    private void InsertElement(in VectorRow row, int d, int j, int old, int imm)
    {
        int size = row.Size, last = (16 >> size) - 1, to = (imm >> 4) & last;
        ops.Op(Simd.Pshufb, 0, j, ops.Lane(n => n >> size == to ? ByteOf(size, imm, n) : 0x80));
        ops.Op(Simd.Pand, d, old, ops.Lane(n => n >> size == to ? 0 : 0xFF));
        ops.Op(Simd.Por, d, d, 0);
    }

    public void BetweenLanes(in Instruction i, in VectorRow row, int d, int j, int k, int old)
    {
        switch (row.Kind)
        {
            case VectorKind.ExtendBoth or VectorKind.ReplicateLowest: _e.Vector(row.Op, 32, d, Rm.Xmm(j)); break;
            case VectorKind.PermuteAllWords: ops.Op(row.Op, d, k, j); break;
            case VectorKind.PermuteQuads: _e.VectorImmediate(row.Op, 32, d, Rm.Xmm(j), i.Imm); break;
            case VectorKind.PermuteLanes: _e.Vector(row.Op, 32, d, j, Rm.Xmm(old), i.Imm & 0x33); break;
            case VectorKind.ReplicateLowestLane: _e.Vector(row.Op, 32, d, j, Rm.Xmm(j), 0); break;
            case VectorKind.PickElement:
                if (row.Size == 2)
                {
                    _e.LoadVector(32, 0, context.Constant((uint)i.Imm & 7));
                    ops.Op(row.Op, 0, 0, j);
                }
                else
                {
                    _e.VectorImmediate(row.Op, 32, 0, Rm.Xmm(j), i.Imm & 3);
                }

                ops.Zero(1);
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
