using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>Instructions that their shared handlers do.</summary>
internal sealed unsafe class HandlerCalls(
    EmitContext context, AccessLookup accesses, GuestExits guestExits, GuestRegisters registers,
    LastOperations lastOperations, SlowPaths slowPaths)
{
    private readonly VectorCache _vectors = context.Vectors;

    /// <summary>Has the shared handler execute an instruction.</summary>
    public void CallHandler(in Instruction i)
    {
        lastOperations.SaveLast();
        _vectors.WriteBack();
        accesses.KeepGroup();
        registers.ExtendAll();
        guestExits.LeaveGuestMode(i);
        slowPaths.EmitCall(slowPaths.NewSite(i));
        context.ForgetVectors();
    }
}
