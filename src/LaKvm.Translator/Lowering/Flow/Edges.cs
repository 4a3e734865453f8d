using LaKvm.Cpu;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// The region's edges. A region may keep other guest registers in host registers than <see cref="RegisterMap"/> says;
/// who comes from outside of it exchanges them, and what leads out of it exchanges them back.
/// </summary>
internal sealed unsafe class Edges(EmitContext context)
{
    private readonly Emitter _e = context.Emitter;

    /// <summary>
    /// Where the blocks of the region begin for jumps inside it, by instruction; 0 before they are emitted.
    /// </summary>
    private readonly nint[] _labels = new nint[CodeRegion.Capacity];

    /// <summary>The region's way to call the handler of the site in rsi.</summary>
    public byte* CallHandler { get; private set; }

    /// <summary>
    /// Where registers are exchanged, a handler is called through code that brings them in order around the call. It
    /// keeps its return address in the word that <see cref="Stubs"/> leave free on the stack, as the handler may not
    /// come back.
    /// </summary>
    private void PrepareCallHandler()
    {
        CallHandler = context.Stubs.CallHandler;
        if (!context.Assignment.IsUsual)
        {
            CallHandler = _e.Position;
            LeaveRegisters();
            _e.Pop(Rm.At(Reg.Rsp));
            _e.Call(context.Stubs.CallHandler);
            EnterRegisters();
            _e.JumpIndirect(Rm.At(Reg.Rsp));
        }
    }

    /// <summary>Forgets the labels of the region before, and emits what blocks call.</summary>
    public void Begin()
    {
        Array.Clear(_labels);
        PrepareCallHandler();
    }

    /// <summary>Notes that the block at an offset begins here for jumps inside the region.</summary>
    public void Land(int start) => _labels[(start - context.Region.Start) >> 2] = (nint)_e.Position;

    /// <summary>The check for attention: a jump to be led to where the block is left.</summary>
    public byte* EmitCheck()
    {
        _e.OpImmediate(Alu.Cmp, Field(CpuState.AttentionOffset), 0, Width.W32);
        return _e.JumpIf(Condition.NotEqual, null);
    }

    /// <summary>Brings the guest registers that the region keeps in host registers there.</summary>
    public void EnterRegisters()
    {
        foreach ((int usual, int kept, int register) in context.Assignment.Exchanges)
        {
            _e.Store(InState(usual), (Reg)register);
            _e.Mov((Reg)register, InState(kept));
        }
    }

    /// <summary>
    /// Brings the registers in order as they are between regions. Leaves rax, rcx, rdx and rsi alone.
    /// </summary>
    public void LeaveRegisters()
    {
        foreach ((int usual, int kept, int register) in context.Assignment.Exchanges)
        {
            _e.Store(InState(kept), (Reg)register);
            _e.Mov((Reg)register, InState(usual));
        }
    }

    /// <summary>Leaves machine code for the instruction at an offset, with a trap or an <see cref="Exit"/>.</summary>
    public void EmitLeave(int offset, int code)
    {
        _e.MovImmediate(Reg.Rax, (ulong)offset);
        _e.MovImmediate(Reg.Rdx, (uint)code);
        _ = _e.Jump(context.Stubs.ExitAtOffset);
    }

    /// <summary>Where the block at an offset begins, for jumps inside the region; null before it is emitted.</summary>
    public byte* Label(int target) => (byte*)_labels[(target - context.Region.Start) >> 2];

    /// <summary>The entry of the instruction at an offset of the page, or null.</summary>
    public byte* Translated(int offset)
    {
        byte* entry = *CodePage.Entry(context.Page, offset);
        return entry == context.Stubs.Resolve || entry == context.Stubs.Breakpoint ? null : entry;
    }
}
