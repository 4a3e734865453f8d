using System.Runtime.InteropServices;

namespace LaKvm.Hypervisor;

/// <summary>Why KVM_RUN returned (KVM_EXIT_*).</summary>
public enum KvmExitReason : uint
{
    /// <summary>Nothing to be done by user space.</summary>
    Unknown = 0,

    /// <summary>A hypercall for user space.</summary>
    Hypercall = 3,

    /// <summary>A software breakpoint of the debugger.</summary>
    Debug = 4,

    /// <summary>An access to a guest-physical address without memory.</summary>
    Mmio = 6,

    /// <summary>A signal is pending; KVM_RUN fails with EINTR.</summary>
    Intr = 10,

    /// <summary>The hypervisor found itself in a state that cannot be.</summary>
    InternalError = 17,

    /// <summary>Shutdown or reset asked for by the guest; never produced here, devices of user space do that.</summary>
    SystemEvent = 24,

    /// <summary>The vCPU's dirty ring must be emptied.</summary>
    DirtyRingFull = 31,

    /// <summary>An access to an IOCSR that the hypervisor does not model.</summary>
    LoongArchIocsr = 38,
}

/// <summary>
/// The page that a vCPU shares with its user: struct kvm_run, 2352 bytes. The union at offset 32 is laid out once per
/// exit reason.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
public unsafe struct KvmRun
{
    /// <summary>Size of the structure.</summary>
    public const int SizeInBytes = 2352;

    /// <summary>In: KVM_RUN returns at once with EINTR, after completing the last exit.</summary>
    [FieldOffset(1)] public byte ImmediateExit;

    /// <summary>Out: why KVM_RUN returned.</summary>
    [FieldOffset(8)] public KvmExitReason ExitReason;

    /// <summary>Out: always 0 on this architecture.</summary>
    [FieldOffset(14)] public ushort Flags;

    /// <summary>MMIO and IOCSR: the address.</summary>
    [FieldOffset(32)] public ulong PhysicalAddress;

    /// <summary>MMIO and IOCSR: low bytes first; user space fills it for a read.</summary>
    [FieldOffset(40)] public ulong Data;

    /// <summary>MMIO and IOCSR: bytes.</summary>
    [FieldOffset(48)] public uint Length;

    /// <summary>MMIO and IOCSR: 1 for a write.</summary>
    [FieldOffset(52)] public byte IsWrite;

    /// <summary>Hypercall: its number.</summary>
    [FieldOffset(32)] public ulong HypercallNumber;

    /// <summary>Hypercall: a0 to a5.</summary>
    [FieldOffset(40)] public fixed ulong HypercallArguments[6];

    /// <summary>Hypercall: the value for a0, set by user space.</summary>
    [FieldOffset(88)] public ulong HypercallResult;

    /// <summary>Hypercall: always 0.</summary>
    [FieldOffset(96)] public ulong HypercallFlags;

    /// <summary>Internal error: what went wrong.</summary>
    [FieldOffset(32)] public uint InternalSuberror;

    /// <summary>Internal error: number of data words that follow.</summary>
    [FieldOffset(36)] public uint InternalDataCount;

    /// <summary>Register sets valid in this page; none on this architecture.</summary>
    [FieldOffset(288)] public ulong ValidRegisters;

    /// <summary>Register sets that user space changed; none on this architecture.</summary>
    [FieldOffset(296)] public ulong DirtyRegisters;
}

/// <summary>One write in the ring of coalesced MMIO (struct kvm_coalesced_mmio).</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct CoalescedMmioEntry
{
    /// <summary>Guest-physical address.</summary>
    [FieldOffset(0)] public ulong PhysicalAddress;

    /// <summary>Bytes written.</summary>
    [FieldOffset(8)] public uint Length;

    /// <summary>1 for port I/O, which does not exist here.</summary>
    [FieldOffset(12)] public uint Pio;

    /// <summary>Data, low byte first.</summary>
    [FieldOffset(16)] public ulong Data;
}

/// <summary>Head of the page of coalesced MMIO; the entries follow at offset 8.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
public struct CoalescedMmioRing
{
    /// <summary>Entries in a page of a size behind the head; one of them stays empty.</summary>
    public static uint Capacity(ulong pageSize) => (uint)((pageSize - 8) / 24);

    /// <summary>Next entry that user space takes.</summary>
    [FieldOffset(0)] public uint First;

    /// <summary>Next entry that the hypervisor fills.</summary>
    [FieldOffset(4)] public uint Last;
}

/// <summary>One page in a dirty ring (struct kvm_dirty_gfn).</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct DirtyGfn
{
    /// <summary>Flags value: the hypervisor has filled the entry.</summary>
    public const uint Dirty = 1;

    /// <summary>Flags value: user space has harvested the entry.</summary>
    public const uint Reset = 2;

    /// <summary>State of the entry.</summary>
    [FieldOffset(0)] public uint Flags;

    /// <summary>Slot number (address space in the high half, always 0).</summary>
    [FieldOffset(4)] public uint Slot;

    /// <summary>Index of the page in its slot.</summary>
    [FieldOffset(8)] public ulong Offset;
}

/// <summary>What the guest reads about the time it was not given (struct kvm_steal_time).</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct StealTime
{
    /// <summary>Nanoseconds stolen.</summary>
    [FieldOffset(0)] public ulong Steal;

    /// <summary>Odd while the hypervisor writes.</summary>
    [FieldOffset(8)] public uint Version;

    /// <summary>Always 0.</summary>
    [FieldOffset(12)] public uint Flags;

    /// <summary>1 while the vCPU is off its CPU although it could run.</summary>
    [FieldOffset(16)] public byte Preempted;
}

/// <summary>Registers of KVM_GET_REGS (struct kvm_regs).</summary>
[StructLayout(LayoutKind.Sequential, Size = 264)]
public unsafe struct KvmRegs
{
    /// <summary>r0 to r31.</summary>
    public fixed ulong Gpr[32];

    /// <summary>Program counter.</summary>
    public ulong Pc;
}

/// <summary>Registers of KVM_GET_FPU (struct kvm_fpu).</summary>
[StructLayout(LayoutKind.Explicit, Size = 1040)]
public unsafe struct KvmFpu
{
    /// <summary>FCSR0.</summary>
    [FieldOffset(0)] public uint Fcsr;

    /// <summary>fcc0 to fcc7, a byte each.</summary>
    [FieldOffset(8)] public ulong Fcc;

    /// <summary>32 vector registers of four words, low word first.</summary>
    [FieldOffset(16)] public fixed ulong Registers[128];
}
