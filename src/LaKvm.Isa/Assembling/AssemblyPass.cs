using System.Buffers.Binary;

namespace LaKvm.Isa.Assembling;

/// <summary>One pass over the statements: keeps the current address, defines symbols, emits bytes.</summary>
internal sealed class AssemblyPass(ulong origin, SymbolTable symbols)
{
    private readonly List<byte> _image = [];

    /// <summary>The bytes emitted so far.</summary>
    public byte[] Image => [.. _image];

    /// <summary>The address of the next byte.</summary>
    public long Here => (long)origin + _image.Count;

    /// <summary>Processes all statements and returns their errors.</summary>
    public List<AssemblyError> Run(List<Statement> statements)
    {
        List<AssemblyError> errors = [];
        foreach (Statement statement in statements)
        {
            int start = _image.Count;
            try
            {
                Process(statement);
            }
            catch (AssemblyException e)
            {
                errors.Add(new AssemblyError(statement.Line, e.Message));
                if (statement.Operands != null && _image.Count == start)
                {
                    // Keeps the addresses of what follows right, so that one error does not cause others.
                    EmitWord(0);
                }
            }
        }

        return errors;
    }

    /// <summary>Appends an instruction word.</summary>
    public void EmitWord(uint word) => Emit(word, 4);

    /// <summary>Appends the low <paramref name="size"/> bytes of a number.</summary>
    public void Emit(ulong number, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, number);
        _image.AddRange(bytes[..size]);
    }

    /// <summary>Appends bytes.</summary>
    public void Emit(ReadOnlySpan<byte> bytes) => _image.AddRange(bytes);

    /// <summary>The value of an expression at the current address.</summary>
    public Value Evaluate(string text) => Expression.Evaluate(text, symbols, Here);

    /// <summary>The value of an expression, which must be within a range.</summary>
    public long Evaluate(string text, long minimum, long maximum)
    {
        long value = Evaluate(text).Number;
        return value >= minimum && value <= maximum
            ? value
            : throw new AssemblyException($"{text} is {value}; it must be {minimum} to {maximum}");
    }

    /// <summary>Defines a constant.</summary>
    public void DefineConstant(string name, Value value) => symbols.Define(name, value);

    private void Process(Statement statement)
    {
        if (statement.Operands == null)
        {
            symbols.DefineLabel(statement.Name, new Value(Here, true));
        }
        else if (statement.Name[0] == '.')
        {
            Directives.Process(this, statement.Name, statement.Operands);
        }
        else if (!Macros.TryExpand(this, statement.Name, statement.Operands))
        {
            EmitWord(Encoder.Encode(this, statement.Name, statement.Operands));
        }
    }
}
