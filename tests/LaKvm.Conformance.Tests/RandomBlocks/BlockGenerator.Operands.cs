using LaKvm.Isa;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>Operands, and the state that a block starts from.</summary>
internal sealed partial class BlockGenerator
{
    private void Append(uint word) => _block.Code.Add(word);

    private void Emit(Opcode row)
    {
        uint word = Operands(row);
        if (row is Opcode.BstrinsW or Opcode.BstrpickW or Opcode.BstrinsD or Opcode.BstrpickD)
        {
            word = OrderBits(word, row.Info());
        }

        Append(word);
        Settle(row, word);
    }

    /// <summary>
    /// Gives defined values to what an instruction leaves undefined, where QEMU's choice is another one than ours.
    /// </summary>
    private void Settle(Opcode row, uint word)
    {
        int d = (int)(word & 31);
        if (row is Opcode.FtintrzWS or Opcode.FtintrneWS)
        {
            // The upper half may be anything (3.1.2.1).
            Append(Words.Encode(Opcode.Movgr2frhW, d, 0));
        }

        if (_mixesVectors && RowLists.UnsettledUpper.Contains(row))
        {
            Append(Words.Encode(Opcode.Xvinsgr2vrD, d, 0, 2));
            Append(Words.Encode(Opcode.Xvinsgr2vrD, d, 0, 3));
        }
    }

    private void EmitAccess(Opcode row)
    {
        OpcodeInfo info = row.Info();
        uint word = info.Word;
        for (int n = 0; n < info.OperandCount; n++)
        {
            Operand operand = info.OperandAt(n);
            word |= operand.Insert(operand switch
            {
                { Kind: OperandKind.Gpr, Shift: 5 } => Base(),
                { Kind: OperandKind.Gpr, Shift: 10 } => _rng.Once(24) ? Source() : _registers.Indexes[_rng.Below(2)],
                { Kind: OperandKind.Signed } => Offset(operand, info.AccessSize),
                _ => Value(operand, info),
            });
        }

        Append(word);
        Settle(row, word);
    }

    /// <summary>Mostly small, and a multiple of the access's size.</summary>
    private int Offset(Operand operand, int size)
    {
        int range = Math.Min(_rng.Once(8) ? 2048 : 64, operand.Maximum);
        int offset = _rng.Below(2 * range) - range;
        int unit = Math.Max(1 << operand.Scale, _rng.Once(4) ? 1 : size);
        return Math.Clamp(offset & -unit, operand.Minimum, operand.Maximum & -unit);
    }

    private uint Operands(Opcode row)
    {
        OpcodeInfo info = row.Info();
        uint word = info.Word;
        for (int n = 0; n < info.OperandCount; n++)
        {
            Operand operand = info.OperandAt(n);
            word |= operand.Insert(Value(operand, info));
        }

        return word;
    }

    private int Value(Operand operand, OpcodeInfo info) => operand.Kind switch
    {
        OperandKind.Gpr => operand.Shift == 0 && info.Access != AccessKind.Store && info.Flow == Flow.Next
            ? Destination()
            : Source(),
        OperandKind.Fpr or OperandKind.Vr or OperandKind.Xr => VectorRegister(),
        OperandKind.Fcc => _registers.Flags[_rng.Below(3)],
        OperandKind.Fcsr => _rng.Below(4),
        OperandKind.Code => _rng.Below(32),
        _ => Immediate(operand),
    };

    private int Immediate(Operand operand)
    {
        int step = 1 << operand.Scale;
        int value = _rng.Below(8) switch
        {
            0 => operand.Minimum,
            1 => operand.Maximum,
            2 => operand.Maximum / 2,
            _ => operand.Minimum + (int)(
            (uint)_rng.Next() % (uint)((operand.Maximum - operand.Minimum) / step + 1) * step),
        };
        return operand.Accepts(value) ? value : operand.Minimum;
    }

    /// <summary>bstrins and bstrpick are defined where msb is not below lsb (2.2.4.9).</summary>
    private static uint OrderBits(uint word, OpcodeInfo info)
    {
        Operand most = info.OperandAt(2), least = info.OperandAt(3);
        int high = most.Extract(word), low = least.Extract(word);
        return high >= low ? word : Words.With(Words.With(word, most, low), least, high);
    }

