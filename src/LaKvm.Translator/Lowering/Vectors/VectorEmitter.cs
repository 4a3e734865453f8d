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
        switch (VectorShape.Of(row.Kind).Family)
        {
            case VectorFamily.Memory: _moves.VectorMemory(i, row); break;
            case VectorFamily.Flag: _moves.SetFlag(i, row); break;
            case VectorFamily.ToGpr: _moves.ElementToGpr(i, row); break;
            default: _vectors.CommitResult(i, Lanes(i, row), _ops.Width); break;
        }

        return true;
    }

    /// <summary>Computes a result in a new register.</summary>
    private int Lanes(in Instruction i, in VectorRow row)
    {
        (VectorFamily family, VectorReads reads) = VectorShape.Of(row.Kind);
        bool readsD = (reads & VectorReads.D) != 0 || row.Has(VectorOptions.Accumulate);
        int j = ReadIf((reads & VectorReads.J) != 0, i.J);
        int k = row.Has(VectorOptions.Immediate) ? Immediate(i, row) : ReadIf((reads & VectorReads.K) != 0, i.K);
        int old = (reads & VectorReads.A) != 0 ? _vectors.Read(i.A, _ops.Width) : ReadIf(readsD, i.D);
        int d = _vectors.Fresh();
        switch (family)
        {
            case VectorFamily.Order: _order.Simple(row, d, j, k); break;
            case VectorFamily.Average: _order.Average(row, d, j, k); break;
            case VectorFamily.Saturation: _saturation.SaturatedSum(row, d, j, k); break;
            case VectorFamily.Product: _products.Multiply(row, d, j, k, old); break;
            case VectorFamily.Shift: _shifts.ShiftElements(row, d, j, k, i.Imm); break;
            case VectorFamily.Bit: _bits.Bits(i, row, d, j, k, old); break;
            case VectorFamily.Mask: _bits.Mask(row, d, j); break;
            case VectorFamily.FirstNegative: _bits.FirstNegative(i, row, d, j, old); break;
            case VectorFamily.Interleaving: _permutations.Interleave(row, d, j, k); break;
            case VectorFamily.Permutation: _permutations.Permute(i, row, d, j, k, old); break;
            case VectorFamily.Widening: _widening.Widen(i, row, d, j, k, old); break;
            case VectorFamily.Narrowing: _narrowing.Narrow(i, row, d, j, k, old); break;
            case VectorFamily.Count: _bits.CountBits(row, d, j); break;
            case VectorFamily.BetweenLanes: _permutations.BetweenLanes(i, row, d, j, k, old); break;
            default: _moves.GprToElement(i, row, d); break;
        }

        return d;
    }

    private int ReadIf(bool isRead, int guest) => isRead ? _vectors.Read(guest, _ops.Width) : 0;

    /// <summary>The immediate in each element; for operations on one bit, that bit.</summary>
    private int Immediate(in Instruction i, in VectorRow row)
    {
        bool isBit = row.Kind is VectorKind.BitClear or VectorKind.BitSet or VectorKind.BitInvert;
        _e.LoadVector(_ops.Width, VectorOps.ImmediateVector, _ops.Each(row.Size, isBit ? 1UL << i.Imm : (ulong)i.Imm));
        return VectorOps.ImmediateVector;
    }
}
