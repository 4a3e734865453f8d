using System.Runtime.InteropServices;

namespace LaKvm.Ioctl;

/// <summary>struct kvm_userspace_memory_region, and the beginning of its second version.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
public struct KvmUserspaceMemoryRegion
{
    /// <summary>Slot number; address space in the high half.</summary>
    [FieldOffset(0)] public uint Slot;

    /// <summary>1 logs dirty pages, 2 makes it read-only.</summary>
    [FieldOffset(4)] public uint Flags;

    /// <summary>Guest-physical address.</summary>
    [FieldOffset(8)] public ulong GuestPhysicalAddress;

    /// <summary>Bytes; 0 deletes.</summary>
    [FieldOffset(16)] public ulong MemorySize;

    /// <summary>Address in the process.</summary>
    [FieldOffset(24)] public ulong UserspaceAddress;
}

/// <summary>struct kvm_userspace_memory_region2.</summary>
[StructLayout(LayoutKind.Explicit, Size = 160)]
public struct KvmUserspaceMemoryRegion2
{
    /// <summary>The first version's fields.</summary>
    [FieldOffset(0)] public KvmUserspaceMemoryRegion Region;

    /// <summary>Not supported.</summary>
    [FieldOffset(32)] public ulong GuestMemfdOffset;

    /// <summary>Not supported.</summary>
    [FieldOffset(40)] public uint GuestMemfd;
}

/// <summary>struct kvm_dirty_log.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct KvmDirtyLog
{
    /// <summary>Slot number.</summary>
    [FieldOffset(0)] public uint Slot;

    /// <summary>Where the bits go: 8 bytes for each 64 pages begun.</summary>
    [FieldOffset(8)] public nint DirtyBitmap;
}

/// <summary>struct kvm_clear_dirty_log.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct KvmClearDirtyLog
{
    /// <summary>Slot number.</summary>
    [FieldOffset(0)] public uint Slot;

    /// <summary>Pages.</summary>
    [FieldOffset(4)] public uint PageCount;

    /// <summary>First page.</summary>
    [FieldOffset(8)] public ulong FirstPage;

    /// <summary>Bits to clear.</summary>
    [FieldOffset(16)] public nint DirtyBitmap;
}

/// <summary>struct kvm_coalesced_mmio_zone.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct KvmCoalescedMmioZone
{
    /// <summary>Guest-physical address.</summary>
    [FieldOffset(0)] public ulong Address;

    /// <summary>Bytes.</summary>
    [FieldOffset(8)] public uint Size;

    /// <summary>1 for port I/O.</summary>
    [FieldOffset(12)] public uint Pio;
}

/// <summary>struct kvm_irq_level.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
public struct KvmIrqLevel
{
    /// <summary>GSI.</summary>
    [FieldOffset(0)] public uint Irq;

    /// <summary>Out, for KVM_IRQ_LINE_STATUS: what became of it.</summary>
    [FieldOffset(0)] public int Status;

    /// <summary>0 or 1.</summary>
    [FieldOffset(4)] public uint Level;
}

/// <summary>Head of struct kvm_irq_routing; the entries follow.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
public struct KvmIrqRouting
{
    /// <summary>Number of entries.</summary>
    [FieldOffset(0)] public uint Count;

    /// <summary>0.</summary>
    [FieldOffset(4)] public uint Flags;
}

/// <summary>struct kvm_irq_routing_entry.</summary>
[StructLayout(LayoutKind.Explicit, Size = 48)]
public struct KvmIrqRoutingEntry
{
    /// <summary>Type of an entry that names a pin of the interrupt controller.</summary>
    public const uint TypeIrqChip = 1;

    /// <summary>Type of an entry that is a message.</summary>
    public const uint TypeMsi = 2;

    /// <summary>Global interrupt number.</summary>
    [FieldOffset(0)] public uint Gsi;

    /// <summary>Type.</summary>
    [FieldOffset(4)] public uint Type;

    /// <summary>0.</summary>
    [FieldOffset(8)] public uint Flags;

    /// <summary>Controller, 0.</summary>
    [FieldOffset(16)] public uint IrqChip;

    /// <summary>Pin.</summary>
    [FieldOffset(20)] public uint Pin;

    /// <summary>Message address, low half.</summary>
    [FieldOffset(16)] public uint AddressLow;

    /// <summary>Message address, high half.</summary>
    [FieldOffset(20)] public uint AddressHigh;

    /// <summary>Message data.</summary>
    [FieldOffset(24)] public uint Data;
}

/// <summary>struct kvm_irqfd.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
public struct KvmIrqFd
{
    /// <summary>Event descriptor.</summary>
    [FieldOffset(0)] public int Fd;

    /// <summary>GSI.</summary>
    [FieldOffset(4)] public uint Gsi;

    /// <summary>1 deassigns, 2 resamples.</summary>
    [FieldOffset(8)] public uint Flags;

    /// <summary>Event descriptor signalled when a level interrupt is acknowledged.</summary>
    [FieldOffset(12)] public int ResampleFd;
}

