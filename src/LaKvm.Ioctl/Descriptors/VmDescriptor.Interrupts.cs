using System.Runtime.InteropServices;
using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>The VM's ioctls about interrupts and events.</summary>
public sealed unsafe partial class VmDescriptor
{
    private const uint IrqFdDeassign = 1, IrqFdResample = 2;
    private const uint IoEventDataMatch = 1, IoEventPio = 2, IoEventDeassign = 4, IoEventCcw = 8;
    private const uint MsiValidDevId = 1;

    private int IoctlForInterrupts(HostProcess process, uint request, UserPointer argument)
    {
        switch (request)
        {
            case KvmIoctl.IrqLine or KvmIoctl.IrqLineStatus:
                return IrqLine(argument, request == KvmIoctl.IrqLineStatus);
            case KvmIoctl.SetGsiRouting:
                return Result(SetRouting(argument));
            case KvmIoctl.IrqFd:
                return Result(argument.TryRead(out KvmIrqFd irqFd) ? IrqFd(process, irqFd) : Errno.Fault);
            case KvmIoctl.IoEventFd:
                return Result(argument.TryRead(out KvmIoEventFd io) ? IoEvent(process, io) : Errno.Fault);
            case KvmIoctl.SignalMsi:
                return argument.TryRead(out KvmMsi msi) ? SignalMsi(msi) : Result(Errno.Fault);
            case KvmIoctl.RegisterCoalescedMmio:
                return Result(argument.TryRead(out KvmCoalescedMmioZone zone) ? Register(zone) : Errno.Fault);
            case KvmIoctl.UnregisterCoalescedMmio:
                return Result(argument.TryRead(out KvmCoalescedMmioZone old) ? Unregister(old) : Errno.Fault);
            default:
                return Result(Errno.NoTty);
        }
    }

    private int IrqLine(UserPointer argument, bool status)
    {
        if (!argument.TryRead(out KvmIrqLevel level))
        {
            return Result(Errno.Fault);
        }

        if (!_vm.Irqchip.IsComplete)
        {
            return Result(Errno.NxIo);
        }

        if (status && !argument.TryWrite(level))
        {
            return Result(Errno.Fault); // before anything has changed
        }

        level.Status = _vm.Irqchip.SetIrq(level.Irq, level.Level != 0);
        return Copied(!status || argument.TryWrite(level));
    }

    private Errno SetRouting(UserPointer argument)
    {
        if (!argument.TryRead(out KvmIrqRouting routing))
        {
            return Errno.Fault;
        }

        if (routing.Flags != 0 || routing.Count > KvmLimits.IrqRoutes)
        {
            return Errno.Inval;
        }

        var entries = new KvmIrqRoutingEntry[routing.Count];
        return argument.Skip(sizeof(KvmIrqRouting)).TryRead(MemoryMarshal.AsBytes(entries.AsSpan()))
            ? SetRouting(entries)
            : Errno.Fault;
    }

    private Errno SetRouting(KvmIrqRoutingEntry[] entries)
    {
        var routes = new List<IrqRoute>(entries.Length);
        foreach (KvmIrqRoutingEntry entry in entries)
        {
            uint allowed = entry.Type == KvmIrqRoutingEntry.TypeMsi ? MsiValidDevId : 0;
            if ((entry.Flags & ~allowed) != 0)
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

        return _vm.Irqchip.SetRouting(routes);
    }

    /// <summary>The event behind a descriptor: EBADF if it is not open, EINVAL if it is something else.</summary>
    private static Errno FindEvent(HostProcess process, int fd, out IKvmEvent? found)
    {
        Descriptor? descriptor = process.Find(fd);
        found = descriptor as IKvmEvent;
        return found != null ? Errno.None : descriptor == null ? Errno.BadF : Errno.Inval;
    }

    private Errno IrqFd(HostProcess process, KvmIrqFd irqFd)
    {
        bool assign = (irqFd.Flags & IrqFdDeassign) == 0;
        if ((irqFd.Flags & ~(IrqFdDeassign | IrqFdResample)) != 0)
        {
            return Errno.Inval;
        }

        if (assign && !_vm.Irqchip.IsComplete)
        {
            return Errno.Again;
        }

        Errno error = FindEvent(process, irqFd.Fd, out IKvmEvent? source);
        bool resample = (irqFd.Flags & IrqFdResample) != 0;
        if (error == Errno.None && assign && resample)
        {
            // Nothing on this architecture tells of acknowledgements: a resample event is accepted and never signalled.
            error = FindEvent(process, irqFd.ResampleFd, out _);
        }

        if (error != Errno.None)
        {
            return error;
        }

        if (assign)
        {
            return _vm.IrqFds.Assign(source!, irqFd.Gsi, resample);
        }

        _vm.IrqFds.Deassign(source!, irqFd.Gsi);
        return Errno.None;
    }

    private Errno IoEvent(HostProcess process, KvmIoEventFd io)
    {
        const uint fastMmio = 16, known = IoEventDataMatch | IoEventPio | IoEventDeassign | IoEventCcw | fastMmio;
        KvmBus bus = (io.Flags & IoEventPio) != 0 ? KvmBus.Pio
            : (io.Flags & IoEventCcw) != 0 ? KvmBus.VirtioCcwNotify : KvmBus.Mmio;
        bool deassign = (io.Flags & IoEventDeassign) != 0;
        bool matches = (io.Flags & IoEventDataMatch) != 0;
        bool wrong = !IoEvents.IsRange(io.Address, io.Length) || (io.Flags & ~known) != 0
            || (matches && io.Length == 0);
        if (!deassign && wrong)
        {
            return Errno.Inval;
        }

        Errno error = FindEvent(process, io.Fd, out IKvmEvent? target);
        if (error != Errno.None)
        {
            return error;
        }

        ulong? match = matches ? io.DataMatch : null;
        return deassign
            ? _vm.IoEvents.Deassign(target!, io.Address, io.Length, match, bus)
            : _vm.IoEvents.Assign(target!, io.Address, io.Length, match, bus);
    }

    private int SignalMsi(KvmMsi msi) => !_vm.Irqchip.IsComplete || (msi.Flags & ~MsiValidDevId) != 0
        ? Result(Errno.Inval)
        : Result(_vm.Irqchip.SignalMsi(msi.Data));

    private Errno Register(KvmCoalescedMmioZone zone) => zone.Pio > 1
        ? Errno.Inval
        : _vm.CoalescedMmio.Register(zone.Address, zone.Size, zone.Pio == 1);

    private Errno Unregister(KvmCoalescedMmioZone zone)
    {
        if (zone.Pio > 1)
        {
            return Errno.Inval;
        }

        _vm.CoalescedMmio.Unregister(zone.Address, zone.Size, zone.Pio == 1);
        return Errno.None;
    }
}
