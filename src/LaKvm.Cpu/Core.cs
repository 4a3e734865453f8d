using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using LaKvm.Memory;

namespace LaKvm.Cpu;

/// <summary>One LA464 core: its registers and everything an instruction can reach.</summary>
public sealed unsafe partial class Core
{
    /// <summary>The register block.</summary>
    public CpuState* State { get; } = (CpuState*)NativeMemory.AlignedAlloc(CpuState.SizeInBytes, 64);

    /// <summary>RAM.</summary>
    public PhysicalMemory Memory { get; } = null!;

    /// <summary>Core number: CSR.CPUID.</summary>
    public int Id { get; }

    /// <summary>The engine that executes this core, told of code and mapping changes.</summary>
    public ICodeCache? CodeCache { get; set; }
}
