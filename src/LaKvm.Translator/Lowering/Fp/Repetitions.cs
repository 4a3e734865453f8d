using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Code that does an operation again, to tell which exceptions it raises (<see cref="FpStubs"/>).</summary>
internal sealed unsafe class Repetitions(EmitContext context, FpOperations operations)
{
    /// <summary>Where a repetition has its operands, and the one in which it leaves what it computes.</summary>
    private const int RepeatJ = 4, RepeatK = 5, RepeatA = 6, RepeatD = 7;

    private readonly Emitter _e = context.Emitter;
    private readonly Dictionary<Opcode, int> _repetitions = [];
    private int _repetitionsFlush;

    /// <summary>Where the code of a row is, from the stubs' base on.</summary>
    public int this[Opcode opcode] => _repetitions[opcode];

    /// <summary>
    /// Emits, once for each row, the code that does an operation again with the operands that were kept.
    /// </summary>
    public void Prepare()
    {
        if (_repetitionsFlush != context.Arena.Flushes)
        {
            _repetitions.Clear();
            _repetitionsFlush = context.Arena.Flushes;
        }

        for (int at = context.Region.Start; at < context.Region.End; at += 4)
        {
            ref readonly Instruction i = ref context.Region[at];
            FpRow row = FpTable.Of(i.Opcode);
            if (row.IsComputedBy(context.Features)
                && _repetitions.TryAdd(i.Opcode, (int)(_e.Position - context.Stubs.Fp.Base)))
            {
                EmitRepetition(i, row);
            }
        }
    }

    private void EmitRepetition(in Instruction i, in FpRow row)
    {
        for (int n = 0; n < row.Operands; n++)
        {
            _e.LoadVector(row.Bytes, RepeatJ + n, LastOperations.Operand(n));
        }

        operations.Compute(i, row, RepeatD, RepeatJ, RepeatK, RepeatA);
        _e.Return();
    }
}
