using LaKvm.Cpu;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>
/// Into blocks and out of them. A region may keep other guest registers in host registers than
/// <see cref="RegisterMap"/> says; who comes from outside of it exchanges them, and what leads out of it exchanges them
/// back.
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    /// <summary>
    /// Where the blocks of the region begin for jumps inside it, by instruction; 0 before they are emitted.
    /// </summary>
    private readonly nint[] _labels = new nint[CodeRegion.Capacity];

    /// <summary>The region's way to call the handler of the site in rsi.</summary>
    private byte* _callHandler;

    /// <summary>
    /// Where registers are exchanged, a handler is called through code that brings them in order around the call. It
    /// keeps its return address in the word that <see cref="Stubs"/> leave free on the stack, as the handler may not
    /// come back.
    /// </summary>
    private void PrepareCallHandler()
    {
        _callHandler = stubs.CallHandler;
        if (!_registers.IsUsual)
        {
            _callHandler = _e.Position;
            LeaveRegisters();
            _e.Pop(Rm.At(Reg.Rsp));
            _e.Call(stubs.CallHandler);
            EnterRegisters();
            _e.JumpIndirect(Rm.At(Reg.Rsp));
        }
    }

    private void EmitEntry(int start)
    {
        if (region.IsEntry(start))
        {
            if (_registers.IsUsual)
            {
                *CodePage.Entry(_page, start) = _e.Position;
                EmitLabel(start);
            }
            else if (start == region.Start)
            {
                EmitFirstEntry(start);
            }
            else
            {
                EmitLabel(start);
                _tails.Add(new(TailKind.Outside, null, start));
            }
        }

        int length = (_blockEnd - start) >> 2;
        _e.OpImmediate(Alu.Sub, Budget, length);
        _tails.Add(new(TailKind.Short, _e.JumpIf(Condition.Less, null), start, length));
    }

    /// <summary>The region's beginning needs no jump from the entry from outside to the one from inside.</summary>
    private void EmitFirstEntry(int start)
    {
        *CodePage.Entry(_page, start) = _e.Position;
        _tails.Add(new(TailKind.LeaveOutside, EmitCheck(), start, (int)Exit.Jump));
        EnterRegisters();
        if (region.IsTarget(start))
        {
            _e.JumpOver(CheckBytes);
            EmitLabel(start);
        }
    }

    private void EmitLabel(int start)
    {
        _labels[(start - region.Start) >> 2] = (nint)_e.Position;
        _tails.Add(new(TailKind.Leave, EmitCheck(), start, (int)Exit.Jump));
    }

    private byte* EmitCheck()
    {
        _e.OpImmediate(Alu.Cmp, Field(CpuState.AttentionOffset), 0, Width.W32);
        return _e.JumpIf(Condition.NotEqual, null);
    }

    /// <summary>The entry from outside of a block in the middle of the region.</summary>
    private void EmitOutsideEntry(int start)
    {
        *CodePage.Entry(_page, start) = _e.Position;
        byte* leave = EmitCheck();
        EnterRegisters();
        _ = _e.Jump(Label(start) + CheckBytes);
        _e.Patch(leave, _e.Position);
        EmitLeave(start, (int)Exit.Jump);
    }

    /// <summary>Brings the guest registers that the region keeps in host registers there.</summary>
    private void EnterRegisters()
    {
        foreach ((int usual, int kept, Reg host) in _registers.Exchanges)
        {
            _e.Store(InState(usual), host);
            _e.Mov(host, InState(kept));
        }
    }

    /// <summary>
    /// Brings the registers in order as they are between regions. Leaves rax, rcx, rdx and rsi alone.
    /// </summary>
    private void LeaveRegisters()
    {
        foreach ((int usual, int kept, Reg host) in _registers.Exchanges)
        {
            _e.Store(InState(kept), host);
            _e.Mov(host, InState(usual));
        }
    }

    /// <summary>Goes on behind the block: no control transfer, unless that is another page.</summary>
    private void FallThrough()
    {
        if (_blockEnd == PageBytes)
        {
            EmitFar(_blockEnd);
        }
        else if (_blockEnd == region.End)
        {
            LeaveRegisters();
            byte* entry = Translated(_blockEnd);
            byte* place = _e.Jump(entry == null ? null : entry + CheckBytes);
            if (entry == null)
            {
                _tails.Add(new(TailKind.FallEdge, place, _blockEnd));
            }
        }
        else if (region.IsEntry(_blockEnd))
        {
            _e.JumpOver(CheckBytes);
        }
    }

    /// <summary>A control transfer to <paramref name="target"/>, an offset from the page's beginning.</summary>
    private void GoTo(int target)
    {
        if ((uint)target >= PageBytes)
        {
            EmitFar(target);
        }
        else if (region.IsInside(target))
        {
            _tails.Add(new(TailKind.Inside, _e.Jump(null), target));
        }
        else
        {
            LeaveRegisters();
            _tails.Add(new(TailKind.TakenEdge, _e.Jump(null), target));
        }
    }

    /// <summary>As <see cref="GoTo"/>, on a condition.</summary>
    private void GoToIf(Condition condition, int target)
    {
        if (_copies > 1)
        {
            // It follows itself: who does not go on to the next copy leaves.
            AddLoopExit(_e.JumpIf((Condition)((int)condition ^ 1), null));
            return;
        }

        TailKind kind = (uint)target >= PageBytes ? TailKind.Far
            : region.IsInside(target) ? TailKind.Inside
            : _registers.IsUsual ? TailKind.TakenEdge
            : TailKind.LeavingEdge;
        _tails.Add(new(kind, _e.JumpIf(condition, null), target));
    }

    /// <summary>Leads a tail's jump to the code it is for, if there is some.</summary>
    private bool TryLead(in Tail tail)
    {
        byte* entry = tail.Kind switch
        {
            TailKind.Inside => Label(tail.Offset),
            TailKind.TakenEdge or TailKind.FallEdge => Translated(tail.Offset),
            _ => null,
        };
        if (entry != null)
        {
            _e.Patch((byte*)tail.Place, tail.Kind == TailKind.FallEdge ? entry + CheckBytes : entry);
        }

        return entry != null;
    }

    /// <summary>
    /// Has the jump at <paramref name="place"/>, if nothing is translated there yet, leave through a link.
    /// </summary>
    private void EmitLink(byte* place, int target, bool isTaken)
    {
        if (Translated(target) == null)
        {
            _e.Patch(place, _e.Position);
            EmitLeave(target, (int)Exit.FirstLink - links.Count);
            links.Add(new((nint)_page, target, (nint)place, isTaken));
        }
    }

    /// <summary>
    /// To an address in another page that is <paramref name="distance"/> from the beginning of this one.
    /// </summary>
    private void EmitFar(int distance)
    {
        _e.Mov(Reg.Rax, Field(CpuState.PcOffset));
        _e.OpImmediate(Alu.Add, Reg.Rax, distance);
        EmitJumpToRax();
    }

    /// <summary>
    /// To the virtual address in rax: the software TLB says in which page that is, the engine's word beside the entry
    /// where its translations are.
    /// </summary>
    private void EmitJumpToRax()
    {
        // rcx is 4 times the index: entries are 32 bytes, the engine's words behind them 8.
        LeaveRegisters();
        _e.Mov(Reg.Rcx, Reg.Rax);
        _e.ShiftImmediate(Shift.Shr, Reg.Rcx, 10);
        _e.OpImmediate(Alu.And, Reg.Rcx, (CpuState.SoftTlbEntries - 1) << 2, Width.W32);
        _e.Mov(Reg.Rdx, Field(CpuState.TlbOffset));
        _e.Mov(Reg.Rsi, Reg.Rax);
        _e.OpImmediate(Alu.And, Reg.Rsi, ~0xFFC);
        _e.Op(Alu.Cmp, Reg.Rsi, Rm.At(Reg.Rdx, Reg.Rcx, 3, SecondWayStubs.ExecuteTag));
        _ = _e.JumpIf(Condition.NotEqual, stubs.SecondWay.Jump);
        SecondWayStubs.EmitJumpToPage(_e, stubs.ExitAtAddress);
    }

    private void EmitLeave(int offset, int code)
    {
        _e.MovImmediate(Reg.Rax, (ulong)offset);
        _e.MovImmediate(Reg.Rdx, (uint)code);
        _ = _e.Jump(stubs.ExitAtOffset);
    }

    private byte* Label(int target) => (byte*)_labels[(target - region.Start) >> 2];

    private byte* Translated(int offset)
    {
        byte* entry = *CodePage.Entry(_page, offset);
        return entry == stubs.Resolve || entry == stubs.Breakpoint ? null : entry;
    }
}
