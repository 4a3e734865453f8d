using System.Runtime.InteropServices;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// What user code has in the core while it runs: registers of a thread, in memory that does not move.
/// </summary>
public sealed unsafe class UserRegisters : IDisposable
{
    private const int GprWords = 32, VectorWords = 32 * 4;
    private const int GprBytes = GprWords * sizeof(ulong), VectorBytes = VectorWords * sizeof(ulong);

    private readonly ulong* _block = (ulong*)NativeMemory.AlignedAlloc(GprBytes + VectorBytes, 64);

    /// <summary>All registers 0.</summary>
    public UserRegisters() => NativeMemory.Clear(_block, GprBytes + VectorBytes);

    /// <summary>r0 to r31; r0 is 0.</summary>
    public Span<ulong> Gpr => new(_block, GprWords);

    /// <summary>Vector registers, four words each, of which the first is the floating-point register.</summary>
    public Span<ulong> Vector => new(_block + GprWords, VectorWords);

    /// <summary>Next instruction.</summary>
    public ulong Pc { get; set; }

    /// <summary>FCSR0.</summary>
    public uint Fcsr { get; set; }

    /// <summary>fcc0 to fcc7, a byte each.</summary>
    public ulong Fcc { get; set; }

    /// <summary>Takes over another thread's registers.</summary>
    public void CopyFrom(UserRegisters other)
    {
        Buffer.MemoryCopy(other._block, _block, GprBytes + VectorBytes, GprBytes + VectorBytes);
        (Pc, Fcsr, Fcc) = (other.Pc, other.Fcsr, other.Fcc);
    }

    /// <summary>Frees the memory; the thread does not run any more.</summary>
    public void Dispose() => NativeMemory.AlignedFree(_block);

    internal void Load(CpuState* core)
    {
        _block[0] = 0;
        Buffer.MemoryCopy(_block, core->Gpr, GprBytes, GprBytes);
        Buffer.MemoryCopy(_block + GprWords, core->Vr, VectorBytes, VectorBytes);
        core->Fcsr = Fcsr;
        *(ulong*)core->Fcc = Fcc;
    }

    internal void Save(CpuState* core)
    {
        Buffer.MemoryCopy(core->Gpr, _block, GprBytes, GprBytes);
        Buffer.MemoryCopy(core->Vr, _block + GprWords, VectorBytes, VectorBytes);
        Fcsr = core->Fcsr;
        Fcc = *(ulong*)core->Fcc;
    }
}
