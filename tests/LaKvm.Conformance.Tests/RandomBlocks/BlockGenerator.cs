using LaKvm.Isa;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>What a block is made of.</summary>
public enum BlockKind
{
    /// <summary>Integer and scalar floating-point instructions.</summary>
    Scalar,

    /// <summary>Mostly LSX and LASX instructions.</summary>
    Vector,
}

/// <summary>
/// Makes random blocks. A block is a sequence of items of one to a few instructions; branches lead to the beginning of
/// items, forward except for loops with a counter.
/// </summary>
internal sealed partial class BlockGenerator(BlockKind kind)
{
    private readonly record struct Jump(int At, int Origin, int TargetItem);

    private readonly Registers _registers = new();
    private readonly List<Jump> _jumps = [];
    private Rng _rng = new(0);
    private Block _block = new();
    private List<int> _items = [];
    private bool _singles, _mixesVectors, _hasLinked;
    private int _loopEnd = -1, _loopStart;

    /// <summary>Makes the block of a seed, for a place of a batch and an address.</summary>
    public void Make(Block block, ulong seed, int window, ulong address)
    {
        (_block, _rng, _hasLinked, _loopEnd) = (block, new Rng(seed), false, -1);
        (block.Seed, block.Window) = (seed, window);
        block.Code.Clear();
        _items = block.Items;
        _items.Clear();
        _jumps.Clear();
        _registers.Choose(_rng);
        _singles = _rng.Once(2);
        _mixesVectors = _rng.Once(2);
        ChooseState(address);
        int length = 5 + _rng.Below(26);
        while (block.Code.Count < length || _loopEnd >= 0)
        {
            _items.Add(block.Code.Count);
            Item();
        }

        _items.Add(block.Code.Count);
        Link();
    }

    /// <summary>Lets the jumps lead to where their items are.</summary>
    private void Link()
    {
        foreach (Jump jump in _jumps)
        {
            int target = _items[Math.Min(jump.TargetItem, _items.Count - 1)];
            uint word = _block.Code[jump.At];
            OpcodeInfo info = Decoder.Find(word).Info();
            Operand offset = info.OperandAt(info.OperandCount - 1);
            _block.Code[jump.At] = Words.With(word, offset, (target - jump.Origin) * 4);
        }
    }

    private void Item()
    {
        if (_loopEnd >= 0 && _items.Count > _loopEnd)
        {
            EndLoop();
            return;
        }

        if (kind == BlockKind.Scalar)
        {
            ScalarItem(_rng.Below(100));
        }
        else
        {
            VectorItem(_rng.Below(100));
        }
    }

    private void ScalarItem(int choice)
    {
        switch (choice)
        {
            case < 38: Emit(_rng.Pick<Opcode>(RowLists.Integer)); break;
            case < 53: EmitAccess(_rng.Pick<Opcode>(RowLists.IntegerAccess)); break;
            case < 74: Emit(_rng.Pick<Opcode>(RowLists.Float)); break;
            case < 79: EmitAccess(_rng.Pick<Opcode>(RowLists.FloatAccess)); break;
            default: CommonItem(_rng.Below(20)); break;
        }
    }

    private void VectorItem(int choice)
    {
        switch (choice)
        {
            case < 35: Emit(_rng.Pick<Opcode>(RowLists.Lsx)); break;
            case < 65: Emit(_rng.Pick<Opcode>(_mixesVectors ? RowLists.Lasx : RowLists.Lsx)); break;
            case < 75: EmitAccess(_rng.Pick<Opcode>(RowLists.LsxAccess)); break;
            case < 83: EmitAccess(_rng.Pick<Opcode>(_mixesVectors ? RowLists.LasxAccess : RowLists.LsxAccess)); break;
            case < 95: ScalarItem(_rng.Below(79)); break;
            default: CommonItem(_rng.Below(20)); break;
        }
    }

