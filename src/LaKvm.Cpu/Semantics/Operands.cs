using System.Runtime.CompilerServices;
using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>The operands of an instruction in the general registers, for handlers.</summary>
internal static unsafe class Operands
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>Value of the register in slot D.</summary>
    [MethodImpl(Inline)]
    public static ulong D(CpuState* s, Instruction* i) => ((ulong*)s)[i->D];

    /// <summary>Value of the register in slot J.</summary>
    [MethodImpl(Inline)]
    public static ulong J(CpuState* s, Instruction* i) => ((ulong*)s)[i->J];

    /// <summary>Value of the register in slot K.</summary>
    [MethodImpl(Inline)]
    public static ulong K(CpuState* s, Instruction* i) => ((ulong*)s)[i->K];

    /// <summary>The address rj + immediate.</summary>
    [MethodImpl(Inline)]
    public static ulong Based(CpuState* s, Instruction* i) => J(s, i) + (ulong)i->Imm;

    /// <summary>The address rj + rk.</summary>
    [MethodImpl(Inline)]
    public static ulong Indexed(CpuState* s, Instruction* i) => J(s, i) + K(s, i);

    /// <summary>Writes rd of a row that does not read it (r0 is redirected to the sink) and completes.</summary>
    [MethodImpl(Inline)]
    public static Trap Write(CpuState* s, Instruction* i, ulong value)
    {
        ((ulong*)s)[i->D] = value;
        return Trap.None;
    }
}
