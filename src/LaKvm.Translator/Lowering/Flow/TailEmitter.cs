using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>Emits what was left for behind the blocks.</summary>
internal sealed unsafe class TailEmitter(
    EmitContext context, Edges edges, Entries entries, FpuState fpu, GuestExits guestExits, GuestRegisters registers,
    Jumps jumps, LastOperations lastOperations, LoopCopies loops, SlowTails slowTails)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    /// <summary>Emits one, unless its jump can be led to code that is there.</summary>
    public void Emit(in Tail tail)
    {
        if (jumps.TryLead(tail))
        {
            return;
        }

        if (tail.Place != 0)
        {
            _e.Patch((byte*)tail.Place, _e.Position);
        }

        registers.Extend(tail.At.Facts.Narrow);
        switch (tail.Kind)
        {
            case TailKind.Slow:
                slowTails.EmitSlow(tail);
                break;
            case TailKind.FirstLook or TailKind.Look:
                slowTails.EmitLook(tail);
                break;
            case TailKind.SecondLook:
                slowTails.EmitSecondLook(tail);
                break;
            case TailKind.Begin:
                fpu.EmitBegin(tail);
                break;
            case TailKind.Interpret:
                fpu.EmitInterpretation(tail);
                break;
            case TailKind.Far:
                jumps.EmitFar(tail.Offset);
                break;
            case TailKind.GuestExit:
                guestExits.EmitGuestExit(tail);
                break;
            case TailKind.LoopExit:
                loops.EmitLoopExit(tail);
                break;
            case TailKind.Short:
                lastOperations.EmitSave(tail.At.Facts.Last);
                _vectors.EmitSpill(tail.At.Vectors);
                _e.OpImmediate(Alu.Add, Budget, tail.Code);
                edges.LeaveRegisters();
                edges.EmitLeave(tail.Offset, (int)Exit.Short);
                break;
            case TailKind.Leave:
                lastOperations.EmitSave(tail.At.Facts.Last);
                _vectors.EmitSpill(tail.At.Vectors);
                edges.LeaveRegisters();
                edges.EmitLeave(tail.Offset, tail.Code);
                break;
            case TailKind.LeaveOutside:
                edges.EmitLeave(tail.Offset, tail.Code);
                break;
            case TailKind.Outside:
                entries.EmitOutsideEntry(tail.Offset);
                break;
            case TailKind.LeavingEdge:
                edges.LeaveRegisters();
                jumps.EmitLink(_e.Jump(edges.Translated(tail.Offset)), tail.Offset, isTaken: true);
                break;
            default:
                jumps.EmitLink((byte*)tail.Place, tail.Offset, tail.Kind == TailKind.TakenEdge);
                break;
        }
    }
}
