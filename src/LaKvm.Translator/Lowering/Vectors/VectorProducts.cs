namespace LaKvm.Translator;

/// <summary>Products of vector elements (manual vol. 2).</summary>
internal sealed unsafe class VectorProducts(EmitContext context, VectorOps ops, VectorWidening widening)
{
    private readonly Emitter _e = context.Emitter;

    public void Multiply(in VectorRow row, int d, int j, int k, int old)
    {
        switch (row.Kind)
        {
            case VectorKind.Binary: ops.Op(row.Op, d, j, k); break;
            case VectorKind.MultiplyBytes:
                ops.Op(row.Op, 0, j, k);
                ops.Op(Simd.Pand, 0, 0, context.Constant(VectorOps.LowBytes));
                ops.By(Simd.PsrlwBy, 1, j, 8);
                ops.Op(Simd.Pand, 2, k, context.Constant(~VectorOps.LowBytes));
                ops.Op(row.Op, 1, 1, 2);
                ops.Op(Simd.Por, d, 0, 1);
                break;
            case VectorKind.Multiply64:
                ops.By(Simd.PsrlqBy, 0, j, 32);
                ops.Op(row.Op, 0, 0, k);
                ops.By(Simd.PsrlqBy, 1, k, 32);
                ops.Op(row.Op, 1, 1, j);
                ops.Op(Simd.Paddq, 0, 0, 1);
                ops.By(Simd.PsllqBy, 0, 0, 32);
                ops.Op(row.Op, d, j, k);
                ops.Op(Simd.Paddq, d, d, 0);
                break;
            case VectorKind.MultiplyHigh32:
                ops.By(Simd.PsrlqBy, 1, j, 32);
                ops.By(Simd.PsrlqBy, 2, k, 32);
                ops.Op(row.Op, 1, 1, 2);
                ops.Op(row.Op, 0, j, k);
                ops.By(Simd.PsrlqBy, 0, 0, 32);
                _e.Vector(Simd.Pblendd, ops.Width, d, 0, Rm.Xmm(1), 0xAA);
                break;
            case VectorKind.MultiplyHighBytes:
                bool isUnsigned = row.Has(VectorOptions.Unsigned);
                widening.Extend(row, d, j, isUnsigned, isOdd: false);
                widening.Extend(row, 1, k, isUnsigned, isOdd: false);
                ops.Op(row.Op, d, d, 1);
                ops.By(Simd.PsrlwBy, d, d, 8);
                widening.Extend(row, 0, j, isUnsigned, isOdd: true);
                widening.Extend(row, 1, k, isUnsigned, isOdd: true);
                ops.Op(row.Op, 0, 0, 1);
                ops.Op(Simd.Pand, 0, 0, context.Constant(~VectorOps.LowBytes));
                ops.Op(Simd.Por, d, d, 0);
                break;
            default:
                Multiply(row with { Kind = ProductOf(row.Size) }, d, j, k, old);
                bool isSum = row.Kind == VectorKind.MultiplyAdd;
                ops.Op(isSum ? VectorOps.AddOf(row.Size) : VectorOps.SubtractOf(row.Size), d, old, d);
                break;
        }
    }

    private static VectorKind ProductOf(int size) => size switch
    {
        0 => VectorKind.MultiplyBytes,
        3 => VectorKind.Multiply64,
        _ => VectorKind.Binary,
    };
}
