using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>/dev/kvm.</summary>
public sealed class SystemDescriptor : Descriptor
{
    /// <summary>Version of the interface.</summary>
    public const int ApiVersion = 12;

    private readonly KvmModule _module;

    internal SystemDescriptor(KvmModule module) => _module = module;

    /// <inheritdoc/>
    public override string Name => HostProcess.KvmDevice;

    /// <inheritdoc/>
    public override int Ioctl(HostProcess process, uint request, UserPointer argument) => request switch
    {
        KvmIoctl.GetApiVersion => argument.IsNull ? ApiVersion : Result(Errno.Inval),
        KvmIoctl.CreateVm => CreateVm(process),
        KvmIoctl.CheckExtension => Capabilities.Check(_module, (ulong)argument.Value),
        KvmIoctl.GetVcpuMmapSize => argument.IsNull ? VcpuMmapSize : Result(Errno.Inval),
        _ => Result(Errno.NoTty),
    };

    /// <summary>Bytes to map of a vCPU: the run page and the page of coalesced MMIO.</summary>
    private int VcpuMmapSize => (int)(2 * _module.Machine.Pages.PageSize);

    private int CreateVm(HostProcess process)
    {
        HostThread.Current.GiveUpCore(); // the first VM is waited for by all cores
        KvmVm vm = _module.CreateVm(process.AddressSpace);
        vm.Log = process.Log;
        return process.Install(new VmDescriptor(vm));
    }
}
