using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>A vCPU.</summary>
public sealed unsafe class VcpuDescriptor : Descriptor
{
    private const uint DebugBits = 0x1 | 0x2 | 0x10000;
    private const uint MpStateRunnable = 0;
    private const int SignalSetBytes = 8;
    private const uint GroupCpucfg = 0, GroupPvTime = 1;
    private const ulong PvFeatureWord = 0x4000_0004, PvTimeGpa = 0;

    private readonly VmDescriptor _owner;
    private readonly KvmVcpu _vcpu;

    internal VcpuDescriptor(VmDescriptor owner, KvmVcpu vcpu)
    {
        _owner = owner;
        _vcpu = vcpu;
    }

    /// <inheritdoc/>
    public override string Name => $"anon_inode:kvm-vcpu:{_vcpu.Id}";

    /// <summary>The hypervisor's object, for tools in this process: statistics and tracepoints.</summary>
    public KvmVcpu Vcpu => _vcpu;

    /// <inheritdoc/>
    public override int Ioctl(HostProcess process, uint request, nint argument)
    {
        if (process.AddressSpace != _vcpu.Vm.AddressSpace || _vcpu.Vm.Dead)
        {
            return Result(Errno.Io);
        }

        if (request == KvmIoctl.Interrupt)
        {
            // From any thread, while the vCPU runs.
            return TryRead(argument, out int irq) ? Result(_vcpu.Interrupt(irq)) : Result(Errno.Fault);
        }

        lock (_vcpu.Mutex)
        {
            return request == KvmIoctl.Run
                ? argument == 0 ? Result(_vcpu.Run()) : Result(Errno.Inval)
                : IoctlLocked(process, request, argument);
        }
    }

    /// <inheritdoc/>
    public override byte* Map(int page, ulong bytes)
    {
        int last = page + (int)((bytes - 1) / HostPages.PageSize);
        return bytes != 0 && _vcpu.SharedPage(last) != null ? _vcpu.SharedPage(page) : null;
    }

    /// <inheritdoc/>
    protected internal override void Release() => _owner.DropReference();

    private int IoctlLocked(HostProcess process, uint request, nint argument)
    {
        switch (request)
        {
            case KvmIoctl.GetStatsFd:
                return process.Install(new StatsDescriptor(
                    $"kvm-{process.Id}/vcpu-{_vcpu.Id}", "anon_inode:kvm-vcpu-stats:" + _vcpu.Id, _vcpu.Statistics));
            case KvmIoctl.SetSignalMask:
                return SetSignalMask(argument);
            case KvmIoctl.EnableCap or KvmIoctl.Translate:
                return Result(Errno.Inval);
        }

        if (argument == 0)
        {
            return Result(IsKnown(request) ? Errno.Fault : Errno.NoTty);
        }

        switch (request)
        {
            case KvmIoctl.GetRegs:
                _vcpu.GetRegs((KvmRegs*)argument);
                return 0;
            case KvmIoctl.SetRegs:
                _vcpu.SetRegs((KvmRegs*)argument);
                return 0;
            case KvmIoctl.GetFpu:
                _vcpu.GetFpu((KvmFpu*)argument);
                return 0;
            case KvmIoctl.SetFpu:
                _vcpu.SetFpu((KvmFpu*)argument);
                return 0;
            case KvmIoctl.GetMpState:
                *(uint*)argument = MpStateRunnable;
                return 0;
            case KvmIoctl.SetMpState:
                return Result(*(uint*)argument == MpStateRunnable ? Errno.None : Errno.Inval);
            case KvmIoctl.SetGuestDebug:
                return SetGuestDebug((KvmGuestDebug*)argument);
            case KvmIoctl.GetOneReg or KvmIoctl.SetOneReg:
                return OneReg((KvmOneReg*)argument, request == KvmIoctl.SetOneReg);
            case KvmIoctl.HasDeviceAttr:
                return Result(HasAttribute((KvmDeviceAttr*)argument));
            case KvmIoctl.GetDeviceAttr or KvmIoctl.SetDeviceAttr:
                return Result(Attribute((KvmDeviceAttr*)argument, request == KvmIoctl.SetDeviceAttr));
            default:
                return Result(Errno.NoTty);
        }
    }

