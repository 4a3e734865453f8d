using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Where loads and stores go: looks into the software TLB, by each access or by one for a group. The first one of a
/// group looks for all, and leaves the difference of host and guest address in rsi, which the others add; 0 there says
/// that each has to look for itself. Nothing in a block can end the translation between them: what would, is done where
/// attention is looked for.
/// </summary>
internal sealed unsafe class AccessLookup(EmitContext context, GuestRegisters registers, SlowPaths slowPaths)
{
    public const int ReadTag = SecondWayStubs.ReadTag, WriteTag = SecondWayStubs.WriteTag,
        Addend = SecondWayStubs.Addend;

    private readonly Emitter _e = context.Emitter;

    /// <summary>
    /// Emits the look of an access that is in a group; <paramref name="place"/> is where the access goes then.
    /// </summary>
    private bool TryGroup(in Instruction i, int size, int tag, out Rm place)
    {
        place = default;
        int number = context.Ir[context.Offset].Group;
        if (number == AccessGroups.None)
        {
            return false;
        }

        AccessGroup group = context.Ir.Groups[number];

        if (group.First == context.Offset)
        {
            KeepGroup();
            EmitGroupLook(i, group, size, tag);
        }
        else
        {
            if (context.Facts.Group != number)
            {
                KeepGroup();
                _e.Mov(Reg.Rsi, Kept(number));
            }

            _e.Test(Reg.Rsi, Reg.Rsi);
            byte* alone = _e.JumpIf(Condition.Equal, null);
            _e.Mov(Reg.Rax, Reg.Rsi);
            AddLook(i, TailKind.Look, size, tag, alone);
        }

        context.Facts.Group = number;
        place = AccessPlace(i);
        return true;
    }

    /// <summary>Where an access goes whose difference is in rax; it may need rdx.</summary>
    private Rm AccessPlace(in Instruction i)
    {
        if (i.Opcode.Info().IsIndexed)
        {
            _e.Op(Alu.Add, Reg.Rax, registers.Of(i.J));
            return Rm.At(Reg.Rax, registers.Value(i.K, Reg.Rdx), 0);
        }

        return Rm.At(registers.Value(i.J, Reg.Rdx), Reg.Rax, 0, i.Imm);
    }

    private Rm Kept(int group) => Field(CpuState.AccessOffset + (context.Ir.Groups[group].Slot * sizeof(long)));

    /// <summary>Whether there are more accesses of the group that rsi belongs to.</summary>
    public bool GoesOn => context.Facts.Group != AccessGroups.None
        && context.Ir.Groups[context.Facts.Group].Last > context.Offset;

    /// <summary>Saves rsi for later accesses of its group.</summary>
    public void KeepGroup()
    {
        if (GoesOn)
        {
            _e.Store(Kept(context.Facts.Group), Reg.Rsi);
        }
    }

    /// <summary>For a range of bytes instead of one access.</summary>
    private void EmitGroupLook(in Instruction i, in AccessGroup group, int size, int tag)
    {
        Rm address = group.Index >= 0 ? AddressOf(i) : Rm.At(registers.Value(group.Base, Reg.Rdx), group.Low);
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
        context.Tails[^1] = context.Tails[^1] with { GroupTag = groupTag, Found = (nint)found };
    }

    /// <summary>
    /// rcx = the entry of an address; rax = the page of the last of <paramref name="bytes"/> bytes, which cannot be one
    /// if the address is not aligned.
    /// </summary>
    public void EmitTlbEntry(Rm address, int bytes, int alignment = 1)
    {
        EmitTlbIndex(address, bytes - 1);
        _e.OpImmediate(Alu.And, Reg.Rcx, (CpuState.SoftTlbEntries - 1) << CpuState.SoftTlbEntryShift, Width.W32);
        _e.Op(Alu.Add, Reg.Rcx, Field(CpuState.TlbOffset));
        _e.OpImmediate(Alu.And, Reg.Rax, ~0xFFF | (alignment - 1));
    }