    private int Source() => _rng.Below(32) switch
    {
        0 => 0,
        1 => _registers.Bases[_rng.Below(3)],
        2 => _registers.Indexes[_rng.Below(2)],
        3 => _registers.Counter,
        _ => _registers.Pool[_rng.Below(_registers.Pool.Length)],
    };

    private int Destination() => _rng.Below(64) switch
    {
        0 => _registers.Bases[_rng.Below(3)],
        1 => _registers.Indexes[_rng.Below(2)],
        2 or 3 => 0,
        _ => _registers.Pool[_rng.Below(_registers.Pool.Length)],
    };

    /// <summary>For what must be aligned, mostly.</summary>
    private int AlignedBase() => _rng.Once(12) ? Base() : _registers.Bases[0];

    private int Base() => _rng.Once(48) ? Source() : _registers.Bases[_rng.Below(3)];

    private int VectorRegister() => _registers.Vectors[_rng.Below(_registers.Vectors.Length)];

    // ---- the state before

    private unsafe void ChooseState(ulong address)
    {
        fixed (MachineState* s = &_block.Start)
        {
            s->Pc = address;
            for (int n = 0; n < 32; n++)
            {
                s->Gpr[n] = (ulong)n * 0x0101010101010101;
            }

            for (int n = 0; n < 128; n++)
            {
                s->Vr[n] = (ulong)(0x80 + (n / 4) + (0x20 * (n % 4))) % 256 * 0x0101010101010101;
            }

            ChooseIntegers(s);
            ChooseVectors(s);
            s->Fcc = _rng.Next() & 0x0101010101010101;
            uint enables = _rng.Once(12) ? (uint)_rng.Below(32) : 0;
            uint flags = _rng.Once(2) ? (uint)_rng.Next() & 0x1f1f0000 : 0;
            s->Fcsr = (uint)(_rng.Once(2) ? 0 : _rng.Below(4)) << 8 | flags | enables;
        }

        MemoryBank.Fill(_block.Data, _rng);
    }

    private unsafe void ChooseIntegers(MachineState* s)
    {
        ulong last = 0;
        foreach (int register in _registers.Pool)
        {
            last = _rng.Once(6) ? Values.Near(_rng, last, single: false) : Values.Integer(_rng);
            s->Gpr[register] = last;
        }

        ulong window = _block.WindowBase;
        s->Gpr[_registers.Bases[0]] = window + Layout.Page + (ulong)(32 * (_rng.Below(16) - 8));
        s->Gpr[_registers.Bases[1]] = window + (Layout.Page * (_rng.Once(8) ? 2ul : 1ul))
            + (ulong)(_rng.Below(256) - 128);
        s->Gpr[_registers.Bases[2]] = window + (ulong)(8 * (64 + _rng.Below(1024 - 128)))
            + (_rng.Once(32) ? Layout.Page * (ulong)(1 + _rng.Below(2)) : 0);
        s->Gpr[_registers.Indexes[0]] = (ulong)(8 * (_rng.Below(32) - 16));
        s->Gpr[_registers.Indexes[1]] = (ulong)(_rng.Below(128) - 64);
        s->Gpr[_registers.Counter] = (ulong)_rng.Below(4);
    }

    private unsafe void ChooseVectors(MachineState* s)
    {
        ulong last = 0;
        foreach (int register in _registers.Vectors)
        {
            ulong* words = s->Vr + (4 * register);
            if (kind == BlockKind.Scalar)
            {
                last = _rng.Once(3)
                    ? Values.Near(_rng, last, _singles)
                    : Values.Float(_rng, _rng.Once(6) ? !_singles : _singles);
                words[0] = _rng.Once(8) ? Values.Integer(_rng) : last;
                continue;
            }

            for (int n = 0; n < 4; n++)
            {
                last = _rng.Once(4) ? last : _rng.Once(4) ? Values.Near(_rng, last, _singles) : Values.Elements(_rng);
                words[n] = last;
            }
        }
    }
}
