using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// A block of floating-point or vector code that branches to its own beginning is emitted several times in a row, so
/// that vector registers and the last operation go from one time to the next in host registers. Each copy begins with
/// the block's checks.
/// </summary>
internal sealed unsafe class LoopCopies(EmitContext context, Edges edges, LastOperations lastOperations)
{
    /// <summary>Instructions that copies may add to a region.</summary>
    public const int MaximumCopied = 64;

    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;
    private readonly List<int> _loopExits = [];

    /// <summary>Instructions that copies have added to the region.</summary>
    private int _copied;

    /// <summary>A region begins.</summary>
    public void Begin() => _copied = 0;

    /// <summary>How often the block at an offset is emitted.</summary>
    public int CopiesOf(int start)
    {
        ref readonly Instruction last = ref context.Region[context.BlockEnd - 4];
        int length = (context.BlockEnd - start) >> 2, copies = length <= 12 ? 4 : 2;
        bool followsItself = last.Opcode.Info().Flow == Flow.Branch
            && CodeRegion.Target(last, context.BlockEnd - 4) == start;
        if (!followsItself || !ComputesVectors(start) || _copied + (length * (copies - 1)) > MaximumCopied)
        {
            return 1;
        }

        _copied += length * (copies - 1);
        return copies;
    }

    private bool ComputesVectors(int start)
    {
        for (int at = start; at < context.BlockEnd; at += 4)
        {
            Opcode opcode = context.Region[at].Opcode;
            bool isInteger = context.Features.Avx2 && VectorTable.Of(opcode).Kind != VectorKind.None;
            if (isInteger || FpTable.Of(opcode).IsComputedBy(context.Features))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>The checks before the next copy: of attention, as the branch is taken, and of the budget.</summary>
    public void EmitAgain(int start)
    {
        AddLeave(new(TailKind.Leave, edges.EmitCheck(), start, (int)Exit.Jump));
        int length = (context.BlockEnd - start) >> 2;
        _e.OpImmediate(Alu.Sub, RegisterMap.Budget, length);
        AddLeave(new(TailKind.Short, _e.JumpIf(Condition.Less, null), start, length));
    }

    private void AddLeave(in Tail tail) => context.Tails.Add(tail with { At = context.Now });

    /// <summary>The jump at a place leaves the copies, to behind the last one.</summary>
    public void AddLoopExit(byte* place)
    {
        _loopExits.Add(context.Tails.Count);
        AddLeave(new(TailKind.LoopExit, place, context.Offset));
    }

    /// <summary>The exits of the copies lead to where the last one goes on.</summary>
    public void LandLoopExits()
    {
        foreach (int n in _loopExits)
        {
            context.Tails[n] = context.Tails[n] with { Resume = (nint)_e.Position };
        }

        _loopExits.Clear();
    }

    public void EmitLoopExit(in Tail tail)
    {
        lastOperations.EmitSave(tail.At.Facts.Last);
        _vectors.EmitSpill(tail.At.Vectors);
        _ = _e.Jump((byte*)tail.Resume);
    }
}
