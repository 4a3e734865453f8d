using LaKvm.Cpu.Vectors;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// Vector instructions that raise nothing (manual vol. 2), each in a row of <see cref="VectorTable"/>.
/// </summary>
internal sealed unsafe class VectorEmitter
{
    private readonly EmitContext _context;
    private readonly FpuState _fpu;
    private readonly VectorOps _ops;
    private readonly VectorOrder _order;
    private readonly VectorSaturation _saturation;
    private readonly VectorProducts _products;
    private readonly VectorShifts _shifts;
    private readonly VectorBits _bits;
    private readonly VectorPermutations _permutations;
    private readonly VectorWidening _widening;
    private readonly VectorNarrowing _narrowing;
    private readonly VectorMoves _moves;
    private readonly Emitter _e;
    private readonly VectorCache _vectors;

    public VectorEmitter(
        EmitContext context, GuestRegisters registers, AccessLookup accesses, SlowPaths slowPaths, FpuState fpu)
    {
        _context = context;
        _e = context.Emitter;
        _vectors = context.Vectors;
        _fpu = fpu;
        _ops = new(context);
        _order = new(context, _ops);
        _saturation = new(context, _ops);
        _widening = new(context, _ops);
        _products = new(context, _ops, _widening);
        _shifts = new(context, _ops, _products);
        _bits = new(context, _ops, _saturation);
        _permutations = new(context, registers, _ops);
        _narrowing = new(context, _ops, _shifts);
        _moves = new(context, accesses, registers, slowPaths, _ops);
    }

    public bool Emit(in Instruction i)
    {
        VectorRow row = VectorTable.Of(i.Opcode);
        if (row.Kind == VectorKind.None || !_context.Features.Avx2
            || (row.Kind == VectorKind.Constant && !VectorConstant.Exists(i.Imm)))
        {
            return false;
        }

        _fpu.CheckUnit(i);
        _ops.Width = row.Bytes;
        if (row.Kind >= VectorKind.Load)
        {
            _moves.VectorMemory(i, row);
        }
        else if (row.Kind >= VectorKind.SetZero)
        {
            _moves.SetFlag(i, row);
        }
        else if (row.Kind == VectorKind.ToGpr)
        {
            _moves.ElementToGpr(i, row);
        }
        else
        {
            int d = Lanes(i, row);
            _vectors.CommitResult(i, d, _ops.Width);
        }

        return true;
    }

    /// <summary>Computes a result in a new register.</summary>
    private int Lanes(in Instruction i, in VectorRow row)
    {
        int j = row.Kind is VectorKind.Constant or VectorKind.FromGpr or VectorKind.InsertGpr
            ? 0
            : _vectors.Read(i.J, _ops.Width);
        int k = row.Has(VectorOptions.Immediate) ? Immediate(i, row) : ReadsK(row.Kind)
            ? _vectors.Read(i.K, _ops.Width) : 0;
        int old = ReadsD(row) ? _vectors.Read(
            row.Kind is VectorKind.BitSelect or VectorKind.ShuffleBytes ? i.A : i.D, _ops.Width) : 0;
        int d = _vectors.Fresh();
        switch (row.Kind)
        {
            case <= VectorKind.Minimum64: _order.Simple(row, d, j, k); break;
            case <= VectorKind.AverageRounded: _order.Average(row, d, j, k); break;
            case <= VectorKind.SaturatedDifference: _saturation.SaturatedSum(row, d, j, k); break;
            case <= VectorKind.MultiplySubtract: _products.Multiply(row, d, j, k, old); break;
            case <= VectorKind.RotateBy: _shifts.ShiftElements(row, d, j, k, i.Imm); break;
            case <= VectorKind.BitSelectImmediate: _bits.Bits(i, row, d, j, k, old); break;
            case <= VectorKind.MaskNotZero: _bits.Mask(row, d, j); break;
            case VectorKind.FirstNegative: _bits.FirstNegative(i, row, d, j, old); break;
            case <= VectorKind.PickOdd: _permutations.Interleave(row, d, j, k); break;
            case <= VectorKind.Constant: _permutations.Permute(i, row, d, j, k, old); break;
            case <= VectorKind.ExtendHigh: _widening.Widen(i, row, d, j, k, old); break;
            case <= VectorKind.NarrowUnsigned: _narrowing.Narrow(i, row, d, j, k, old); break;
            case <= VectorKind.CountLeadingOnes: _bits.CountBits(row, d, j); break;
            case <= VectorKind.InsertLowest: _permutations.BetweenLanes(i, row, d, j, k, old); break;
            default: _moves.GprToElement(i, row, d); break;
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
        _e.LoadVector(_ops.Width, VectorOps.ImmediateVector, _ops.Each(row.Size, isBit ? 1UL << i.Imm : (ulong)i.Imm));
        return VectorOps.ImmediateVector;
    }
}
