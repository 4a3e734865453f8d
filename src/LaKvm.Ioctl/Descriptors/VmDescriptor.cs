using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>A VM. Its vCPUs and devices keep it alive when its own descriptor is closed.</summary>
public sealed unsafe partial class VmDescriptor : Descriptor
{
    private const int SlotFlagsV1 = 3;
    private const uint MemfdFlag = 4;
    private const uint GroupFeatures = 0;

    private readonly KvmVm _vm;
    private int _references = 1;

    internal VmDescriptor(KvmVm vm) => _vm = vm;

    /// <inheritdoc/>
    public override string Name => "anon_inode:kvm-vm";

    /// <summary>The hypervisor's object, for tools in this process: statistics and tracepoints.</summary>
    public KvmVm Vm => _vm;

    /// <inheritdoc/>
    public override int Ioctl(HostProcess process, uint request, nint argument)
    {
        if (process.AddressSpace != _vm.AddressSpace || _vm.Dead)
        {
            return Result(Errno.Io);
        }

        switch (request)
        {
            case KvmIoctl.CreateVcpu:
                return CreateVcpu(process, (ulong)argument);
            case KvmIoctl.CheckExtension:
                return Capabilities.Check(_vm.Module, (ulong)argument);
            case KvmIoctl.CreateIrqChip:
                return 0; // the controllers are devices of their own
            case KvmIoctl.ResetDirtyRings:
                Errno error = _vm.ResetDirtyRings(out int count);
                return error == Errno.None ? count : Result(error);
            case KvmIoctl.GetStatsFd:
                return process.Install(new StatsDescriptor(
                    $"kvm-{process.Id}", "anon_inode:kvm-vm-stats", _vm.Statistics));
            default:
                return IoctlWithArgument(process, request, argument);
        }
    }

    /// <inheritdoc/>
    protected internal override void Release() => DropReference();

    /// <summary>A vCPU or device of the VM has a descriptor of its own.</summary>
    internal void AddReference() => Interlocked.Increment(ref _references);

    /// <summary>A descriptor is closed; the last one destroys the VM.</summary>
    internal void DropReference()
    {
        if (Interlocked.Decrement(ref _references) == 0)
        {
            _vm.Dispose();
        }
    }

    private int IoctlWithArgument(HostProcess process, uint request, nint argument)
    {
        switch (request)
        {
            case KvmIoctl.SetUserMemoryRegion:
                return TryRead(argument, out KvmUserspaceMemoryRegion region)
                    ? Result(SetRegion(region))
                    : Result(Errno.Fault);
            case KvmIoctl.SetUserMemoryRegion2:
                return TryRead(argument, out KvmUserspaceMemoryRegion2 region2)
                    ? Result(SetRegion(region2.Region))
                    : Result(Errno.Fault);
            case KvmIoctl.GetDirtyLog:
                return TryRead(argument, out KvmDirtyLog log) ? Result(GetDirtyLog(log)) : Result(Errno.Fault);
            case KvmIoctl.ClearDirtyLog:
                return TryRead(argument, out KvmClearDirtyLog clear) ? Result(ClearDirtyLog(clear)) : Result(Errno.Fault);
            case KvmIoctl.EnableCap:
                return TryRead(argument, out KvmEnableCap cap) ? Result(EnableCapability(cap)) : Result(Errno.Fault);
            case KvmIoctl.HasDeviceAttr:
                return TryRead(argument, out KvmDeviceAttr attr) ? Result(HasAttribute(attr)) : Result(Errno.Fault);
            case KvmIoctl.CreateDevice:
                return argument == 0 ? Result(Errno.Fault) : CreateDevice(process, (KvmCreateDevice*)argument);
            default:
                return IoctlForInterrupts(process, request, argument);
        }
    }

    private int CreateVcpu(HostProcess process, ulong id)
    {
        if (id >= KvmLimits.MaxVcpus)
        {
            return Result(Errno.Inval);
        }

        Errno error = _vm.CreateVcpu((uint)id, out KvmVcpu? vcpu);
        if (error != Errno.None)
        {
            return Result(error);
        }

        AddReference();
        return process.Install(new VcpuDescriptor(this, vcpu!));
    }

    private Errno SetRegion(KvmUserspaceMemoryRegion region) => (region.Flags & (~(uint)SlotFlagsV1 | MemfdFlag)) != 0
        ? Errno.Inval
        : _vm.SetMemoryRegion(region.Slot, (MemorySlotFlags)region.Flags, region.GuestPhysicalAddress,
            region.MemorySize, region.UserspaceAddress);

    private Errno GetDirtyLog(KvmDirtyLog log)
    {
        int words = _vm.DirtyBitmapWords(log.Slot);
        return words != 0 && log.DirtyBitmap == 0
            ? Errno.Fault
            : _vm.GetDirtyLog(log.Slot, new Span<ulong>((ulong*)log.DirtyBitmap, words));
    }

    private Errno ClearDirtyLog(KvmClearDirtyLog clear) => clear.DirtyBitmap == 0
        ? Errno.Fault
        : _vm.ClearDirtyLog(clear.Slot, clear.FirstPage, clear.PageCount,
            new ReadOnlySpan<ulong>((ulong*)clear.DirtyBitmap, (int)((clear.PageCount + 63UL) / 64)));

    private Errno EnableCapability(KvmEnableCap cap)
    {
        if (cap.Flags != 0)
        {
            return Errno.Inval;
        }

        switch (cap.Cap)
        {
            case KvmCap.ManualDirtyLogProtect2:
                return _vm.SetManualDirtyLogProtect(cap.Arguments[0]);
            case KvmCap.HaltPoll when cap.Arguments[0] <= uint.MaxValue:
                _vm.MaxHaltPollNs = (uint)cap.Arguments[0];
                return Errno.None;
            case KvmCap.DirtyLogRingAcqRel:
                return _vm.EnableDirtyRing(cap.Arguments[0]);
            default:
                return Errno.Inval;
        }
    }

    private Errno HasAttribute(KvmDeviceAttr attr) =>
        attr.Group == GroupFeatures && attr.Attribute <= int.MaxValue && _vm.Supports((KvmFeature)attr.Attribute)
            ? Errno.None
            : Errno.NxIo;

    private int CreateDevice(HostProcess process, KvmCreateDevice* create)
    {
        const uint testOnly = 1;
        var type = (KvmDeviceType)create->Type;
        if (!KvmVm.KnowsDevice(type))
        {
            return Result(Errno.NoDev);
        }

        if ((create->Flags & testOnly) != 0)
        {
            return 0;
        }

        Errno error = _vm.CreateDevice(type, out KvmDevice? device);
        if (error != Errno.None)
        {
            return Result(error);
        }

        AddReference();
        create->Fd = process.Install(new DeviceDescriptor(this, device!));
        return 0;
    }
}