    private void CommonItem(int choice)
    {
        switch (choice)
        {
            case < 7: EmitBranch(); break;
            case < 9: EmitCall(); break;
            case < 11: BeginLoop(); break;
            case < 13: EmitAtomic(); break;
            case < 15: EmitLinkedPair(); break;
            case < 17: EmitFcsr(); break;
            case < 18: EmitBound(); break;
            default: EmitRare(_rng.Below(32)); break;
        }
    }

    // ---- control flow

    private void EmitBranch()
    {
        JumpTo(_items.Count + 1 + _rng.Below(5), _block.Code.Count);
        Append(Operands(_rng.Once(8) ? Opcode.B : _rng.Pick<Opcode>(RowLists.Branches)));
    }

    /// <summary>bl, or jirl to a place that pcaddi finds.</summary>
    private void EmitCall()
    {
        int target = _items.Count + 1 + _rng.Below(4);
        if (_rng.Once(2))
        {
            JumpTo(target, _block.Code.Count);
            Append(Words.Encode(Opcode.Bl));
            return;
        }

        int register = Destination();
        register = register == 0 ? _registers.Pool[0] : register;
        Append(Words.Encode(Opcode.Pcaddi, register, 0));
        JumpTo(target, _block.Code.Count - 1);
        Append(Words.Encode(Opcode.Jirl, Destination(), register, 0));
    }

    private void JumpTo(int item, int origin) => _jumps.Add(new(_block.Code.Count, origin, item));

    private void BeginLoop()
    {
        if (_loopEnd >= 0)
        {
            return;
        }

        _loopEnd = _items.Count + 1 + _rng.Below(4);
        Append(Words.Encode(Opcode.Ori, _registers.Counter, 0, 1 + _rng.Below(4)));
        _loopStart = _items.Count;
    }

    private void EndLoop()
    {
        Append(Words.Encode(Opcode.AddiD, _registers.Counter, _registers.Counter, -1));
        JumpTo(_loopStart, _block.Code.Count);
        Append(Words.Encode(Opcode.Blt, 0, _registers.Counter));
        _loopEnd = -1;
    }

    // ---- what needs more than one instruction

    private void EmitAtomic()
    {
        Opcode row = _rng.Pick<Opcode>(RowLists.Atomics);
        int rj = AlignedBase(), rd = Destination(), rk = Source();
        if (rd != rk && (rd != rj || _rng.Once(20)))
        {
            Append(Words.Encode(row, rd, rk, rj)); // what rd = rk leaves is not defined (2.2.7.1)
        }
    }

    /// <summary>
    /// ll, something else, and sc. QEMU keeps its LLbit after sc, so a lone sc only comes before all pairs, and in no
    /// loop, which would come back to it behind a pair.
    /// </summary>
    private void EmitLinkedPair()
    {
        bool wide = _rng.Once(2);
        int rj = AlignedBase(), offset = _rng.Below(32) * (wide ? 8 : 4);
        if (_hasLinked || !_rng.Once(16) || _loopEnd >= 0)
        {
            _hasLinked = true;
            Append(Words.Encode(wide ? Opcode.LlD : Opcode.LlW, OtherThan(rj), rj, offset));
            if (_rng.Once(2))
            {
                Append(Words.Encode(_rng.Once(2) ? Opcode.AddiD : Opcode.Xori, OtherThan(rj), Source(), 1));
            }
        }

        Append(Words.Encode(wide ? Opcode.ScD : Opcode.ScW, Destination(), rj, offset));
    }

    private int OtherThan(int register)
    {
        int other = Destination();
        return other == register ? 0 : other;
    }