    private static bool IsKnown(uint request) => request is KvmIoctl.GetRegs or KvmIoctl.SetRegs or KvmIoctl.GetFpu
        or KvmIoctl.SetFpu or KvmIoctl.GetMpState or KvmIoctl.SetMpState or KvmIoctl.SetGuestDebug
        or KvmIoctl.GetOneReg or KvmIoctl.SetOneReg or KvmIoctl.HasDeviceAttr or KvmIoctl.GetDeviceAttr
        or KvmIoctl.SetDeviceAttr;

    private int OneReg(KvmOneReg* reg, bool set)
    {
        if (reg->Address == 0)
        {
            return Result(Errno.Fault);
        }

        if (set)
        {
            return Result(_vcpu.SetOneReg(reg->Id, *(ulong*)reg->Address));
        }

        Errno error = _vcpu.GetOneReg(reg->Id, out ulong value);
        if (error == Errno.None)
        {
            *(ulong*)reg->Address = value;
        }

        return Result(error);
    }

    private int SetGuestDebug(KvmGuestDebug* debug)
    {
        if ((debug->Control & ~DebugBits) != 0)
        {
            return Result(Errno.Inval);
        }

        _vcpu.SetGuestDebug(debug->Control);
        return 0;
    }

    /// <summary>The mask that holds while KVM_RUN runs: a length word, then the set. A null argument takes it back.</summary>
    private int SetSignalMask(nint argument)
    {
        if (argument == 0)
        {
            _vcpu.SignalMask = null;
            return 0;
        }

        if (*(uint*)argument != SignalSetBytes)
        {
            return Result(Errno.Inval);
        }

        _vcpu.SignalMask = *(ulong*)(argument + sizeof(uint));
        return 0;
    }

    private Errno HasAttribute(KvmDeviceAttr* attr)
    {
        bool has = attr->Group switch
        {
            GroupCpucfg => attr->Attribute is 2 or 6 or PvFeatureWord,
            GroupPvTime => attr->Attribute == PvTimeGpa && _vcpu.HasStealTime,
            _ => false,
        };
        return has ? Errno.None : Errno.NxIo;
    }

    private Errno Attribute(KvmDeviceAttr* attr, bool set)
    {
        var value = (ulong*)attr->Address;
        if (value == null)
        {
            return Errno.Fault;
        }

        return attr->Group switch
        {
            GroupCpucfg when attr->Attribute == PvFeatureWord => PvFeatures(value, set),
            GroupCpucfg when !set => CpucfgMask(attr->Attribute, value),
            GroupPvTime when attr->Attribute == PvTimeGpa => PvTime(value, set),
            _ => Errno.NxIo,
        };
    }

    private Errno PvFeatures(ulong* value, bool set)
    {
        if (set)
        {
            return _vcpu.SetPvFeatures(*value);
        }

        *value = _vcpu.GetPvFeatures();
        return Errno.None;
    }

    private Errno CpucfgMask(ulong word, ulong* value)
    {
        Errno error = _vcpu.GetCpucfgMask(word, out uint mask);
        if (error == Errno.None)
        {
            *value = mask;
        }

        return error == Errno.None ? Errno.None : Errno.NxIo;
    }

    private Errno PvTime(ulong* value, bool set)
    {
        if (!_vcpu.HasStealTime)
        {
            return Errno.NxIo;
        }

        if (set)
        {
            return _vcpu.SetStealTimeAddress(*value);
        }

        *value = _vcpu.StealTimeAddress;
        return Errno.None;
    }
}
