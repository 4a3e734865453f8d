using System.Runtime.InteropServices;
using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>
/// A place in machine code that may call a handler: what the call needs to know about the instruction.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct Site
{
    /// <summary>The instruction; the handler gets its address.</summary>
    public Instruction Instruction;

    /// <summary>Where the instruction is in its page.</summary>
    public ushort Offset;

    /// <summary>
    /// Instructions from this one to the end of its block: they were taken from the budget when the block was entered.
    /// </summary>
    public ushort Left;

    /// <summary>What has to be checked first.</summary>
    public Checks Checks;
}

/// <summary>
/// Conditions of executing an instruction; those of the units are their bits in <see cref="CpuState.Units"/>.
/// </summary>
[Flags]
internal enum Checks : byte
{
    None = 0,
    Fp = 1,
    Lsx = 2,
    Lasx = 4,
    Units = Fp | Lsx | Lasx,
    Privileged = 8,
}