    /// <summary>
    /// Sets FCSR or a part of it, mostly so that nothing traps. QEMU keeps what is written to bits of fcsr0 that do not
    /// exist: they are 0 here.
    /// </summary>
    private void EmitFcsr()
    {
        int register = _registers.Pool[_rng.Below(_registers.Pool.Length)];
        int part = _rng.Pick<int>([0, 0, 0, 3, 3, 2, 1]);
        if (part == 0 || !_rng.Once(8))
        {
            int enables = _rng.Once(8) ? _rng.Below(32) : 0;
            Append(Words.Encode(Opcode.Lu12iW, register, (int)(_rng.Next() & 0x1f1f0)));
            Append(Words.Encode(Opcode.Ori, register, register, _rng.Below(4) << 8 | enables));
        }

        Append(Words.Encode(Opcode.Movgr2fcsr, part, register));
    }

    /// <summary>
    /// Bounds are compared as signed numbers by the manual and as unsigned ones by QEMU (2.2.10.3): they are positive
    /// here. QEMU adds the bound to the address of the floating-point rows (3.2.7.1): it is 0 there.
    /// </summary>
    private void EmitBound()
    {
        int bound = _registers.Pool[_rng.Below(_registers.Pool.Length)], rj = _registers.Bases[_rng.Once(12) ? 1 : 0];
        Opcode row = _rng.Once(4)
            ? (_rng.Once(2) ? Opcode.AsrtgtD : Opcode.AsrtleD)
            : _rng.Pick<Opcode>(RowLists.BoundAccess);
        OpcodeInfo info = row.Info();
        Append(Words.Encode(Opcode.BstrinsD, rj, 0, 63, 63));
        if (info.Unit == Unit.Fp)
        {
            Append(Words.Encode(row, VectorRegister(), rj, 0));
            return;
        }

        Append(_rng.Once(2)
            ? Words.Encode(Opcode.Or, bound, Source(), 0)
            : Words.Encode(Opcode.AddiD, bound, rj, _rng.Below(16) - 8));
        Append(Words.Encode(Opcode.BstrinsD, bound, 0, 63, 63));
        Append(info.OperandCount == 2 ? Words.Encode(row, rj, bound) : Words.Encode(row, Destination(), rj, bound));
    }

    private void EmitRare(int choice)
    {
        switch (choice)
        {
            case < 20: EmitCpucfg(); break;
            case < 22: Append(Words.Encode(Opcode.Break, 0)); break;
            case < 25: Append(Operands(_rng.Pick<Opcode>(RowLists.Privileged))); break;
            case < 28: EmitWildJump(); break;
            default: EmitIllegal(); break;
        }
    }

    /// <summary>A jump to where no code is: an address of code would lead into the middle of an item.</summary>
    private void EmitWildJump()
    {
        int register = _registers.Pool[_rng.Below(_registers.Pool.Length)];
        Append(Words.Encode(Opcode.Lu52iD, register, Source(), 1 + _rng.Below(2000)));
        Append(Words.Encode(Opcode.Jirl, Destination(), register, _rng.Below(64) * 4));
    }

    /// <summary>
    /// The words of CPUCFG that describe the same machine in QEMU: without LVZ, cache maintenance and counters.
    /// </summary>
    private void EmitCpucfg()
    {
        int register = _registers.Pool[_rng.Below(_registers.Pool.Length)];
        int word = _rng.Below(32);
        Append(Words.Encode(Opcode.Ori, register, 0, word is 2 or 3 or 6 ? 1 : word));
        Append(Words.Encode(Opcode.Cpucfg, Destination(), register));
    }

    /// <summary>A word that is no instruction, but not one of those that QEMU executes.</summary>
    private void EmitIllegal()
    {
        uint word = (uint)_rng.Next();
        if (Decoder.Find(word) == Opcode.Invalid && !IsExecutedByQemu(word))
        {
            Append(word);
        }
    }

    /// <summary>
    /// QEMU takes moves of an FCSR that does not exist for those of another one, and executes sc.q, which its CPUCFG
    /// does not announce.
    /// </summary>
    private static bool IsExecutedByQemu(uint word) =>
        (word & 0xffff_f000) == 0x0114_c000 || (word & 0xffff_8000) == 0x3857_0000;
}
