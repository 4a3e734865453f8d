using System.Runtime.InteropServices;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Registers of a vCPU while they are not in a core (struct kvm_vcpu_arch), in memory that does not move.</summary>
internal sealed unsafe class VcpuRegisters : IDisposable
{
    private const int Words = 32 + 1 + Cpu.Csr.BankSize + (32 * 4);

    private readonly ulong* _block = (ulong*)NativeMemory.AlignedAlloc(Words * sizeof(ulong), 64);

    internal VcpuRegisters() => NativeMemory.Clear(_block, Words * sizeof(ulong));

    /// <summary>r0 to r31; r0 is 0.</summary>
    internal ulong* Gpr => _block;

    /// <summary>CSRs: the guest CSR file's while not loaded, and those that only software keeps.</summary>
    internal ulong* Csr => _block + 32;

    /// <summary>Vector registers, 32 bytes each.</summary>
    internal ulong* Vector => _block + 32 + Cpu.Csr.BankSize;

    /// <summary>Next instruction.</summary>
    internal ulong Pc { get; set; }

    /// <summary>FCSR0.</summary>
    internal uint Fcsr { get; set; }

    /// <summary>fcc0 to fcc7, a byte each.</summary>
    internal ulong Fcc { get; set; }

    public void Dispose() => NativeMemory.AlignedFree(_block);
}
