using System.Numerics;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <content>
/// Instructions on words leave the sign-extended result (manual vol. 1, 2.2.1) in rd. In a host register the extension
/// waits until somebody needs the upper half: another instruction on words does not, and where the block is left, or a
/// handler called, what waits is extended.
/// </content>
internal sealed unsafe partial class BlockTranslator
{
    /// <summary>Registers in host registers whose upper half is not what it should be: a copy of bit 31.</summary>
    private uint _narrow;

    /// <summary>
    /// Registers whose value is known to be a sign-extended word, those of <see cref="_narrow"/> among them; r0 is.
    /// </summary>
    private uint _words = 1;

    /// <summary>Writes rd from the low word of a register.</summary>
    private void WriteWord(int d, Reg value)
    {
        _words |= 1u << d;
        if (!TryGet(d, out Reg host))
        {
            _e.SignExtend32(Reg.Rax, value);
            _e.Store(RegisterMap.InState(d), Reg.Rax);
            return;
        }

        _narrow |= 1u << d;
        Copy(host, value, Width.W32);
    }

    /// <summary>rd, just written, is a sign-extended word.</summary>
    private void MarkWord(int d) => _words |= 1u << d;

    /// <summary>rd is written with all its bits.</summary>
    private void MarkWhole(int d)
    {
        _words &= ~(1u << d) | 1;
        _narrow &= ~(1u << d);
    }

    private bool IsWord(int guest) => (_words >> guest & 1) != 0;

    private bool IsNarrow(int guest) => (_narrow >> guest & 1) != 0;

    /// <summary>
    /// The width for an operation whose result is a word if its operands are: their upper halves are only looked at if
    /// they are in order.
    /// </summary>
    private Width WidthFor(int j, int k = 0) => IsNarrow(j) || IsNarrow(k) ? Width.W32 : Width.W64;

    /// <summary>Moves between registers, if that changes something in the width.</summary>
    private void Copy(Reg to, Rm from, Width width)
    {
        if (!from.Is(to))
        {
            _e.Mov(to, from, width);
        }
    }

    /// <summary>Extends the operands whose upper halves an instruction looks at.</summary>
    private void ExtendOperands(in Instruction i) => ExtendNow(_narrow & WholeOperands(i));

    private void ExtendAll() => ExtendNow(_narrow);

    private void ExtendNow(uint guests)
    {
        Extend(guests);
        _narrow &= ~guests;
    }

    /// <summary>Leaves the flags alone.</summary>
    private void Extend(uint guests)
    {
        for (; guests != 0; guests &= guests - 1)
        {
            _ = TryGet(BitOperations.TrailingZeroCount(guests), out Reg host);
            _e.SignExtend32(host, host);
        }
    }

    private uint WholeOperands(in Instruction i)
    {
        int slots = i.Opcode.Info().GprReads;
        uint d = (slots & 1) == 0 ? 0 : 1u << i.D;
        uint j = (slots & 2) == 0 ? 0 : 1u << i.J, k = (slots & 4) == 0 ? 0 : 1u << i.K;
        return i.Opcode switch
        {
            Opcode.AddW or Opcode.SubW or Opcode.AddiW or Opcode.AlslW or Opcode.AlslWu or Opcode.MulW
                or Opcode.SllW or Opcode.SrlW or Opcode.SraW or Opcode.RotrW
                or Opcode.SlliW or Opcode.SrliW or Opcode.SraiW or Opcode.RotriW
                or Opcode.ExtWB or Opcode.ExtWH or Opcode.Revb2h or Opcode.BytepickW or Opcode.BstrpickW
                or Opcode.ClzW or Opcode.CloW or Opcode.CtzW or Opcode.CtoW
                or Opcode.Andi or Opcode.Ori or Opcode.Xori or Opcode.Slti or Opcode.Sltui => 0,
            Opcode.BstrpickD when i.Imm < 32 => 0,
            Opcode.And or Opcode.Or or Opcode.Xor or Opcode.Nor or Opcode.Andn or Opcode.Orn or Opcode.Slt
            or Opcode.Sltu
                when IsWord(i.J) && IsWord(i.K) => 0,
            Opcode.StB or Opcode.StH or Opcode.StW or Opcode.StptrW or Opcode.StxB or Opcode.StxH or Opcode.StxW =>
            j | k,
            _ => d | j | k,
        };
    }
}
