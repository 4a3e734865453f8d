using LaKvm.Cpu;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Looks into the second way of the software TLB, where the first one has not answered; what is found there changes
/// places with the first one's entry.
/// </summary>
internal sealed unsafe class SecondWayStubs
{
    /// <summary>
    /// Offset of a tag in an entry: for loads, stores, and instructions; and that of what is added to addresses.
    /// </summary>
    public const int ReadTag = 0, WriteTag = 8, ExecuteTag = 16, Addend = 24;

    /// <summary>From the beginning of a way to the engine's words.</summary>
    public const int Words = CpuState.SoftTlbEntries << CpuState.SoftTlbEntryShift;

    private const int Way = CpuState.SoftTlbWayBytes;

    /// <summary>Writes the stubs; <paramref name="exitAtAddress"/> leaves with the PC in rax.</summary>
    public SecondWayStubs(Emitter e, byte* exitAtAddress)
    {
        Load = e.Position;
        EmitLook(e, ReadTag);
        Store = e.Position;
        EmitLook(e, WriteTag);
        Jump = e.Position;
        EmitJump(e, exitAtAddress);
    }

    /// <summary>
    /// For loads: rcx is the entry of the first way, rax the page. The zero flag says that the entry is the page's now.
    /// Leaves all registers alone.
    /// </summary>
    public byte* Load { get; }

    /// <summary>The same for stores.</summary>
    public byte* Store { get; }

    /// <summary>
    /// Goes on to the instruction at rax, which is in the page rsi. rdx is the first way, rcx four times the index.
    /// </summary>
    public byte* Jump { get; }

    private static void EmitLook(Emitter e, int tag)
    {
        e.Op(Alu.Cmp, Reg.Rax, Rm.At(Reg.Rcx, Way + tag));
        byte* found = e.JumpShort(Condition.Equal);
        e.Return();
        e.Land(found);
        e.Push(Reg.Rdx);
        e.Push(Reg.Rsi);
        for (int word = 0; word < sizeof(SoftTlbEntry); word += sizeof(long))
        {
            EmitExchange(e, Rm.At(Reg.Rcx, word), Rm.At(Reg.Rcx, word + Way), Reg.Rax, Reg.Rdx);
        }

        e.Mov(Reg.Rsi, Reg.Rcx);
        e.Op(Alu.Sub, Reg.Rsi, Field(CpuState.TlbOffset));
        e.ShiftImmediate(Shift.Shr, Reg.Rsi, 2);
        e.Op(Alu.Add, Reg.Rsi, Field(CpuState.TlbOffset));
        EmitExchange(e, Rm.At(Reg.Rsi, Words), Rm.At(Reg.Rsi, Words + Way), Reg.Rax, Reg.Rdx);
        e.Pop(Reg.Rsi);
        e.Pop(Reg.Rdx);
        e.Mov(Reg.Rax, Rm.At(Reg.Rcx, tag));
        e.Op(Alu.Cmp, Reg.Rax, Reg.Rax);
        e.Return();
    }

    private static void EmitJump(Emitter e, byte* exitAtAddress)
    {
        e.Op(Alu.Cmp, Reg.Rsi, Rm.At(Reg.Rdx, Reg.Rcx, 3, Way + ExecuteTag));
        _ = e.JumpIf(Condition.NotEqual, exitAtAddress);
        e.Push(Reg.Rax);
        e.Push(Reg.Rsi);
        for (int word = 0; word < sizeof(SoftTlbEntry); word += sizeof(long))
        {
            EmitExchange(e, Rm.At(Reg.Rdx, Reg.Rcx, 3, word), Rm.At(Reg.Rdx, Reg.Rcx, 3, word + Way), Reg.Rax, Reg.Rsi);
        }

        EmitExchange(e, Rm.At(Reg.Rdx, Reg.Rcx, 1, Words), Rm.At(Reg.Rdx, Reg.Rcx, 1, Words + Way), Reg.Rax, Reg.Rsi);
        e.Pop(Reg.Rsi);
        e.Pop(Reg.Rax);
        EmitJumpToPage(e, exitAtAddress);
    }

    /// <summary>
    /// Goes on to the instruction at rax, which is in the page rsi that the first way has found; rdx and rcx as for
    /// <see cref="Jump"/>.
    /// </summary>
    public static void EmitJumpToPage(Emitter e, byte* exitAtAddress)
    {
        e.Mov(Reg.Rdx, Rm.At(Reg.Rdx, Reg.Rcx, 1, Words));
        e.Test(Reg.Rdx, Reg.Rdx);
        _ = e.JumpIf(Condition.Equal, exitAtAddress);
        e.Store(Field(CpuState.PcOffset), Reg.Rsi);
        e.OpImmediate(Alu.And, Reg.Rax, 0xFFC, Width.W32);
        e.JumpIndirect(Rm.At(Reg.Rdx, Reg.Rax, 1, CodePage.HeaderBytes));
    }

    private static void EmitExchange(Emitter e, Rm a, Rm b, Reg scratch, Reg other)
    {
        e.Mov(scratch, a);
        e.Mov(other, b);
        e.Store(a, other);
        e.Store(b, scratch);
    }
}
