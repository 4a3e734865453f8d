using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>/dev/kvm.</summary>
public sealed class SystemDescriptor : Descriptor
{
    /// <summary>Version of the interface.</summary>
    public const int ApiVersion = 12;

    /// <summary>Bytes to map of a vCPU: the run page and the page of coalesced MMIO.</summary>
    public const int VcpuMmapSize = (int)(2 * HostPages.PageSize);

    private readonly KvmModule _module;

    internal SystemDescriptor(KvmModule module) => _module = module;

    /// <inheritdoc/>
    public override string Name => HostProcess.KvmDevice;

    /// <inheritdoc/>
    public override int Ioctl(HostProcess process, uint request, nint argument) => request switch
    {
        KvmIoctl.GetApiVersion => argument == 0 ? ApiVersion : Result(Errno.Inval),
        KvmIoctl.CreateVm => CreateVm(process),
        KvmIoctl.CheckExtension => Capabilities.Check(_module, (ulong)argument),
        KvmIoctl.GetVcpuMmapSize => argument == 0 ? VcpuMmapSize : Result(Errno.Inval),
        _ => Result(Errno.NoTty),
    };

    private int CreateVm(HostProcess process)
    {
        KvmVm vm;
        try
        {
            vm = _module.CreateVm(process.AddressSpace);
        }
        catch (OutOfMemoryException)
        {
            return Result(Errno.NoMem);
        }

        vm.Log = process.Log;
        return process.Install(new VmDescriptor(vm));
    }
}
