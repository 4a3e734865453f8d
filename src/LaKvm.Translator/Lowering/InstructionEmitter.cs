using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// Emits single instructions. What the instruction table says of a row says which family it belongs to; what none does
/// is a call of the shared handler.
/// </summary>
internal sealed class InstructionEmitter(ConstantEmitter constants, HandlerCalls handlers)
{
    public required ArithmeticEmitter Arithmetic { get; init; }

    public required ProductEmitter Products { get; init; }

    public required BitEmitter Bits { get; init; }

    public required ChecksumEmitter Checksums { get; init; }

    public required MemoryEmitter Memory { get; init; }

    public required AtomicEmitter Atomics { get; init; }

    public required FpEmitter Fp { get; init; }

    public required VectorEmitter Vectors { get; init; }

    public required BranchEmitter Branches { get; init; }

    public required CsrEmitter Csrs { get; init; }

    /// <summary>Emits machine code for what is left of an instruction.</summary>
    public void Emit(in Node node)
    {
        if (node.Kind == NodeKind.Constant)
        {
            constants.Emit(node);
        }
        else if (node.Kind == NodeKind.Instruction && !TryFamily(node.Instruction))
        {
            handlers.CallHandler(node.Instruction);
        }
    }

    private bool TryFamily(in Instruction i)
    {
        OpcodeInfo info = i.Opcode.Info();
        if (info.Flow is Flow.Branch or Flow.Jump or Flow.Call or Flow.Indirect)
        {
            return Branches.Emit(i);
        }

        if (info.Unit != Unit.None)
        {
            return Fp.Emit(i) || Vectors.Emit(i);
        }

        if (info.Access != AccessKind.None)
        {
            return Memory.Emit(i) || Atomics.Emit(i);
        }

        return info.IsPrivileged
            ? Csrs.Emit(i)
            : Arithmetic.Emit(i) || Bits.Emit(i) || Products.Emit(i) || Checksums.Emit(i) || Memory.Emit(i);
    }
}
