namespace LaKvm.Ioctl;

/// <summary>An in-kernel device's descriptor.</summary>
public sealed unsafe class Device : DescriptorHandle
{
    internal Device(HostProcess process, int fd)
        : base(process, fd)
    {
    }

    /// <summary>KVM_SET_DEVICE_ATTR; of the value as many bytes are taken as the attribute has.</summary>
    public void SetAttribute(uint group, ulong attribute, ulong value)
    {
        var attr = new KvmDeviceAttr { Group = group, Attribute = attribute, Address = (nint)(&value) };
        Call(KvmIoctl.SetDeviceAttr, ref attr);
    }

    /// <summary>KVM_GET_DEVICE_ATTR.</summary>
    public ulong GetAttribute(uint group, ulong attribute)
    {
        ulong value = 0;
        var attr = new KvmDeviceAttr { Group = group, Attribute = attribute, Address = (nint)(&value) };
        Call(KvmIoctl.GetDeviceAttr, ref attr);
        return value;
    }
}
