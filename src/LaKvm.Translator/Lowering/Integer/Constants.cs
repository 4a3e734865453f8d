using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Registers whose value is known while translating (<see cref="BlockFacts.Known"/>): the sequences by which programs
/// load constants become one instruction for each step.
/// </summary>
internal sealed unsafe class Constants(EmitContext context, GuestRegisters registers)
{
    private readonly Emitter _e = context.Emitter;

    private readonly ulong[] _constants = new ulong[32];

    /// <summary>What an instruction writes to rd, if that is known.</summary>
    public ulong? ConstantOf(in Instruction i) => ConstantFolding.Fold(i, context.Facts.Known, _constants);

    /// <summary>Makes an instruction that only writes a constant just that.</summary>
    public bool TryEmit(in Instruction i)
    {
        if (ConstantOf(i) is not ulong constant)
        {
            return false;
        }

        SetConstant(i.D, constant);
        return true;
    }

    private void SetConstant(int d, ulong value)
    {
        if (d == 0)
        {
            return;
        }

        _constants[d] = value;
        context.Facts.Known |= 1u << d;
        registers.MarkWhole(d);
        if ((ulong)(int)value == value)
        {
            registers.MarkWord(d);
        }

        if (registers.TryGet(d, out Reg host))
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
}