/// <summary>struct kvm_ioeventfd.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
public struct KvmIoEventFd
{
    /// <summary>Value to match.</summary>
    [FieldOffset(0)] public ulong DataMatch;

    /// <summary>Guest-physical address.</summary>
    [FieldOffset(8)] public ulong Address;

    /// <summary>1, 2, 4 or 8 bytes, or 0 for any.</summary>
    [FieldOffset(16)] public uint Length;

    /// <summary>Event descriptor.</summary>
    [FieldOffset(20)] public int Fd;

    /// <summary>1 matches data, 2 is port I/O, 4 deassigns.</summary>
    [FieldOffset(24)] public uint Flags;
}

/// <summary>struct kvm_msi.</summary>
[StructLayout(LayoutKind.Explicit, Size = 32)]
public struct KvmMsi
{
    /// <summary>Message address, low half.</summary>
    [FieldOffset(0)] public uint AddressLow;

    /// <summary>Message address, high half.</summary>
    [FieldOffset(4)] public uint AddressHigh;

    /// <summary>Message data.</summary>
    [FieldOffset(8)] public uint Data;

    /// <summary>0.</summary>
    [FieldOffset(12)] public uint Flags;
}

/// <summary>struct kvm_create_device.</summary>
[StructLayout(LayoutKind.Explicit, Size = 12)]
public struct KvmCreateDevice
{
    /// <summary>Device type.</summary>
    [FieldOffset(0)] public uint Type;

    /// <summary>Out: descriptor.</summary>
    [FieldOffset(4)] public int Fd;

    /// <summary>1 only tests.</summary>
    [FieldOffset(8)] public uint Flags;
}

/// <summary>struct kvm_device_attr.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct KvmDeviceAttr
{
    /// <summary>0.</summary>
    [FieldOffset(0)] public uint Flags;

    /// <summary>Group.</summary>
    [FieldOffset(4)] public uint Group;

    /// <summary>Attribute.</summary>
    [FieldOffset(8)] public ulong Attribute;

    /// <summary>Where the value is.</summary>
    [FieldOffset(16)] public nint Address;
}

/// <summary>struct kvm_one_reg.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct KvmOneReg
{
    /// <summary>Field of <see cref="Id"/> that says how wide the register is (KVM_REG_SIZE_MASK).</summary>
    internal const ulong SizeMask = 0x00f0_0000_0000_0000;

    /// <summary>Its value for 64 bits, the only width there is (KVM_REG_SIZE_U64).</summary>
    internal const ulong Size64 = 0x0030_0000_0000_0000;

    /// <summary>Register.</summary>
    [FieldOffset(0)] public ulong Id;

    /// <summary>Where the value is.</summary>
    [FieldOffset(8)] public nint Address;
}

/// <summary>struct kvm_enable_cap.</summary>
[StructLayout(LayoutKind.Explicit, Size = 104)]
public unsafe struct KvmEnableCap
{
    /// <summary>Capability.</summary>
    [FieldOffset(0)] public KvmCap Cap;

    /// <summary>0.</summary>
    [FieldOffset(4)] public uint Flags;

    /// <summary>Arguments.</summary>
    [FieldOffset(8)] public fixed ulong Arguments[4];
}

/// <summary>struct kvm_translation, whose ioctl this architecture refuses.</summary>
[StructLayout(LayoutKind.Sequential, Size = 24)]
internal struct KvmTranslation;

/// <summary>struct kvm_guest_debug.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
public struct KvmGuestDebug
{
    /// <summary>1 enables, 2 steps, 0x10000 uses software breakpoints.</summary>
    [FieldOffset(0)] public uint Control;
}

/// <summary>struct kvm_stats_header.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
public struct KvmStatsHeader
{
    /// <summary>0.</summary>
    [FieldOffset(0)] public uint Flags;

    /// <summary>Bytes of a name, with its terminating zero.</summary>
    [FieldOffset(4)] public uint NameSize;

    /// <summary>Number of descriptors.</summary>
    [FieldOffset(8)] public uint DescriptorCount;

    /// <summary>Where the id string is.</summary>
    [FieldOffset(12)] public uint IdOffset;

    /// <summary>Where the descriptors are.</summary>
    [FieldOffset(16)] public uint DescriptorOffset;

    /// <summary>Where the values are.</summary>
    [FieldOffset(20)] public uint DataOffset;
}

/// <summary>struct kvm_stats_desc; the name follows.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
public struct KvmStatsDescriptor
{
    /// <summary>Type, unit and base.</summary>
    [FieldOffset(0)] public uint Flags;

    /// <summary>Exponent of the unit.</summary>
    [FieldOffset(4)] public short Exponent;

    /// <summary>Number of 64-bit values.</summary>
    [FieldOffset(6)] public ushort Size;

    /// <summary>Offset in the data block.</summary>
    [FieldOffset(8)] public uint Offset;

    /// <summary>Width of a linear histogram's buckets.</summary>
    [FieldOffset(12)] public uint BucketSize;
}
