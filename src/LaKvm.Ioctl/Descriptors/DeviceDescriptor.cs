using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>An in-kernel device. Closing it leaves the device in its VM.</summary>
public sealed class DeviceDescriptor : Descriptor
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
    public override int Ioctl(HostProcess process, uint request, UserPointer argument)
    {
        if (process.AddressSpace != _owner.Vm.AddressSpace || _owner.Vm.Dead)
        {
            return Result(Errno.Io);
        }

        if (request == KvmIoctl.HasDeviceAttr)
        {
            return Result(Errno.Perm); // none of the devices can tell
        }

        if (request is not (KvmIoctl.GetDeviceAttr or KvmIoctl.SetDeviceAttr))
        {
            return Result(Errno.NoTty);
        }

        if (!argument.TryRead(out KvmDeviceAttr attr))
        {
            return Result(Errno.Fault);
        }

        int size = _device.AttributeSize(attr.Group, attr.Attribute);
        if (size == KvmDevice.NoAttribute)
        {
            return Result(Errno.Inval);
        }

        UserPointer value = argument.To(attr.Address);
        return Result(request == KvmIoctl.SetDeviceAttr ? Set(attr, value, size) : Get(attr, value, size));
    }

    /// <inheritdoc/>
    protected internal override void Release() => _owner.Drop();

    private Errno Set(KvmDeviceAttr attr, UserPointer from, int size)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        bytes.Clear();
        return from.TryRead(bytes[..size])
            ? _device.SetAttribute(attr.Group, attr.Attribute, BitConverter.ToUInt64(bytes))
            : Errno.Fault;
    }

    private Errno Get(KvmDeviceAttr attr, UserPointer to, int size)
    {
        Errno error = _device.GetAttribute(attr.Group, attr.Attribute, out ulong value);
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BitConverter.TryWriteBytes(bytes, value);
        return error != Errno.None ? error : to.TryWrite(bytes[..size]) ? Errno.None : Errno.Fault;
    }
}
