using LaKvm.Cpu;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// The fixed pieces of machine code around the translations: the way in, the ways out, and the call of a handler.
/// </summary>
/// <remarks>
/// While translated code runs, <see cref="CpuState.Pc"/> is the virtual address of the page that it runs in, mapped
/// guest registers are in their host registers, and <see cref="RegisterMap.Budget"/> counts. Outside, the state is
/// complete. Stack: the entry leaves rsp 16-byte aligned, so calls of the C ABI are made from stubs that are called
/// themselves.
/// </remarks>
internal sealed unsafe class Stubs
{
    /// <summary>
    /// MXCSR with all exceptions masked, none raised, and rounding to nearest: what the C ABI and .NET expect.
    /// </summary>
    public const int DefaultMxcsr = 0x1F80;

    private static readonly Reg[] Preserved = [Reg.Rbp, Reg.Rbx, Reg.R12, Reg.R13, Reg.R14, Reg.R15];

    /// <summary>
    /// Writes the stubs at <paramref name="emitter"/>'s position. <paramref name="handler"/> is a C function
    /// int (<paramref name="engine"/>, Site*, long budget).
    /// </summary>
    public Stubs(Emitter emitter, nint engine, void* handler)
    {
        Fp = new FpStubs(emitter);
        Enter = (delegate* unmanaged<CpuState*, byte*, int>)emitter.Position;
        EmitEnter(emitter);
        byte* trapped = emitter.Position;
        EmitLeave(emitter);
        ExitAtAddress = emitter.Position;
        emitter.Store(Field(CpuState.PcOffset), Reg.Rax);
        emitter.Op(Alu.Xor, Reg.Rax, Reg.Rax, Width.W32);
        Resolve = emitter.Position;
        emitter.MovImmediate(Reg.Rdx, unchecked((uint)Exit.Jump));
        byte* exit = emitter.Jump(null);
        Breakpoint = emitter.Position;
        emitter.MovImmediate(Reg.Rdx, unchecked((uint)Exit.Jump));
        emitter.Patch(exit, emitter.Position);
        ExitAtOffset = emitter.Position;
        EmitExit(emitter);
        CallHandler = emitter.Position;
        EmitCallHandler(emitter, engine, handler, trapped);
        SecondWay = new SecondWayStubs(emitter, ExitAtAddress);
        End = emitter.Position;
    }

    /// <summary>Around computing on the host's FPU.</summary>
    public FpStubs Fp { get; }

    /// <summary>Looks into the second way of the software TLB.</summary>
    public SecondWayStubs SecondWay { get; }

    /// <summary>Runs translated code from its entry; returns a trap or an <see cref="Exit"/>.</summary>
    public delegate* unmanaged<CpuState*, byte*, int> Enter { get; }

    /// <summary>Leaves with <see cref="Exit.Jump"/>; rax is the PC.</summary>
    public byte* ExitAtAddress { get; }

    /// <summary>Leaves with <see cref="Exit.Jump"/>; eax is the PC's offset in its page.</summary>
    public byte* Resolve { get; }

    /// <summary>
    /// The same as <see cref="Resolve"/>, for an instruction that has a breakpoint and is never translated.
    /// </summary>
    public byte* Breakpoint { get; }

    /// <summary>Leaves with the code in edx; eax is the PC's offset in its page.</summary>
    public byte* ExitAtOffset { get; }

    /// <summary>Calls the handler of the site in rsi; comes back if execution goes on behind the instruction.</summary>
    public byte* CallHandler { get; }

    /// <summary>First byte behind the stubs.</summary>
    public byte* End { get; }

    private static void EmitEnter(Emitter e)
    {
        foreach (Reg register in Preserved)
        {
            e.Push(register);
        }

        e.OpImmediate(Alu.Sub, Reg.Rsp, 8);
        e.Lea(State, Rm.At(Reg.Rdi, Bias));
        e.Mov(Reg.Rax, Reg.Rsi);
        e.Mov(Budget, Field(CpuState.BudgetOffset));
        LoadMapped(e);
        e.JumpIndirect(Reg.Rax);
    }

    /// <summary>Returns from the entry; eax is the result.</summary>
    private static void EmitLeave(Emitter e)
    {
        e.OpImmediate(Alu.Add, Reg.Rsp, 8);
        for (int i = Preserved.Length - 1; i >= 0; i--)
        {
            e.Pop(Preserved[i]);
        }

        e.Return();
    }

    private void EmitExit(Emitter e)
    {
        e.OpStore(Alu.Add, Field(CpuState.PcOffset), Reg.Rax);
        StoreMapped(e);
        Fp.EmitSettleIfDue(e);
        e.ZeroUpper();

        // Settles the budget, as the engine does where a handler is called.
        e.Mov(Reg.Rcx, Field(CpuState.BudgetOffset));
        e.Op(Alu.Sub, Reg.Rcx, Budget);
        e.OpStore(Alu.Add, Field(CpuState.RetiredOffset), Reg.Rcx);
        e.Store(Field(CpuState.BudgetOffset), Budget);
        e.Mov(Reg.Rax, Reg.Rdx);
        EmitLeave(e);
    }

    private void EmitCallHandler(Emitter e, nint engine, void* handler, byte* trapped)
    {
        StoreMapped(e);
        Fp.EmitSettleIfDue(e);
        e.ZeroUpper();
        e.MovImmediate(Reg.Rdi, (ulong)engine);
        e.Mov(Reg.Rdx, Budget);
        e.OpImmediate(Alu.Sub, Reg.Rsp, 8);
        e.MovImmediate(Reg.Rax, (ulong)handler);
        e.CallRegister(Reg.Rax);
        e.OpImmediate(Alu.Add, Reg.Rsp, 8);
        e.Test(Reg.Rax, Reg.Rax, Width.W32);
        byte* stop = e.JumpShort(Condition.NotEqual);
        LoadMapped(e);
        e.Return();

        // A return all the same, to elsewhere: the host predicts that all later ones match their calls.
        e.Land(stop);
        e.LeaNear(Reg.Rcx, trapped);
        e.Store(Rm.At(Reg.Rsp), Reg.Rcx);
        e.Return();
    }

    private static void LoadMapped(Emitter e)
    {
        foreach ((int guest, Reg host) in All)
        {
            e.Mov(host, InState(guest));
        }
    }

    private static void StoreMapped(Emitter e)
    {
        foreach ((int guest, Reg host) in All)
        {
            e.Store(InState(guest), host);
        }
    }
}
