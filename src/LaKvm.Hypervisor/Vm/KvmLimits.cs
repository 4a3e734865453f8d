namespace LaKvm.Hypervisor;

/// <summary>Sizes and limits of this KVM.</summary>
public static class KvmLimits
{
    /// <summary>vCPUs of a VM, and highest vCPU id plus one.</summary>
    public const int MaxVcpus = 256;

    /// <summary>Physical ids (CSR.CPUID) of a VM.</summary>
    public const int MaxPhysicalId = 256;

    /// <summary>Memory slots of a VM.</summary>
    public const int MemorySlots = 32767;

    /// <summary>log2 of the guest-physical address space: 2^47.</summary>
    public const int GpaBits = 47;

    /// <summary>Entries of the routing table.</summary>
    public const int IrqRoutes = 4096;

    /// <summary>Pins of the interrupt controller that routes name.</summary>
    public const int IrqChipPins = 64;

    /// <summary>Devices of one I/O bus.</summary>
    public const int IoBusDevices = 1000;

    /// <summary>CPUCFG words of a vCPU.</summary>
    public const int CpucfgWords = 21;

    /// <summary>Pages that a vCPU takes in advance for its second-stage tables.</summary>
    public const int MmuCacheObjects = 40;

    /// <summary>Longest halt polling by default, in nanoseconds.</summary>
    public const uint HaltPollNs = 500_000;

    /// <summary>Largest dirty ring of a vCPU, in bytes.</summary>
    public const uint DirtyRingMaxBytes = 65536 * 16;

    /// <summary>Page of the vCPU's mapping that holds the ring of coalesced MMIO.</summary>
    public const int CoalescedMmioPageOffset = 1;

    /// <summary>First page of the vCPU's mapping that holds the dirty ring.</summary>
    public const int DirtyRingPageOffset = 64;
}
