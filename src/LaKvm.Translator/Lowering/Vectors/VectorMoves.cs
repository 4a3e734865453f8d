using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Vector instructions that have to do with general registers, flags and memory (manual vol. 2).</summary>
internal sealed unsafe class VectorMoves(
    EmitContext context, AccessLookup accesses, GuestRegisters registers, SlowPaths slowPaths, VectorOps ops)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    /// <summary>vreplgr2vr, vinsgr2vr.</summary>
    public void GprToElement(in Instruction i, in VectorRow row, int d)
    {
        if (row.Kind == VectorKind.FromGpr)
        {
            _e.Vector(row.Size == 3 ? Simd.MovqLoad : Simd.MovdLoad, 16, 0, registers.Of(i.J));
            _e.Vector(row.Op, ops.Width, d, Rm.Xmm(0));
            return;
        }

        int old = _vectors.Read(i.D, ops.Width), inLane = i.Imm & ((16 >> row.Size) - 1);
        if (ops.Width == 16)
        {
            _e.Vector(row.Op, 16, d, old, registers.Of(i.J), inLane);
        }
        else if (i.Imm == inLane)
        {
            _e.Vector(row.Op, 16, 0, old, registers.Of(i.J), inLane);
            _e.Vector(Simd.Pblendd, 32, d, old, Rm.Xmm(0), 0x0F);
        }
        else
        {
            _e.VectorImmediate(Simd.Extracti128, 32, old, Rm.Xmm(0), 1);
            _e.Vector(row.Op, 16, 0, 0, registers.Of(i.J), inLane);
            _e.Vector(Simd.Inserti128, 32, d, old, Rm.Xmm(0), 1);
        }
    }

    /// <summary>vpickve2gr.</summary>
    public void ElementToGpr(in Instruction i, in VectorRow row)
    {
        int j = Lane(i.J, i.Imm, row, out int inLane);
        if (i.D == 0)
        {
            return;
        }

        Reg to = registers.Target(i.D, -1);
        _e.VectorImmediate(row.Op, 16, j, to, inLane);
        if (!row.Has(VectorOptions.Unsigned))
        {
            switch (row.Size)
            {
                case 0: _e.SignExtend8(to, to); break;
                case 1: _e.SignExtend16(to, to); break;
                case 2: _e.SignExtend32(to, to); break;
            }
        }

        registers.Write(i.D, to);
    }

    /// <summary>A register with the lane of an element of a guest register, and where it is there.</summary>
    private int Lane(int guest, int element, in VectorRow row, out int inLane)
    {
        inLane = element & ((16 >> row.Size) - 1);
        if (element == inLane)
        {
            return _vectors.Read(guest, 16);
        }

        _e.VectorImmediate(Simd.Extracti128, 32, _vectors.Read(guest, 32), Rm.Xmm(0), 1);
        return 0;
    }

    public void SetFlag(in Instruction i, in VectorRow row)
    {
        int j = _vectors.Read(i.J, ops.Width);
        bool isWhole = row.Kind is VectorKind.SetZero or VectorKind.SetNotZero;
        if (!isWhole)
        {
            ops.Zero(0);
            ops.Op(row.Op, 0, 0, j);
            j = 0;
        }

        // Of elements, those that are 0 are ones now.
        _e.Vector(Simd.Ptest, ops.Width, j, Rm.Xmm(j));
        _e.SetIf(row.Kind is VectorKind.SetZero or VectorKind.SetAllNotZero
            ? Condition.Equal
            : Condition.NotEqual, Reg.Rax);
        _e.StoreSized(FpMoveEmitter.Flag(i.D), Reg.Rax, 1);
    }

    public void VectorMemory(in Instruction i, in VectorRow row)
    {
        switch (row.Kind)
        {
            case VectorKind.Load:
                Rm source = accesses.Translate(i, ops.Width, AccessLookup.ReadTag);
                int loaded = _vectors.Fresh();
                _e.LoadVector(ops.Width, loaded, source);
                _vectors.CommitResult(i, loaded, ops.Width);
                break;
            case VectorKind.Store:
                int stored = _vectors.Read(i.D, ops.Width);
                Rm target = accesses.Translate(i, ops.Width, AccessLookup.WriteTag);
                _e.StoreVector(ops.Width, target, stored);
                break;
            case VectorKind.LoadReplicated:
                Rm element = accesses.Translate(i, 1 << row.Size, AccessLookup.ReadTag);
                int d = _vectors.Fresh();
                _e.Vector(row.Op, ops.Width, d, element);
                _vectors.CommitResult(i, d, ops.Width);
                break;
            default:
                int from = Lane(i.D, i.A, row, out int inLane);
                Rm to = accesses.Translate(i, 1 << row.Size, AccessLookup.WriteTag);
                _e.VectorImmediate(row.Op, 16, from, to, inLane);
                break;
        }

        slowPaths.ResumeHere();
    }
}
