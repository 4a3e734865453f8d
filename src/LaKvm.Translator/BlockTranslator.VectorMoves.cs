using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>Vector instructions that have to do with general registers, flags and memory (manual vol. 2).</content>
internal sealed unsafe partial class BlockTranslator
{
    /// <summary>vreplgr2vr, vinsgr2vr.</summary>
    private void GprToElement(in Instruction i, in VectorRow row, int d)
    {
        if (row.Kind == VectorKind.FromGpr)
        {
            _e.Vector(row.Size == 3 ? Simd.MovqLoad : Simd.MovdLoad, 16, 0, Of(i.J));
            _e.Vector(row.Op, _bytes, d, Rm.Xmm(0));
            return;
        }

        int old = _vectors.Read(i.D, _bytes), inLane = i.Imm & ((16 >> row.Size) - 1);
        if (_bytes == 16)
        {
            _e.Vector(row.Op, 16, d, old, Of(i.J), inLane);
        }
        else if (i.Imm == inLane)
        {
            _e.Vector(row.Op, 16, 0, old, Of(i.J), inLane);
            _e.Vector(Simd.Pblendd, 32, d, old, Rm.Xmm(0), 0x0F);
        }
        else
        {
            _e.VectorImmediate(Simd.Extracti128, 32, old, Rm.Xmm(0), 1);
            _e.Vector(row.Op, 16, 0, 0, Of(i.J), inLane);
            _e.Vector(Simd.Inserti128, 32, d, old, Rm.Xmm(0), 1);
        }
    }

    /// <summary>vpickve2gr.</summary>
    private void ElementToGpr(in Instruction i, in VectorRow row)
    {
        int j = Lane(i.J, i.Imm, row, out int inLane);
        if (i.D == 0)
        {
            return;
        }

        Reg to = Target(i.D, -1);
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

        Write(i.D, to);
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

    private void SetFlag(in Instruction i, in VectorRow row)
    {
        int j = _vectors.Read(i.J, _bytes);
        bool isWhole = row.Kind is VectorKind.SetZero or VectorKind.SetNotZero;
        if (!isWhole)
        {
            Zero(0);
            Op(row.Op, 0, 0, j);
            j = 0;
        }

        // Of elements, those that are 0 are ones now.
        _e.Vector(Simd.Ptest, _bytes, j, Rm.Xmm(j));
        _e.SetIf(row.Kind is VectorKind.SetZero or VectorKind.SetAllNotZero
            ? Condition.Equal
            : Condition.NotEqual, Reg.Rax);
        _e.StoreSized(Flag(i.D), Reg.Rax, 1);
    }

    private void VectorMemory(in Instruction i, in VectorRow row)
    {
        switch (row.Kind)
        {
            case VectorKind.Load:
                Rm source = Translate(i, _bytes, ReadTag);
                int loaded = _vectors.Fresh();
                _e.LoadVector(_bytes, loaded, source);
                Commit(i, loaded, _bytes);
                break;
            case VectorKind.Store:
                int stored = _vectors.Read(i.D, _bytes);
                Rm target = Translate(i, _bytes, WriteTag);
                _e.StoreVector(_bytes, target, stored);
                break;
            case VectorKind.LoadReplicated:
                Rm element = Translate(i, 1 << row.Size, ReadTag);
                int d = _vectors.Fresh();
                _e.Vector(row.Op, _bytes, d, element);
                Commit(i, d, _bytes);
                break;
            default:
                int from = Lane(i.D, i.A, row, out int inLane);
                Rm to = Translate(i, 1 << row.Size, WriteTag);
                _e.VectorImmediate(row.Op, 16, from, to, inLane);
                break;
        }

        ResumeHere();
    }
}
