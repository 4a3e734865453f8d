namespace LaKvm.Ioctl;

/// <summary>The open /dev/kvm.</summary>
public sealed class Kvm : DescriptorHandle
{
    private Kvm(HostProcess process, int fd)
        : base(process, fd)
    {
    }

    /// <summary>Bytes that a vCPU's mapping needs (KVM_GET_VCPU_MMAP_SIZE).</summary>
    public int VcpuMmapSize => Call(KvmIoctl.GetVcpuMmapSize, 0);

    /// <summary>Opens the device and checks the version of the interface.</summary>
    /// <exception cref="KvmException">The machine has no KVM, or another one.</exception>
    public static Kvm Open(HostProcess process)
    {
        int fd = Check(process.Open(HostProcess.KvmDevice), "open " + HostProcess.KvmDevice);
        var kvm = new Kvm(process, fd);
        int version = kvm.Call(KvmIoctl.GetApiVersion, 0);
        return version == SystemDescriptor.ApiVersion
            ? kvm
            : throw new KvmException($"KVM_GET_API_VERSION gives {version}, which this VMM does not know;", 0);
    }

    /// <summary>KVM_CHECK_EXTENSION: 0 where there is none.</summary>
    public int CheckExtension(KvmCap capability) => Call(KvmIoctl.CheckExtension, (nint)capability);

    /// <summary>KVM_CREATE_VM.</summary>
    public Vm CreateVm() => new(Process, Call(KvmIoctl.CreateVm, 0));
}
