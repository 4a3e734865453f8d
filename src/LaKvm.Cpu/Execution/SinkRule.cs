using LaKvm.Isa;

namespace LaKvm.Cpu;

/// <summary>Where writes of r0 go.</summary>
public static class SinkRule
{
    /// <summary>
    /// Redirects the D slot from r0 to <see cref="CpuState.SinkRegister"/>, so that handlers need no test; every engine
    /// does it before it executes an instruction. The rows that must see r0 there are left alone.
    /// </summary>
    public static void Apply(ref Instruction instruction)
    {
        if (instruction.D == 0 && instruction.Opcode.Info().DropsR0)
        {
            instruction.D = CpuState.SinkRegister;
        }
    }
}
