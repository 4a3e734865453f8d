using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <content>
/// Accesses that share a look into the software TLB. The first one looks for all, and leaves the difference of host and
/// guest address in rsi, which the others add; 0 there says that each has to look for itself. Nothing in a block can
/// end the translation between them: what would, is done where attention is looked for.
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    private const int NoGroup = -1;

    private readonly AccessPlan _plan = new();

    /// <summary>The group that rsi belongs to.</summary>
    private int _group = NoGroup;

    /// <summary>
    /// Emits the look of an access that is in a group; <paramref name="place"/> is where the access goes then.
    /// </summary>
    private bool TryGroup(in Instruction i, int size, int tag, out Rm place)
    {
        place = default;
        if (!_plan.TryGet(_offset, out int number, out AccessPlan.Group group))
        {
            return false;
        }

        if (group.First == _offset)
        {
            KeepGroup();
            EmitGroupLook(i, group, size, tag);
        }
        else
        {
            if (_group != number)
            {
                KeepGroup();
                _e.Mov(Reg.Rsi, Kept(number));
            }

            _e.Test(Reg.Rsi, Reg.Rsi);
            byte* alone = _e.JumpIf(Condition.Equal, null);
            _e.Mov(Reg.Rax, Reg.Rsi);
            AddLook(i, TailKind.Look, size, tag, alone);
        }

        _group = number;
        place = AccessPlace(i);
        return true;
    }

    /// <summary>Where an access goes whose difference is in rax; it may need rdx.</summary>
    private Rm AccessPlace(in Instruction i)
    {
        if (i.Opcode.Info().IsIndexed)
        {
            _e.Op(Alu.Add, Reg.Rax, Of(i.J));
            return Rm.At(Reg.Rax, Value(i.K, Reg.Rdx), 0);
        }

        return Rm.At(Value(i.J, Reg.Rdx), Reg.Rax, 0, i.Imm);
    }

    private static Rm Kept(int group) => Field(CpuState.AccessOffset + (group * sizeof(long)));

    /// <summary>Saves rsi for later accesses of its group.</summary>
    private void KeepGroup()
    {
        if (_group != NoGroup && _plan.GoesOn(_group, _offset))
        {
            _e.Store(Kept(_group), Reg.Rsi);
        }
    }

    /// <summary>For a range of bytes instead of one access.</summary>
    private void EmitGroupLook(in Instruction i, in AccessPlan.Group group, int size, int tag)
    {
        Rm address = group.Index >= 0 ? AddressOf(i) : Rm.At(Value(group.Base, Reg.Rdx), group.Low);
        int groupTag = group.Reads ? ReadTag : WriteTag;
        EmitTlbEntry(address, group.High - group.Low);
        _e.Op(Alu.Cmp, Reg.Rax, Rm.At(Reg.Rcx, groupTag));
        byte* alone = _e.JumpIf(Condition.NotEqual, null), found = _e.Position, second = null;
        if (group is { Reads: true, Writes: true })
        {
            _e.Op(Alu.Cmp, Reg.Rax, Rm.At(Reg.Rcx, WriteTag));
            second = _e.JumpIf(Condition.NotEqual, null);
        }

        _e.Mov(Reg.Rsi, Rm.At(Reg.Rcx, Addend));
        _e.Mov(Reg.Rax, Reg.Rsi);
        AddLook(i, TailKind.FirstLook, size, tag, alone, second);
        _tails[^1] = _tails[^1] with { GroupTag = groupTag, Found = (nint)found };
    }

    /// <summary>
    /// rcx = the entry of an address; rax = the page of the last of <paramref name="bytes"/> bytes, which cannot be one
    /// if the address is not aligned.
    /// </summary>
    private void EmitTlbEntry(Rm address, int bytes, int alignment = 1)
    {
        if (address.Displacement == 0)
        {
            _e.Mov(Reg.Rcx, address.Register);
        }
        else
        {
            _e.Lea(Reg.Rcx, address);
        }

        _e.Lea(Reg.Rax, address.Plus(bytes - 1));
        _e.ShiftImmediate(Shift.Shr, Reg.Rcx, 12 - CpuState.SoftTlbEntryShift);
        _e.OpImmediate(Alu.And, Reg.Rcx, (CpuState.SoftTlbEntries - 1) << CpuState.SoftTlbEntryShift, Width.W32);
        _e.Op(Alu.Add, Reg.Rcx, Field(CpuState.TlbOffset));
        _e.OpImmediate(Alu.And, Reg.Rax, ~0xFFF | (alignment - 1));
    }

    private void AddLook(in Instruction i, TailKind kind, int size, int tag, byte* place, byte* second = null)
    {
        AddSlowPath(place, i);
        _tails[^1] = _tails[^1] with { Kind = kind, Code = size, Tag = tag, Second = (nint)second,
            Access = (nint)_e.Position };
    }

    private void CallSecondWay(int tag) => _e.Call(tag == ReadTag ? stubs.SecondWay.Load : stubs.SecondWay.Store);

    /// <summary>An access whose entry in the first way is another page's.</summary>
    private void EmitSecondLook(in Tail tail)
    {
        CallSecondWay(tail.Tag);
        _ = _e.JumpIf(Condition.Equal, (byte*)tail.Access);
        EmitSlow(tail);
    }

    /// <summary>An access of a group that has to look for itself.</summary>
    private void EmitLook(in Tail tail)
    {
        if (tail.Kind == TailKind.FirstLook)
        {
            CallSecondWay(tail.GroupTag);
            _ = _e.JumpIf(Condition.Equal, (byte*)tail.Found);
            if (tail.Second != 0)
            {
                _e.Patch((byte*)tail.Second, _e.Position);
                Extend(tail.Narrow);
            }

            _e.Op(Alu.Xor, Reg.Rsi, Reg.Rsi, Width.W32);
        }

        EmitTlbEntry(AddressOf(region[tail.Offset]), tail.Code);
        _e.Op(Alu.Cmp, Reg.Rax, Rm.At(Reg.Rcx, tail.Tag));
        byte* found = _e.JumpShort(Condition.Equal);
        CallSecondWay(tail.Tag);
        byte* slow = _e.JumpIf(Condition.NotEqual, null);
        _e.Land(found);
        _e.Mov(Reg.Rax, Rm.At(Reg.Rcx, Addend));
        _ = _e.Jump((byte*)tail.Access);
        _e.Patch(slow, _e.Position);
        EmitSlow(tail);
    }
}
