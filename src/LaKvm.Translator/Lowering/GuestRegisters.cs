using System.Numerics;
using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Guest registers as operands: where each is at this place, and how results are written. Instructions on words leave
/// the sign-extended result (manual vol. 1, 2.2.1) in rd. In a host register the extension waits until somebody needs
/// the upper half: another instruction on words does not, and where the block is left, or a handler called, what waits
/// is extended.
/// </summary>
internal sealed unsafe class GuestRegisters(EmitContext context)
{
    private readonly Emitter _e = context.Emitter;

    /// <summary>rd = the address that is <paramref name="distance"/> behind the beginning of the page.</summary>
    public void PcRelative(int d, long distance)
    {
        if (d == 0)
        {
            return;
        }

        Reg to = Target(d, -1);
        if ((int)distance == distance)
        {
            _e.Mov(to, Field(CpuState.PcOffset));
            _e.OpImmediate(Alu.Add, to, (int)distance);
        }
        else
        {
            _e.MovImmediate(to, (ulong)distance);
            _e.Op(Alu.Add, to, Field(CpuState.PcOffset));
        }

        Write(d, to);
    }

    /// <summary>Writes rd, unless that is r0, with what was somewhere before.</summary>
    public void WriteOld(int d, Reg value, Width width)
    {
        if (d != 0)
        {
            WriteSized(d, value, width);
        }
    }

    /// <summary>A guest register as operand; r0 is memory that holds 0.</summary>
    public Rm Of(int guest) => TryGet(guest, out Reg host) ? host : InState(guest);

    /// <summary>The host register of a guest register, if it has one in this region or at this place.</summary>
    public bool TryGet(int guest, out Reg host)
    {
        bool isAssigned = context.Assignment.TryGet(guest, out int register);
        host = (Reg)register;
        return isAssigned || context.Locals.TryGet(guest, out host);
    }

    /// <summary>
    /// A register that holds a guest register's value: its own, or <paramref name="scratch"/>, loaded.
    /// </summary>
    public Reg Value(int guest, Reg scratch)
    {
        if (TryGet(guest, out Reg host))
        {
            return host;
        }

        _e.Mov(scratch, Of(guest));
        return scratch;
    }

    /// <summary>The register to build rd in: its own unless that still holds an operand, else rax.</summary>
    public Reg Target(int d, int operand) => TryGet(d, out Reg host) && d != operand ? host : Reg.Rax;

    /// <summary>Writes rd from the register it was built in.</summary>
    public void Write(int d, Reg value)
    {
        MarkWhole(d);
        if (!TryGet(d, out Reg host))
        {
            _e.Store(InState(d), value);
        }
        else if (host != value)
        {
            _e.Mov(host, value);
        }
    }

    /// <summary>Writes rd with 32-bit results extended, 64-bit ones as they are.</summary>
    public void WriteSized(int d, Reg value, Width width)
    {
        if (width == Width.W32)
        {
            WriteWord(d, value);
        }
        else
        {
            Write(d, value);
        }
    }

    /// <summary>Writes rd from the low word of a register.</summary>
    public void WriteWord(int d, Reg value)
    {
        if (!TryGet(d, out Reg host))
        {
            _e.SignExtend32(Reg.Rax, value);
            _e.Store(InState(d), Reg.Rax);
            return;
        }

        context.Facts.Narrow |= 1u << d;
        Copy(host, value, Width.W32);
    }

    /// <summary>rd is written with all its bits.</summary>
    public void MarkWhole(int d) => context.Facts.Narrow &= ~(1u << d);

    private bool IsNarrow(int guest) => (context.Facts.Narrow >> guest & 1) != 0;

    /// <summary>
    /// The width for an operation whose result is a word if its operands are: their upper halves are only looked at if
    /// they are in order.
    /// </summary>
    public Width WidthFor(int j, int k = 0) => IsNarrow(j) || IsNarrow(k) ? Width.W32 : Width.W64;

    /// <summary>Moves between registers, if that changes something in the width.</summary>
    public void Copy(Reg to, Rm from, Width width)
    {
        if (!from.Is(to))
        {
            _e.Mov(to, from, width);
        }
    }

    /// <summary>Extends the operands whose upper halves an instruction looks at.</summary>
    public void ExtendOperands(in Node node) => ExtendNow(context.Facts.Narrow & node.Whole);

    /// <summary>Extends all that waits.</summary>
    public void ExtendAll() => ExtendNow(context.Facts.Narrow);

    /// <summary>Extends registers, which then do not wait any more.</summary>
    public void ExtendNow(uint guests)
    {
        Extend(guests);
        context.Facts.Narrow &= ~guests;
    }

    /// <summary>
    /// Emits the extension of registers that waited where the code comes from. Leaves the flags alone.
    /// </summary>
    public void Extend(uint guests)
    {
        for (; guests != 0; guests &= guests - 1)
        {
            _ = TryGet(BitOperations.TrailingZeroCount(guests), out Reg host);
            _e.SignExtend32(host, host);
        }
    }
}
