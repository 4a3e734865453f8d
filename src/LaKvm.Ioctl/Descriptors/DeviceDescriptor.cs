using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>An in-kernel device. Closing it leaves the device in its VM.</summary>
public sealed unsafe class DeviceDescriptor : Descriptor
{
    private readonly VmDescriptor _owner;
    private readonly KvmDevice _device;

    internal DeviceDescriptor(VmDescriptor owner, KvmDevice device)
    {
        _owner = owner;
        _device = device;
    }

    /// <inheritdoc/>
    public override string Name => _device.Type switch
    {
        KvmDeviceType.Ipi => "anon_inode:kvm-loongarch-ipi",
        KvmDeviceType.Eiointc => "anon_inode:kvm-loongarch-eiointc",
        _ => "anon_inode:kvm-loongarch-pch-pic",
    };

    /// <inheritdoc/>
    public override int Ioctl(HostProcess process, uint request, nint argument)
    {
        if (request == KvmIoctl.HasDeviceAttr)
        {
            return Result(Errno.Perm); // none of the devices can tell
        }

        if (request is not (KvmIoctl.GetDeviceAttr or KvmIoctl.SetDeviceAttr))
        {
            return Result(Errno.NoTty);
        }

        if (!TryRead(argument, out KvmDeviceAttr attr))
        {
            return Result(Errno.Fault);
        }

        int size = _device.AttributeSize(attr.Group, attr.Attribute);
        if (size == 0)
        {
            return Result(Errno.Inval);
        }

        return Result(request == KvmIoctl.SetDeviceAttr ? Set(attr, size) : Get(attr, size));
    }

    /// <inheritdoc/>
    protected internal override void Release() => _owner.DropReference();

    /// <summary>An attribute that is only an order takes no value.</summary>
    private Errno Set(KvmDeviceAttr attr, int size)
    {
        ulong value = 0;
        if (attr.Address != 0)
        {
            value = size switch
            {
                1 => *(byte*)attr.Address,
                4 => *(uint*)attr.Address,
                _ => *(ulong*)attr.Address,
            };
        }

        return _device.SetAttribute(attr.Group, attr.Attribute, value);
    }

    private Errno Get(KvmDeviceAttr attr, int size)
    {
        if (attr.Address == 0)
        {
            return Errno.Fault;
        }

        Errno error = _device.GetAttribute(attr.Group, attr.Attribute, out ulong value);
        if (error != Errno.None)
        {
            return error;
        }

        switch (size)
        {
            case 1:
                *(byte*)attr.Address = (byte)value;
                break;
            case 4:
                *(uint*)attr.Address = (uint)value;
                break;
            default:
                *(ulong*)attr.Address = value;
                break;
        }

        return Errno.None;
    }
}
