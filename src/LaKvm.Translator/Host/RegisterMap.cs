using LaKvm.Cpu;

namespace LaKvm.Translator;

/// <summary>
/// Where machine code keeps the guest's state. The registers that programs use most live in host registers, the others
/// in <see cref="CpuState"/>; inside a region this may be different (<see cref="RegisterAssignment"/>). rax, rcx, rdx
/// and rsi are scratch.
/// </summary>
internal static class RegisterMap
{
    /// <summary>Points into the state: by <see cref="Bias"/> behind its start.</summary>
    public const Reg State = Reg.Rbp;

    /// <summary>The budget that is left when the current block has been executed.</summary>
    public const Reg Budget = Reg.R15;

    /// <summary>
    /// Brings the registers from r7 on and what is used most of the rest into reach of 8-bit displacements.
    /// </summary>
    public const int Bias = 0xB8;

    private static readonly (int Guest, Reg Host)[] Mapped =
    [
        (1, Reg.R11), (3, Reg.Rbx), (4, Reg.Rdi), (5, Reg.R8), (6, Reg.R9), (7, Reg.R10),
        (12, Reg.R12), (13, Reg.R13), (23, Reg.R14),
    ];

    private static readonly sbyte[] HostOf = BuildHostOf();

    /// <summary>The guest registers that live in host registers.</summary>
    public static ReadOnlySpan<(int Guest, Reg Host)> All => Mapped;

    /// <summary>Number of the host register in which a guest register lives, or negative.</summary>
    public static int HostRegister(int guest) => HostOf[guest];

    /// <summary>The place of a guest register in the state.</summary>
    public static Rm InState(int guest) => Field(CpuState.GprOffset + (guest * sizeof(long)));

    /// <summary>The low word of a vector register: the floating-point register.</summary>
    public static Rm Fpr(int number) => Field(CpuState.VrOffset + (number * 32));

    /// <summary>A field of the state.</summary>
    public static Rm Field(int offset) => Rm.At(State, offset - Bias);

    private static sbyte[] BuildHostOf()
    {
        var map = new sbyte[CpuState.SinkRegister + 1];
        Array.Fill<sbyte>(map, -1);
        foreach ((int guest, Reg host) in Mapped)
        {
            map[guest] = (sbyte)host;
        }

        return map;
    }
}
