namespace LaKvm.Translator;

/// <summary>The tails that look an access up again, or call a handler, and resume.</summary>
internal sealed unsafe class SlowTails(
    EmitContext context, AccessLookup accesses, GuestRegisters registers, LastOperations lastOperations,
    SlowPaths slowPaths)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    /// <summary>Calls the handler and resumes.</summary>
    public void EmitSlow(in Tail tail)
    {
        lastOperations.EmitSave(tail.At.Facts.Last);
        _vectors.EmitSpill(tail.At.Vectors);
        slowPaths.EmitCall((Site*)tail.Site);
        if (tail.At.Facts.Ready != 0)
        {
            _e.MovImmediate(Reg.Rcx, (uint)tail.At.Facts.Ready);
            _e.Call(context.Stubs.Fp.Begin);
        }

        lastOperations.EmitRestore(tail.At.Facts.Last);
        _vectors.EmitReload(tail.ResumeVectors);
        if (tail.At.Facts.HasGroups)
        {
            _e.Op(Alu.Xor, Reg.Rsi, Reg.Rsi, Width.W32);
        }

        _ = _e.Jump((byte*)tail.Resume);
    }

    /// <summary>An access whose entry in the first way is another page's.</summary>
    public void EmitSecondLook(in Tail tail)
    {
        accesses.CallSecondWay(tail.Tag);
        _ = _e.JumpIf(Condition.Equal, (byte*)tail.Access);
        EmitSlow(tail);
    }

    /// <summary>An access of a group that has to look for itself.</summary>
    public void EmitLook(in Tail tail)
    {
        if (tail.Kind == TailKind.FirstLook)
        {
            accesses.CallSecondWay(tail.GroupTag);
            _ = _e.JumpIf(Condition.Equal, (byte*)tail.Found);
            if (tail.Second != 0)
            {
                _e.Patch((byte*)tail.Second, _e.Position);
                registers.Extend(tail.At.Facts.Narrow);
            }

            _e.Op(Alu.Xor, Reg.Rsi, Reg.Rsi, Width.W32);
        }

        accesses.EmitTlbEntry(accesses.AddressOf(context.Region[tail.Offset]), tail.Code);
        _e.Op(Alu.Cmp, Reg.Rax, Rm.At(Reg.Rcx, tail.Tag));
        byte* found = _e.JumpShort(Condition.Equal);
        accesses.CallSecondWay(tail.Tag);
        byte* slow = _e.JumpIf(Condition.NotEqual, null);
        _e.Land(found);
        _e.Mov(Reg.Rax, Rm.At(Reg.Rcx, AccessLookup.Addend));
        _ = _e.Jump((byte*)tail.Access);
        _e.Patch(slow, _e.Position);
        EmitSlow(tail);
    }
}
