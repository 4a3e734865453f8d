namespace LaKvm.Hypervisor;

/// <summary>Device types of KVM_CREATE_DEVICE.</summary>
public enum KvmDeviceType : uint
{
    /// <summary>Inter-processor interrupts.</summary>
    Ipi = 12,

    /// <summary>Extended I/O interrupt controller.</summary>
    Eiointc = 13,

    /// <summary>Interrupt controller of the bridge.</summary>
    PchPic = 14,
}

/// <summary>
/// A device that the hypervisor hosts for a VM. Its registers are reached by the guest through the I/O buses and by
/// user space through attributes; it lives as long as the VM.
/// </summary>
public abstract class KvmDevice
{
    private protected KvmDevice(KvmVm vm, KvmDeviceType type)
    {
        Vm = vm;
        Type = type;
    }

    /// <summary>Kind of device.</summary>
    public KvmDeviceType Type { get; }

    private protected KvmVm Vm { get; }

    /// <summary>
    /// What <see cref="AttributeSize"/> says of an attribute that does not exist, whatever the direction.
    /// </summary>
    public const int NoAttribute = -1;

    /// <summary>
    /// Bytes of an attribute's value: 1, 4 or 8; 0 if it is an order that takes none; or <see cref="NoAttribute"/>.
    /// </summary>
    public abstract int AttributeSize(uint group, ulong attribute);

    /// <summary>Reads an attribute.</summary>
    public abstract Errno GetAttribute(uint group, ulong attribute, out ulong value);

    /// <summary>Writes an attribute.</summary>
    public abstract Errno SetAttribute(uint group, ulong attribute, ulong value);
}
