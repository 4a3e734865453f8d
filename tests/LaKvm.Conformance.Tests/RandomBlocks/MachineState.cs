using System.Runtime.InteropServices;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>What a block starts from and what it leaves; the struct State of Runner/blocks.c.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MachineState
{
    /// <summary>First instruction; afterwards that of the instruction which raised <see cref="Signal"/>.</summary>
    public ulong Pc;

    public fixed ulong Gpr[32];

    /// <summary>Four words for each vector register, lowest first.</summary>
    public fixed ulong Vr[128];

    /// <summary>One byte for each condition flag.</summary>
    public ulong Fcc;

    public uint Fcsr;

    /// <summary>The Linux signal that ended the block, 0 if it came to its end.</summary>
    public int Signal;

    /// <summary>The address of a memory fault.</summary>
    public ulong Address;
}

/// <summary>Linux's numbers of the signals that exceptions become.</summary>
internal static class Signals
{
    public const int None = 0, Ill = 4, Trap = 5, Bus = 7, Fpe = 8, Segv = 11, Sys = 31, Endless = -1;
}
