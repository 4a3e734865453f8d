using System.Runtime.InteropServices;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// Registers of a vCPU (struct kvm_vcpu_arch), in memory that does not move. The general registers are in the core
/// while the vCPU is loaded, so that no exit copies them.
/// </summary>
internal sealed unsafe class VcpuRegisters : IDisposable
{
    private const int Words = 32 + 1 + Cpu.Csr.BankSize + (32 * 4);

    private readonly ulong* _block = (ulong*)NativeMemory.AlignedAlloc(Words * sizeof(ulong), 64);

    /// <summary>Registers as a vCPU with a number has them when it is made.</summary>
    internal VcpuRegisters(int id)
    {
        NativeMemory.Clear(_block, Words * sizeof(ulong));
        Gpr = _block;
        Csr[Cpu.Csr.Crmd] = Crmd.Da;
        Csr[Cpu.Csr.Asid] = CsrTable.Find(Cpu.Csr.Asid)!.Reset;
        Csr[Cpu.Csr.Stlbps] = CsrTable.Find(Cpu.Csr.Stlbps)!.Reset;
        Csr[Cpu.Csr.Tid] = (ulong)id;
        Csr[Cpu.Csr.Cpuid] = KvmLimits.MaxPhysicalId; // not set yet
    }

    /// <summary>r0 to r31, here or in the core; r0 is 0.</summary>
    internal ulong* Gpr { get; private set; }

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

    /// <summary>Writes a general register; r0 stays 0.</summary>
    internal void Write(int register, ulong value)
    {
        if (register != 0)
        {
            Gpr[register] = value;
        }
    }

    /// <summary>
    /// Moves the general registers into a core's. Word by word: one has just been stored if user space was asked for
    /// it, and the host would have a load of several words wait until that has left its store buffer.
    /// </summary>
    internal void LoadGpr(ulong* core)
    {
        for (int i = 0; i < 32; i += 4)
        {
            core[i] = _block[i];
            core[i + 1] = _block[i + 1];
            core[i + 2] = _block[i + 2];
            core[i + 3] = _block[i + 3];
        }

        Gpr = core;
    }

    /// <summary>Takes the general registers back from the core.</summary>
    internal void PutGpr()
    {
        const int bytes = 32 * sizeof(ulong);
        Buffer.MemoryCopy(Gpr, _block, bytes, bytes);
        Gpr = _block;
    }

    public void Dispose() => NativeMemory.AlignedFree(_block);
}
