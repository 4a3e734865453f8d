namespace LaKvm.Cpu;

public sealed unsafe partial class Core
{
    /// <summary>
    /// Load of <paramref name="size"/> bytes that the software TLB did not answer: translates, fills the software TLB,
    /// splits unaligned accesses, reads MMIO. On a trap <see cref="CpuState.TrapAddress"/> is set.
    /// </summary>
    public Trap LoadSlow(ulong va, int size, void* value) => throw new NotImplementedException();

    /// <summary>Store counterpart of <see cref="LoadSlow"/>; all bytes are stored or none.</summary>
    public Trap StoreSlow(ulong va, int size, void* value) => throw new NotImplementedException();

    /// <summary>Slow path of <see cref="MemoryAccess.AtomicPointer"/>: unaligned raises ALE.</summary>
    public Trap AtomicPointerSlow(ulong va, int size, out byte* pointer) => throw new NotImplementedException();

    /// <summary>To be called after a host atomic has changed memory at <paramref name="va"/> through a pointer.</summary>
    public void AtomicStored(ulong va, byte* pointer) => throw new NotImplementedException();

    /// <summary>
    /// Translates an instruction address of the current mode. On success <paramref name="pointer"/> is the host address
    /// of the instruction (null if it is not RAM) and <paramref name="physical"/> its physical address; both are valid
    /// up to the end of the 4 KiB page until the next <see cref="Trap.Refetch"/> or handled attention.
    /// </summary>
    public Trap TranslateFetch(ulong va, out byte* pointer, out ulong physical) => throw new NotImplementedException();
}
