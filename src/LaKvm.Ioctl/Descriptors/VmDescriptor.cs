using System.Runtime.InteropServices;
using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>A VM. Its vCPUs and devices keep it alive when its own descriptor is closed.</summary>
public sealed unsafe partial class VmDescriptor : Descriptor
{
    private const int SlotFlagsV1 = 3;
    private const uint MemfdFlag = 4;
    private const uint GroupFeatures = 0;

    private readonly KvmVm _vm;

    internal VmDescriptor(KvmVm vm) => _vm = vm;

    /// <inheritdoc/>
    public override string Name => "anon_inode:kvm-vm";

    /// <summary>The hypervisor's object, for tools in this process: statistics and tracepoints.</summary>
    public KvmVm Vm => _vm;

    /// <inheritdoc/>
    public override int Ioctl(HostProcess process, uint request, UserPointer argument)
    {
        if (process.AddressSpace != _vm.AddressSpace || _vm.Dead)
        {
            return Result(Errno.Io);
        }

        switch (request)
        {
            case KvmIoctl.CreateVcpu:
                return CreateVcpu(process, (ulong)argument.Value);
            case KvmIoctl.CheckExtension:
                return Capabilities.Check(_vm.Module, (ulong)argument.Value);
            case KvmIoctl.CreateIrqChip:
                return 0; // the controllers are devices of their own
            case KvmIoctl.ResetDirtyRings:
                Errno error = _vm.DirtyLog.ResetRings(out int count);
                return error == Errno.None ? count : Result(error);
            case KvmIoctl.GetStatsFd:
                return process.Install(new StatsDescriptor(
                    $"kvm-{process.Id}", "anon_inode:kvm-vm-stats", _vm.Statistics));
            default:
                return IoctlWithArgument(process, request, argument);
        }
    }

    /// <inheritdoc/>
    protected internal override void Release() => _vm.Dispose();

    /// <summary>
    /// Gives a vCPU or device of the VM a descriptor, which keeps the VM alive: this call is under way, so that it is
    /// now.
    /// </summary>
    private int InstallMember(HostProcess process, Descriptor member)
    {
        _ = TryHold();
        return process.Install(member);
    }

    private int IoctlWithArgument(HostProcess process, uint request, UserPointer argument)
    {
        switch (request)
        {
            case KvmIoctl.SetUserMemoryRegion:
                return argument.TryRead(out KvmUserspaceMemoryRegion region)
                    ? Result(SetRegion(region))
                    : Result(Errno.Fault);
            case KvmIoctl.SetUserMemoryRegion2:
                return argument.TryRead(out KvmUserspaceMemoryRegion2 region2)
                    ? Result(SetRegion(region2.Region))
                    : Result(Errno.Fault);
            case KvmIoctl.GetDirtyLog:
                return argument.TryRead(out KvmDirtyLog log)
                    ? Result(GetDirtyLog(log, argument.To(log.DirtyBitmap)))
                    : Result(Errno.Fault);
            case KvmIoctl.ClearDirtyLog:
                return argument.TryRead(out KvmClearDirtyLog clear)
                    ? Result(ClearDirtyLog(clear, argument.To(clear.DirtyBitmap)))
                    : Result(Errno.Fault);
            case KvmIoctl.EnableCap:
                return argument.TryRead(out KvmEnableCap cap) ? Result(EnableCapability(cap)) : Result(Errno.Fault);
            case KvmIoctl.HasDeviceAttr:
                return argument.TryRead(out KvmDeviceAttr attr) ? Result(HasAttribute(attr)) : Result(Errno.Fault);
            case KvmIoctl.CreateDevice:
                return CreateDevice(process, argument);
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

        return InstallMember(process, new VcpuDescriptor(this, vcpu!));
    }

    private Errno SetRegion(KvmUserspaceMemoryRegion region) => (region.Flags & (~(uint)SlotFlagsV1 | MemfdFlag)) != 0
        ? Errno.Inval
        : _vm.Memory.Set(region.Slot, (MemorySlotFlags)region.Flags, region.GuestPhysicalAddress,
            region.MemorySize, region.UserspaceAddress);

    /// <summary>The bits are harvested only when it is certain that they can be handed over.</summary>
    private Errno GetDirtyLog(KvmDirtyLog log, UserPointer to)
    {
        var bitmap = new ulong[_vm.DirtyLog.BitmapWords(log.Slot)];
        if (!to.TryWrite(MemoryMarshal.AsBytes(bitmap.AsSpan())))
        {
            return Errno.Fault;
        }

        Errno error = _vm.DirtyLog.Get(log.Slot, bitmap);
        return error == Errno.None && !to.TryWrite(MemoryMarshal.AsBytes(bitmap.AsSpan())) ? Errno.Fault : error;
    }

    private Errno ClearDirtyLog(KvmClearDirtyLog clear, UserPointer from)
    {
        var bitmap = new ulong[Math.Min((clear.PageCount + 63UL) / 64, (ulong)_vm.DirtyLog.BitmapWords(clear.Slot))];
        Errno error = _vm.DirtyLog.CheckClear(clear.Slot, clear.FirstPage, clear.PageCount);
        if (error != Errno.None)
        {
            return error;
        }

        return from.TryRead(MemoryMarshal.AsBytes(bitmap.AsSpan()))
            ? _vm.DirtyLog.Clear(clear.Slot, clear.FirstPage, clear.PageCount, bitmap)
            : Errno.Fault;
    }

    private Errno EnableCapability(KvmEnableCap cap)
    {
        if (cap.Flags != 0)
        {
            return Errno.Inval;
        }

        switch (cap.Cap)
        {
            case KvmCap.ManualDirtyLogProtect2:
                return _vm.DirtyLog.SetManualProtect(cap.Arguments[0]);
            case KvmCap.HaltPoll when cap.Arguments[0] <= uint.MaxValue:
                _vm.MaxHaltPollNs = (uint)cap.Arguments[0];
                return Errno.None;
            case KvmCap.DirtyLogRingAcqRel:
                return _vm.DirtyLog.EnableRing((uint)cap.Arguments[0]);
            default:
                return Errno.Inval;
        }
    }

    private Errno HasAttribute(KvmDeviceAttr attr) =>
        attr.Group == GroupFeatures && attr.Attribute <= int.MaxValue && _vm.Supports((KvmFeature)attr.Attribute)
            ? Errno.None
            : Errno.NxIo;

    private int CreateDevice(HostProcess process, UserPointer argument)
    {
        const uint testOnly = 1;
        if (!argument.TryRead(out KvmCreateDevice create))
        {
            return Result(Errno.Fault);
        }

        var type = (KvmDeviceType)create.Type;
        if (!KvmIrqchip.KnowsDevice(type))
        {
            return Result(Errno.NoDev);
        }

        if ((create.Flags & testOnly) != 0)
        {
            return 0;
        }

        if (!argument.TryWrite(create))
        {
            return Result(Errno.Fault); // before anything has changed
        }

        Errno error = _vm.Irqchip.CreateDevice(type, out KvmDevice? device);
        if (error != Errno.None)
        {
            return Result(error);
        }

        create.Fd = InstallMember(process, new DeviceDescriptor(this, device!));
        return Copied(argument.TryWrite(create));
    }
}
