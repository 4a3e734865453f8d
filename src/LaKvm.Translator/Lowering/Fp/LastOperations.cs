using LaKvm.Cpu;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// The operands by which the exceptions of the FPU's last operation can be told later (<see cref="FpStubs"/>).
/// </summary>
internal sealed unsafe class LastOperations(EmitContext context, Repetitions repetitions)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    /// <summary>
    /// Notes the operation just emitted as the last one: where the block is left before another one, its operands are
    /// saved, see <see cref="EmitSave"/>. Until then they stay in their host registers.
    /// </summary>
    public void NoteLast(in Instruction i, in FpRow row, int j, int k, int a)
    {
        ReadOnlySpan<int> hosts = [j, k, a];
        context.Facts.Last = new(
            repetitions[i.Opcode], (byte)row.Operands, (byte)row.Bytes, (sbyte)j, (sbyte)k, (sbyte)a);
        _vectors.Keep(hosts[..row.Operands]);
    }

    /// <summary>Saves the last operation here.</summary>
    public void SaveLast()
    {
        EmitSave(context.Facts.Last);
        context.Facts.Last = default;
        _vectors.Keep([]);
    }

    /// <summary>Emits what saves an operation's operands, and which operation it is.</summary>
    public void EmitSave(in LastOperation last)
    {
        if (last.Operands == 0)
        {
            return;
        }

        for (int n = 0; n < last.Operands; n++)
        {
            _e.StoreVector(last.Bytes, Operand(n), last[n]);
        }

        _e.StoreImmediate32(Field(CpuState.LastFpOffset), last.Repetition);
    }

    /// <summary>Behind a handler that was called after <see cref="EmitSave"/>: the operands are wanted again.</summary>
    public void EmitRestore(in LastOperation last)
    {
        for (int n = 0; n < last.Operands; n++)
        {
            _e.LoadVector(last.Bytes, last[n], Operand(n));
        }
    }

    /// <summary>Where an operand is saved.</summary>
    public static Rm Operand(int n) => Field(CpuState.LastFpOperandsOffset + (n * 32));
}

/// <summary>An operation whose exceptions are in MXCSR, and the host registers that have its operands.</summary>
internal readonly record struct LastOperation(int Repetition, byte Operands, byte Bytes, sbyte J, sbyte K, sbyte A)
{
    public int this[int n] => n switch { 0 => J, 1 => K, _ => A };
}
