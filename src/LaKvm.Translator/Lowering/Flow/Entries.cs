using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>The ways into blocks: from outside of the region, from inside, and from the block before.</summary>
internal sealed unsafe class Entries(EmitContext context, Edges edges)
{
    private readonly Emitter _e = context.Emitter;

    /// <summary>Emits the beginning of a block: its checks, which take all its instructions from the budget.</summary>
    public void EmitEntry(int start)
    {
        if (context.Region.IsEntry(start))
        {
            if (context.Assignment.IsUsual)
            {
                *CodePage.Entry(context.Page, start) = _e.Position;
                EmitLabel(start);
            }
            else if (start == context.Region.Start)
            {
                EmitFirstEntry(start);
            }
            else
            {
                EmitLabel(start);
                context.Tails.Add(new(TailKind.Outside, null, start));
            }
        }

        int length = (context.BlockEnd - start) >> 2;
        _e.OpImmediate(Alu.Sub, Budget, length);
        context.Tails.Add(new(TailKind.Short, _e.JumpIf(Condition.Less, null), start, length));
    }

    /// <summary>The region's beginning needs no jump from the entry from outside to the one from inside.</summary>
    private void EmitFirstEntry(int start)
    {
        *CodePage.Entry(context.Page, start) = _e.Position;
        context.Tails.Add(new(TailKind.LeaveOutside, edges.EmitCheck(), start, (int)Exit.Jump));
        edges.EnterRegisters();
        if (context.Region.IsTarget(start))
        {
            _e.JumpOver(EmitContext.CheckBytes);
            EmitLabel(start);
        }
    }

    private void EmitLabel(int start)
    {
        edges.Land(start);
        context.Tails.Add(new(TailKind.Leave, edges.EmitCheck(), start, (int)Exit.Jump));
    }

    /// <summary>The entry from outside of a block in the middle of the region.</summary>
    public void EmitOutsideEntry(int start)
    {
        *CodePage.Entry(context.Page, start) = _e.Position;
        byte* leave = edges.EmitCheck();
        edges.EnterRegisters();
        _ = _e.Jump(edges.Label(start) + EmitContext.CheckBytes);
        _e.Patch(leave, _e.Position);
        edges.EmitLeave(start, (int)Exit.Jump);
    }
}
