using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>What a program's mapping of a vCPU shows: the run page and the rings. It keeps the vCPU alive.</summary>
internal sealed class VcpuPages(Descriptor owner, KvmVcpu vcpu, ulong pageSize) : HostMemoryObject
{
    /// <inheritdoc/>
    public override Errno GetPage(ulong offset, out ulong page)
    {
        ulong? physical = vcpu.Shared.PhysicalPage(offset / pageSize);
        page = physical ?? 0;
        return physical == null ? Errno.Fault : Errno.None;
    }

    /// <inheritdoc/>
    public override void Attach(HostAddressSpace space) => owner.TryHold();

    /// <inheritdoc/>
    public override void Detach(HostAddressSpace space) => owner.Drop();
}
