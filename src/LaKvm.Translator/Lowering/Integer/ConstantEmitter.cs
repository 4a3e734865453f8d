using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>Writes to registers whose value is known (<see cref="ConstantPass"/>).</summary>
internal sealed class ConstantEmitter(EmitContext context, GuestRegisters registers)
{
    private readonly Emitter _e = context.Emitter;

    public void Emit(in Node node)
    {
        int d = node.Instruction.D;
        ulong value = node.Value;
        registers.MarkWhole(d);
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
