using LaKvm.Isa;

namespace LaKvm.Translator;

/// <content>
/// A block of floating-point or vector code that branches to its own beginning is emitted several times in a row, so
/// that vector registers and the last operation go from one time to the next in host registers. Each copy begins with
/// the block's checks.
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    /// <summary>Instructions that copies may add to a region.</summary>
    private const int MaximumCopied = 64;

    private readonly List<int> _loopExits = [];

    /// <summary>Copies of the current block that are not finished, this one included.</summary>
    private int _copies;

    /// <summary>Instructions that copies have added to the region.</summary>
    private int _copied;

    private int CopiesOf(int start)
    {
        ref readonly Instruction last = ref region[_blockEnd - 4];
        int length = (_blockEnd - start) >> 2, copies = length <= 12 ? 4 : 2;
        bool followsItself = last.Opcode.Info().Flow == Flow.Branch && CodeRegion.Target(last, _blockEnd - 4) == start;
        if (!followsItself || !ComputesVectors(start) || _copied + (length * (copies - 1)) > MaximumCopied)
        {
            return 1;
        }

        _copied += length * (copies - 1);
        return copies;
    }

    private bool ComputesVectors(int start)
    {
        for (int at = start; at < _blockEnd; at += 4)
        {
            Opcode opcode = region[at].Opcode;
            bool isInteger = features.Avx2 && VectorTable.Of(opcode).Kind != VectorKind.None;
            if (isInteger || (FpTable.Of(opcode) is { Kind: not FpKind.None } row && CanCompute(row)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The checks before the next copy: of attention, as the branch is taken, and of the budget.</summary>
    private void EmitAgain(int start)
    {
        AddLeave(new(TailKind.Leave, EmitCheck(), start, (int)Exit.Jump));
        int length = (_blockEnd - start) >> 2;
        _e.OpImmediate(Alu.Sub, RegisterMap.Budget, length);
        AddLeave(new(TailKind.Short, _e.JumpIf(Condition.Less, null), start, length));
    }

    private void AddLeave(in Tail tail) =>
        _tails.Add(tail with { Held = _vectors.Now, Last = _last, Narrow = _narrow });

    private void AddLoopExit(byte* place)
    {
        _loopExits.Add(_tails.Count);
        AddLeave(new(TailKind.LoopExit, place, _offset));
    }

    /// <summary>The exits of the copies lead to where the last one goes on.</summary>
    private void LandLoopExits()
    {
        foreach (int n in _loopExits)
        {
            _tails[n] = _tails[n] with { Resume = (nint)_e.Position };
        }

        _loopExits.Clear();
    }

    private void EmitLoopExit(in Tail tail)
    {
        EmitSave(tail.Last);
        _vectors.EmitSpill(tail.Held);
        _ = _e.Jump((byte*)tail.Resume);
    }
}
