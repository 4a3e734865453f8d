using LaKvm.Cpu;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>What leads out of blocks: to the next one, to others of the region, of the page, and elsewhere.</summary>
internal sealed unsafe class Jumps(EmitContext context, Edges edges, LoopCopies loops)
{
    private readonly Emitter _e = context.Emitter;

    /// <summary>Goes on behind the block: no control transfer, unless that is another page.</summary>
    public void FallThrough()
    {
        if (context.BlockEnd == CodePage.Bytes)
        {
            EmitFar(context.BlockEnd);
        }
        else if (context.BlockEnd == context.Region.End)
        {
            edges.LeaveRegisters();
            byte* entry = edges.Translated(context.BlockEnd);
            byte* place = _e.Jump(entry == null ? null : entry + EmitContext.CheckBytes);
            if (entry == null)
            {
                context.Tails.Add(new(TailKind.FallEdge, place, context.BlockEnd));
            }
        }
        else if (context.Region.IsEntry(context.BlockEnd))
        {
            _e.JumpOver(EmitContext.CheckBytes);
        }
    }

    /// <summary>A control transfer to <paramref name="target"/>, an offset from the page's beginning.</summary>
    public void GoTo(int target)
    {
        if ((uint)target >= CodePage.Bytes)
        {
            EmitFar(target);
        }
        else if (context.Region.IsInside(target))
        {
            context.Tails.Add(new(TailKind.Inside, _e.Jump(null), target));
        }
        else
        {
            edges.LeaveRegisters();
            context.Tails.Add(new(TailKind.TakenEdge, _e.Jump(null), target));
        }
    }

    /// <summary>As <see cref="GoTo"/>, on a condition.</summary>
    public void GoToIf(Condition condition, int target)
    {
        if (context.Copies > 1)
        {
            // It follows itself: who does not go on to the next copy leaves.
            loops.AddLoopExit(_e.JumpIf((Condition)((int)condition ^ 1), null));
            return;
        }

        TailKind kind = (uint)target >= CodePage.Bytes ? TailKind.Far
            : context.Region.IsInside(target) ? TailKind.Inside
            : context.Assignment.IsUsual ? TailKind.TakenEdge
            : TailKind.LeavingEdge;
        context.Tails.Add(new(kind, _e.JumpIf(condition, null), target));
    }

    /// <summary>Leads a tail's jump to the code it is for, if there is some.</summary>
    public bool TryLead(in Tail tail)
    {
        byte* entry = tail.Kind switch
        {
            TailKind.Inside => edges.Label(tail.Offset),
            TailKind.TakenEdge or TailKind.FallEdge => edges.Translated(tail.Offset),
            _ => null,
        };
        if (entry != null)
        {
            _e.Patch((byte*)tail.Place, tail.Kind == TailKind.FallEdge ? entry + EmitContext.CheckBytes : entry);
        }

        return entry != null;
    }

    /// <summary>
    /// Has the jump at <paramref name="place"/>, if nothing is translated there yet, leave through a link.
    /// </summary>
    public void EmitLink(byte* place, int target, bool isTaken)
    {
        if (edges.Translated(target) == null)
        {
            _e.Patch(place, _e.Position);
            edges.EmitLeave(target, (int)Exit.FirstLink - context.Links.Count);
            context.Links.Add(new((nint)context.Page, target, (nint)place, isTaken));
        }
    }

    /// <summary>
    /// To an address in another page that is <paramref name="distance"/> from the beginning of this one.
    /// </summary>
    public void EmitFar(int distance)
    {
        _e.Mov(Reg.Rax, Field(CpuState.PcOffset));
        _e.OpImmediate(Alu.Add, Reg.Rax, distance);
        EmitJumpToRax();
    }

    /// <summary>
    /// To the virtual address in rax: the software TLB says in which page that is, the engine's word beside the entry
    /// where its translations are.
    /// </summary>
    public void EmitJumpToRax()
    {
        // rcx is 4 times the index: entries are 32 bytes, the engine's words behind them 8.
        edges.LeaveRegisters();
        if (context.Features.Bmi2)
        {
            _e.RotateRight(Reg.Rcx, Reg.Rax, 10, Width.W64);
        }
        else
        {
            _e.Mov(Reg.Rcx, Reg.Rax);
            _e.ShiftImmediate(Shift.Shr, Reg.Rcx, 10);
        }

        _e.OpImmediate(Alu.And, Reg.Rcx, (CpuState.SoftTlbEntries - 1) << 2, Width.W32);
        _e.Mov(Reg.Rdx, Field(CpuState.TlbOffset));
        _e.Mov(Reg.Rsi, Reg.Rax);
        _e.OpImmediate(Alu.And, Reg.Rsi, ~0xFFC);
        _e.Op(Alu.Cmp, Reg.Rsi, Rm.At(Reg.Rdx, Reg.Rcx, 3, SecondWayStubs.ExecuteTag));
        _ = _e.JumpIf(Condition.NotEqual, context.Stubs.SecondWay.Jump);
        SecondWayStubs.EmitJumpToPage(_e, context.Stubs.ExitAtAddress);
    }
}
