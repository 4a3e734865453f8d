using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>The VM's ioctls about interrupts and events.</summary>
public sealed unsafe partial class VmDescriptor
{
    private const uint IrqFdDeassign = 1, IrqFdResample = 2;
    private const uint IoEventDataMatch = 1, IoEventPio = 2, IoEventDeassign = 4;

    private int IoctlForInterrupts(HostProcess process, uint request, nint argument)
    {
        switch (request)
        {
            case KvmIoctl.IrqLine or KvmIoctl.IrqLineStatus:
                return argument == 0
                    ? Result(Errno.Fault)
                    : IrqLine((KvmIrqLevel*)argument, request == KvmIoctl.IrqLineStatus);
            case KvmIoctl.SetGsiRouting:
                return argument == 0 ? Result(Errno.Fault) : Result(SetRouting((KvmIrqRouting*)argument));
            case KvmIoctl.IrqFd:
                return TryRead(argument, out KvmIrqFd irqFd) ? Result(IrqFd(process, irqFd)) : Result(Errno.Fault);
            case KvmIoctl.IoEventFd:
                return TryRead(argument, out KvmIoEventFd io) ? Result(IoEvent(process, io)) : Result(Errno.Fault);
            case KvmIoctl.SignalMsi:
                return TryRead(argument, out KvmMsi msi) ? SignalMsi(msi) : Result(Errno.Fault);
            case KvmIoctl.RegisterCoalescedMmio:
                return TryRead(argument, out KvmCoalescedMmioZone zone) ? Result(Register(zone)) : Result(Errno.Fault);
            case KvmIoctl.UnregisterCoalescedMmio:
                if (!TryRead(argument, out KvmCoalescedMmioZone old))
                {
                    return Result(Errno.Fault);
                }

                if (old.Pio == 0)
                {
                    _vm.UnregisterCoalescedMmio(old.Address, old.Size);
                }

                return old.Pio > 1 ? Result(Errno.Inval) : 0;
            default:
                return Result(Errno.NoTty);
        }
    }

    private int IrqLine(KvmIrqLevel* level, bool status)
    {
        if (!_vm.HasIrqChip)
        {
            return Result(Errno.NxIo);
        }

        int delivered = _vm.SetIrq(level->Irq, level->Level != 0);
        if (status)
        {
            level->Status = delivered;
        }

        return 0;
    }

    private Errno SetRouting(KvmIrqRouting* routing)
    {
        if (routing->Flags != 0 || routing->Count > KvmLimits.IrqRoutes)
        {
            return Errno.Inval;
        }

        var routes = new List<IrqRoute>((int)routing->Count);
        var entries = (KvmIrqRoutingEntry*)(routing + 1);
        for (uint i = 0; i < routing->Count; i++)
        {
            KvmIrqRoutingEntry entry = entries[i];
            if (entry.Flags != 0)
            {
                return Errno.Inval;
            }

            switch (entry.Type)
            {
                case KvmIrqRoutingEntry.TypeIrqChip when entry.IrqChip == 0:
                    routes.Add(new IrqRoute(entry.Gsi, false, entry.Pin, 0));
                    break;
                case KvmIrqRoutingEntry.TypeMsi:
                    routes.Add(new IrqRoute(
                        entry.Gsi, true, entry.Data, ((ulong)entry.AddressHigh << 32) | entry.AddressLow));
                    break;
                default:
                    return Errno.Inval;
            }
        }

        return _vm.SetRouting(routes);
    }

    private Errno IrqFd(HostProcess process, KvmIrqFd irqFd)
    {
        if ((irqFd.Flags & ~(IrqFdDeassign | IrqFdResample)) != 0)
        {
            return Errno.Inval;
        }

        if (process.Find(irqFd.Fd) is not EventDescriptor source
            || ((irqFd.Flags & IrqFdResample) != 0 && process.Find(irqFd.ResampleFd) is not EventDescriptor))
        {
            return Errno.BadF;
        }

        if ((irqFd.Flags & IrqFdDeassign) == 0)
        {
            // Nothing on this architecture tells of acknowledgements: a resample event is accepted and never signalled.
            return _vm.AssignIrqFd(source, irqFd.Gsi);
        }

        _vm.DeassignIrqFd(source, irqFd.Gsi);
        return Errno.None;
    }

    private Errno IoEvent(HostProcess process, KvmIoEventFd io)
    {
        if ((io.Flags & ~(IoEventDataMatch | IoEventPio | IoEventDeassign)) != 0 || (io.Flags & IoEventPio) != 0)
        {
            return Errno.Inval;
        }

        if (process.Find(io.Fd) is not EventDescriptor target)
        {
            return Errno.BadF;
        }

        ulong? match = (io.Flags & IoEventDataMatch) != 0 ? io.DataMatch : null;
        return (io.Flags & IoEventDeassign) != 0
            ? _vm.DeassignIoEvent(target, io.Address, io.Length, match)
            : _vm.AssignIoEvent(target, io.Address, io.Length, match);
    }

    private int SignalMsi(KvmMsi msi) => !_vm.HasIrqChip || msi.Flags != 0
        ? Result(Errno.Inval)
        : _vm.SignalMsi(msi.Data);

    private Errno Register(KvmCoalescedMmioZone zone) => zone.Pio > 1
        ? Errno.Inval
        : _vm.RegisterCoalescedMmio(zone.Address, zone.Size, zone.Pio == 1);
}