    /// <summary>
    /// rax = the address of the last byte; rcx = the index of an address, with bits above it; bits below it are none of
    /// the page's.
    /// </summary>
    private void EmitTlbIndex(Rm address, int last)
    {
        const int shift = 12 - CpuState.SoftTlbEntryShift;
        if (context.Features.Bmi2 && address.Displacement == 0)
        {
            _e.RotateRight(Reg.Rcx, address.Register, shift, Width.W64);
            EmitAddress(Reg.Rax, address.Plus(last));
        }
        else if (context.Features.Bmi2 && last == 0)
        {
            EmitAddress(Reg.Rax, address);
            _e.RotateRight(Reg.Rcx, Reg.Rax, shift, Width.W64);
        }
        else
        {
            EmitAddress(Reg.Rcx, address);
            EmitAddress(Reg.Rax, address.Plus(last));
            _e.ShiftImmediate(Shift.Shr, Reg.Rcx, shift);
        }
    }

    private void EmitAddress(Reg to, Rm address)
    {
        if (address.Displacement == 0)
        {
            _e.Mov(to, address.Register);
        }
        else
        {
            _e.Lea(to, address);
        }
    }

    private void AddLook(in Instruction i, TailKind kind, int size, int tag, byte* place, byte* second = null)
    {
        slowPaths.AddSlowPath(place, i);
        context.Tails[^1] = context.Tails[^1] with { Kind = kind, Code = size, Tag = tag, Second = (nint)second,
            Access = (nint)_e.Position };
    }

    /// <summary>Looks into the second way for what the first one does not have.</summary>
    public void CallSecondWay(int tag) =>
        _e.Call(tag == ReadTag ? context.Stubs.SecondWay.Load : context.Stubs.SecondWay.Store);

    /// <summary>
    /// Looks the address of an access up in the software TLB: returns where it is in the host, or takes the slow path,
    /// which <paramref name="aligned"/> has it take for unaligned addresses too. The place may need rax and rdx; rcx is
    /// free.
    /// </summary>
    public Rm Translate(in Instruction i, int size, int tag, bool aligned = false)
    {
        if (TryGroup(i, size, tag, out Rm place))
        {
            return place;
        }

        Rm address = AddressOf(i);
        EmitTlbEntry(address, aligned ? 1 : size, aligned ? size : 1);
        _e.Op(Alu.Cmp, Reg.Rax, Rm.At(Reg.Rcx, tag));
        AddLook(i, TailKind.SecondLook, size, tag, _e.JumpIf(Condition.NotEqual, null));
        _e.Mov(Reg.Rax, Rm.At(Reg.Rcx, Addend));
        return Rm.At(address.Register, Reg.Rax, 0, address.Displacement);
    }

    /// <summary>The virtual address of an access, as a register, rdx if there is none, and a displacement.</summary>
    public Rm AddressOf(in Instruction i)
    {
        if (i.Opcode.Info().IsIndexed)
        {
            Address(i, Reg.Rdx);
            return Rm.At(Reg.Rdx);
        }

        return Rm.At(registers.Value(i.J, Reg.Rdx), i.Imm);
    }

    /// <summary>Computes the virtual address of an access, or of an indirect jump.</summary>
    public void Address(in Instruction i, Reg to)
    {
        if (i.Opcode.Info().IsIndexed)
        {
            if (registers.TryGet(i.J, out Reg left) && registers.TryGet(i.K, out Reg right))
            {
                _e.Lea(to, Rm.At(left, right, 0));
                return;
            }

            _e.Mov(to, registers.Of(i.J));
            _e.Op(Alu.Add, to, registers.Of(i.K));
        }
        else if (registers.TryGet(i.J, out Reg j) && i.Imm != 0)
        {
            _e.Lea(to, Rm.At(j, i.Imm));
        }
        else
        {
            _e.Mov(to, registers.Of(i.J));
            if (i.Imm != 0)
            {
                _e.OpImmediate(Alu.Add, to, i.Imm);
            }
        }
    }
}
