using System.Runtime.InteropServices;
using LaKvm.Isa;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>Makes a finding small: takes away and simplifies what it does not need.</summary>
internal sealed unsafe class Shrinker(BlockChecker checker)
{
    private Finding _finding = null!;

    /// <summary>The smallest finding that this one leads to; itself if its block alone does nothing wrong.</summary>
    public Finding Shrink(Finding finding)
    {
        _finding = finding;
        if (!Accept(finding.Block.Copy()))
        {
            return finding;
        }

        while (RemoveItems() | SimplifyState())
        {
        }

        return _finding;
    }

    private bool Accept(Block candidate)
    {
        Finding? finding = checker.RunAlone(candidate, _finding.Engine);
        _finding = finding ?? _finding;
        return finding != null;
    }

    private bool RemoveItems()
    {
        bool removed = false;
        for (int count = 8; count > 0; count /= 2)
        {
            for (int item = _finding.Block.Items.Count - 1 - count; item >= 0; item--)
            {
                if (item + count < _finding.Block.Items.Count && Accept(Without(_finding.Block, item, count)))
                {
                    removed = true;
                }
            }
        }

        return removed;
    }

    /// <summary>
    /// A copy without some items; branches over them become shorter, those into them lead behind them.
    /// </summary>
    private static Block Without(Block block, int item, int count)
    {
        Block result = block.Copy();
        int start = block.Items[item], end = block.Items[item + count], length = end - start;
        int Place(int at) => at >= end ? at - length : Math.Min(at, start);
        for (int at = 0; at < block.Code.Count; at++)
        {
            uint word = block.Code[at];
            OpcodeInfo info = Decoder.Find(word).Info();
            if (info.Flow is not (Flow.Branch or Flow.Jump or Flow.Call))
            {
                continue;
            }

            Operand operand = info.OperandAt(info.OperandCount - 1);
            int target = at + (operand.Extract(word) / 4);
            result.Code[at] = Words.With(word, operand, (Place(target) - Place(at)) * 4);
        }

        result.Code.RemoveRange(start, length);
        result.Items.RemoveRange(item, count);
        for (int n = item; n < result.Items.Count; n++)
        {
            result.Items[n] -= length;
        }

        return result;
    }

    private bool SimplifyState()
    {
        bool changed = Try((ref MachineState state) => state.Fcc = 0)
            | Try((ref MachineState state) => state.Fcsr &= 0x31f)
            | Try((ref MachineState state) => state.Fcsr &= 0x31f0000)
            | Try((ref MachineState state) => state.Fcsr = 0);
        for (int n = 1; n < 32; n++)
        {
            changed |= SimplifyWord((MachineState* state) => &state->Gpr[n]);
        }

        for (int n = 0; n < 128; n++)
        {
            changed |= SimplifyWord((MachineState* state) => &state->Vr[n]);
        }

        return changed | ClearData();
    }

    private delegate void Change(ref MachineState state);

    private delegate ulong* Word(MachineState* state);

    private bool Try(Change change)
    {
        Block candidate = _finding.Block.Copy();
        change(ref candidate.Start);
        bool isChanged = !Bytes(ref candidate.Start).SequenceEqual(Bytes(ref _finding.Block.Start));
        return isChanged && Accept(candidate);
    }

    private static ReadOnlySpan<byte> Bytes(ref MachineState state) =>
        MemoryMarshal.AsBytes(new ReadOnlySpan<MachineState>(ref state));

    /// <summary>Tries zero, then fewer bits.</summary>
    private bool SimplifyWord(Word word)
    {
        bool Simplify(Func<ulong, ulong> change) => Try((ref MachineState state) =>
        {
            fixed (MachineState* pointer = &state)
            {
                ulong* value = word(pointer);
                *value = change(*value);
            }
        });
        return Simplify(_ => 0) || Simplify(value => (uint)value) | Simplify(value => value & 0xffff_ffff_0000_0000);
    }

    private bool ClearData()
    {
        Block candidate = _finding.Block.Copy();
        if (!candidate.Data.AsSpan().ContainsAnyExcept(0ul))
        {
            return false;
        }

        Array.Clear(candidate.Data);
        return Accept(candidate);
    }
}
