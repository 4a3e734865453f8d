using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// What is between and behind the copies of a block (<see cref="LoopPass"/>). Each copy begins with the block's checks.
/// </summary>
internal sealed unsafe class LoopCopies(EmitContext context, Edges edges, LastOperations lastOperations)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;
    private readonly List<int> _loopExits = [];

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
