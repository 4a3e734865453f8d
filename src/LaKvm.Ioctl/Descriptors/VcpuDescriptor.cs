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
    public override int Ioctl(HostProcess process, uint request, UserPointer argument)
    {
        const uint typeMask = 0xff00, type = 0xae00;
        if (process.AddressSpace != _vcpu.Vm.AddressSpace || _vcpu.Vm.Dead)
        {
            return Result(Errno.Io);
        }

        if ((request & typeMask) != type)
        {
            return Result(Errno.Inval);
        }

        if (request == KvmIoctl.Interrupt)
        {
            // From any thread, while the vCPU runs.
            return Result(argument.TryRead(out int irq) ? _vcpu.Interrupt(irq) : Errno.Fault);
        }

        if (!_vcpu.Mutex.TryEnter())
        {
            HostThread.Current.GiveUpCore(); // who runs the vCPU may need it
            _vcpu.Mutex.Enter();
        }

        try
        {
            return request == KvmIoctl.Run
                ? argument.IsNull ? Result(_vcpu.Run()) : Result(Errno.Inval)
                : IoctlLocked(process, request, argument);
        }
        finally
        {
            _vcpu.Mutex.Exit();
        }
    }

    /// <inheritdoc/>
    public override byte* Map(ulong page, ulong bytes) => _vcpu.Shared.Map(page, bytes);

    /// <inheritdoc/>
    public override Errno Map(ulong offset, ulong bytes, HostRights rights, bool shared, out HostMemoryObject? mapped)
    {
        ulong unit = _vcpu.Vm.Module.Machine.Pages.PageSize;
        bool ring = _vcpu.Shared.IsRingPage(offset / unit) || _vcpu.Shared.IsRingPage((offset + bytes - 1) / unit);
        mapped = ring && (!shared || (rights & HostRights.Execute) != 0) ? null : new VcpuPages(this, _vcpu, unit);
        return mapped == null ? Errno.Inval : Errno.None;
    }

    /// <inheritdoc/>
    protected internal override void Release() => _owner.Drop();

    internal override void Interrupt() => _vcpu.Vm.EndRuns();

    private int IoctlLocked(HostProcess process, uint request, UserPointer argument)
    {
        switch (request)
        {
            case KvmIoctl.GetStatsFd:
                return process.Install(new StatsDescriptor(
                    $"kvm-{process.Id}/vcpu-{_vcpu.Id}", "anon_inode:kvm-vcpu-stats:" + _vcpu.Id, _vcpu.Statistics));
            case KvmIoctl.GetRegs or KvmIoctl.SetRegs:
                return Regs(argument, request == KvmIoctl.SetRegs);
            case KvmIoctl.GetFpu or KvmIoctl.SetFpu:
                return Fpu(argument, request == KvmIoctl.SetFpu);
            case KvmIoctl.GetOneReg or KvmIoctl.SetOneReg:
                return Result(OneReg(argument, request == KvmIoctl.SetOneReg));
            case KvmIoctl.GetMpState:
                return Copied(argument.TryWrite(MpStateRunnable));
            case KvmIoctl.SetMpState:
                return Refuse(argument.TryRead(out uint state), state != MpStateRunnable);
            case KvmIoctl.SetSignalMask:
                return SetSignalMask(argument);
            case KvmIoctl.SetGuestDebug:
                return SetGuestDebug(argument);
            case KvmIoctl.HasDeviceAttr or KvmIoctl.GetDeviceAttr or KvmIoctl.SetDeviceAttr:
                return Result(argument.TryRead(out KvmDeviceAttr attr)
                    ? Attribute(request, attr, argument.To(attr.Address))
                    : Errno.Fault);
            case KvmIoctl.EnableCap:
                return Refuse(argument.TryRead(out KvmEnableCap _), true); // there is none to enable
            case KvmIoctl.Translate:
                return Refuse(argument.TryRead(out KvmTranslation _), true);
            default:
                return Result(Errno.NoTty);
        }
    }

    /// <summary>EFAULT for what could not be read, EINVAL for what is wrong in it.</summary>
    private static int Refuse(bool read, bool wrong) => Result(!read ? Errno.Fault : wrong ? Errno.Inval : Errno.None);

    private int Regs(UserPointer argument, bool set)
    {
        KvmRegs regs;
        if (!set)
        {
            _vcpu.RegisterAccess.GetRegs(&regs);
            return Copied(argument.TryWrite(regs));
        }

        if (!argument.TryRead(out regs))
        {
            return Result(Errno.Fault);
        }

        _vcpu.RegisterAccess.SetRegs(&regs);
        return 0;
    }

    private int Fpu(UserPointer argument, bool set)
    {
        KvmFpu fpu = default;
        if (!set)
        {
            _vcpu.RegisterAccess.GetFpu(&fpu);
            return Copied(argument.TryWrite(fpu));
        }

        if (!argument.TryRead(out fpu))
        {
            return Result(Errno.Fault);
        }

        _vcpu.RegisterAccess.SetFpu(&fpu);
        return 0;
    }

    private Errno OneReg(UserPointer argument, bool set)
    {
        if (!argument.TryRead(out KvmOneReg reg))
        {
            return Errno.Fault;
        }

        if ((reg.Id & KvmOneReg.SizeMask) != KvmOneReg.Size64)
        {
            return Errno.Inval;
        }

        UserPointer address = argument.To(reg.Address);
        if (set)
        {
            return address.TryRead(out ulong given) ? _vcpu.RegisterAccess.SetOneReg(reg.Id, given) : Errno.Fault;
        }

        Errno error = _vcpu.RegisterAccess.GetOneReg(reg.Id, out ulong value);
        return error != Errno.None ? error : address.TryWrite(value) ? Errno.None : Errno.Fault;
    }

    private int SetGuestDebug(UserPointer argument)
    {
        bool read = argument.TryRead(out KvmGuestDebug debug);
        bool wrong = (debug.Control & ~DebugBits) != 0;
        if (read && !wrong)
        {
            _vcpu.Debug.SetControl(debug.Control);
        }

        return Refuse(read, wrong);
    }

    /// <summary>
    /// The mask that holds while KVM_RUN runs: a length word, then the set. A null argument takes it back.
    /// </summary>
    private int SetSignalMask(UserPointer argument)
    {
        if (argument.IsNull)
        {
            _vcpu.SignalMask = null;
            return 0;
        }

        if (!argument.TryRead(out uint length))
        {
            return Result(Errno.Fault);
        }

        if (length != SignalSetBytes)
        {
            return Result(Errno.Inval);
        }

        if (!argument.Skip(sizeof(uint)).TryRead(out ulong set))
        {
            return Result(Errno.Fault);
        }

        _vcpu.SignalMask = set;
        return 0;
    }

    private Errno Attribute(uint request, KvmDeviceAttr attr, UserPointer value)
    {
        if (request == KvmIoctl.HasDeviceAttr)
        {
            return HasAttribute(attr) ? Errno.None : Errno.NxIo;
        }

        bool set = request == KvmIoctl.SetDeviceAttr;
        return attr.Group switch
        {
            GroupCpucfg when attr.Attribute == PvFeatureWord => PvFeatures(value, set),
            GroupCpucfg when !set && attr.Attribute < KvmLimits.CpucfgWords => CpucfgMask(attr.Attribute, value),
            GroupPvTime when attr.Attribute == PvTimeGpa && _vcpu.Steal.IsOffered => PvTime(value, set),
            _ => Errno.NxIo,
        };
    }

    private bool HasAttribute(KvmDeviceAttr attr) => attr.Group switch
    {
        GroupCpucfg => attr.Attribute is 2 or 6 or PvFeatureWord,
        GroupPvTime => attr.Attribute == PvTimeGpa && _vcpu.Steal.IsOffered,
        _ => false,
    };

    private static Errno Write(UserPointer to, ulong value) => to.TryWrite(value) ? Errno.None : Errno.Fault;

    private Errno PvFeatures(UserPointer value, bool set)
    {
        if (!set)
        {
            return Write(value, (ulong)_vcpu.Vm.PvFeatures);
        }

        if (!value.TryRead(out ulong features))
        {
            return Errno.Fault;
        }

        return features > uint.MaxValue ? Errno.Inval : _vcpu.Vm.SetPvFeatures((PvFeatures)(uint)features);
    }

    private static Errno CpucfgMask(ulong word, UserPointer value)
    {
        Errno error = GuestCpucfg.GetMask(word, out uint mask);
        return error == Errno.None ? Write(value, mask) : error;
    }

    private Errno PvTime(UserPointer value, bool set)
    {
        if (!set)
        {
            return Write(value, _vcpu.Steal.Address);
        }

        return value.TryRead(out ulong address) ? _vcpu.Steal.SetAddress(address) : Errno.Fault;
    }
}
