using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

internal sealed unsafe partial class BlockTranslator
{
    private readonly ulong[] _constants = new ulong[32];

    /// <summary>
    /// Registers whose value is known while translating, and is in <see cref="_constants"/>; r0 always is.
    /// </summary>
    private uint _known;

    /// <summary>
    /// Emits machine code for an instruction, or says that the handler has to do it. Grouped as the manual groups them.
    /// </summary>
    private bool Inline(in Instruction i)
    {
        bool done = Arithmetic(i) || ShiftOrBits(i) || Checksum(i) || MemoryOrFp(i) || ControlTransfer(i)
            || CsrAccess(i);
        _known = (_known & ~(1u << i.D)) | 1;
        return done;
    }

    private void ForgetConstants()
    {
        _known = 1;
        _words = 1;
    }

    /// <summary>The sequences by which programs load constants become one instruction for each step.</summary>
    private bool Constant(in Instruction i)
    {
        if (ConstantOf(i) is not ulong constant)
        {
            return false;
        }

        SetConstant(i.D, constant);
        return true;
    }

    private ulong? ConstantOf(in Instruction i)
    {
        return ConstantFolding.Fold(i, _known, _constants);
    }

    private void SetConstant(int d, ulong value)
    {
        if (d == 0)
        {
            return;
        }

        _constants[d] = value;
        _known |= 1u << d;
        MarkWhole(d);
        if ((ulong)(int)value == value)
        {
            MarkWord(d);
        }

        if (TryGet(d, out Reg host))
        {
            _e.MovImmediate(host, value);
        }
        else if ((ulong)(int)value == value)
        {
            _e.StoreImmediate(InState(d), (int)value);
        }
        else
        {
            _e.MovImmediate(Reg.Rax, value);
            _e.Store(InState(d), Reg.Rax);
        }
    }

    /// <summary>A guest register as operand; r0 is memory that holds 0.</summary>
    private Rm Of(int guest) => TryGet(guest, out Reg host) ? host : InState(guest);

    /// <summary>The host register of a guest register, if it has one in this region or at this place.</summary>
    private bool TryGet(int guest, out Reg host) =>
        _registers.TryGet(guest, out host) || _locals.TryGet(guest, out host);

    /// <summary>
    /// A register that holds a guest register's value: its own, or <paramref name="scratch"/>, loaded.
    /// </summary>
    private Reg Value(int guest, Reg scratch)
    {
        if (TryGet(guest, out Reg host))
        {
            return host;
        }

        _e.Mov(scratch, Of(guest));
        return scratch;
    }

    /// <summary>The register to build rd in: its own unless that still holds an operand, else rax.</summary>
    private Reg Target(int d, int operand) => TryGet(d, out Reg host) && d != operand ? host : Reg.Rax;

    /// <summary>Writes rd from the register it was built in.</summary>
    private void Write(int d, Reg value)
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
    private void WriteSized(int d, Reg value, Width width)
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
}
