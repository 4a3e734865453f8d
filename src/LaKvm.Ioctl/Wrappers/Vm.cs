using System.Runtime.InteropServices;
using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>A VM's descriptor.</summary>
public sealed unsafe class Vm : DescriptorHandle
{
    internal Vm(HostProcess process, int fd)
        : base(process, fd)
    {
    }

    /// <summary>KVM_CHECK_EXTENSION.</summary>
    public int CheckExtension(KvmCap capability) => Call(KvmIoctl.CheckExtension, (nint)capability);

    /// <summary>KVM_CREATE_VCPU.</summary>
    public Vcpu CreateVcpu(int id) => new(Process, Call(KvmIoctl.CreateVcpu, id));

    /// <summary>KVM_SET_USER_MEMORY_REGION: gives the guest a part of a mapping.</summary>
    /// <param name="slot">Slot number.</param>
    /// <param name="gpa">Guest-physical address.</param>
    /// <param name="memory">The mapping.</param>
    /// <param name="flags">1 logs dirty pages, 2 makes it read-only.</param>
    public void SetMemoryRegion(uint slot, ulong gpa, UserMemory memory, uint flags = 0)
    {
        var region = new KvmUserspaceMemoryRegion
        {
            Slot = slot,
            Flags = flags,
            GuestPhysicalAddress = gpa,
            MemorySize = memory.Size,
            UserspaceAddress = memory.Address,
        };
        Call(KvmIoctl.SetUserMemoryRegion, ref region);
    }

    /// <summary>Takes a slot away.</summary>
    public void DeleteMemoryRegion(uint slot)
    {
        var region = new KvmUserspaceMemoryRegion { Slot = slot };
        Call(KvmIoctl.SetUserMemoryRegion, ref region);
    }

    /// <summary>KVM_GET_DIRTY_LOG: one bit for each page.</summary>
    public ulong[] GetDirtyLog(uint slot, ulong pages)
    {
        var bitmap = new ulong[(pages + 63) / 64];
        fixed (ulong* bits = bitmap)
        {
            var log = new KvmDirtyLog { Slot = slot, DirtyBitmap = (nint)bits };
            Call(KvmIoctl.GetDirtyLog, ref log);
        }

        return bitmap;
    }

    /// <summary>KVM_CLEAR_DIRTY_LOG.</summary>
    public void ClearDirtyLog(uint slot, ulong firstPage, uint pages, ReadOnlySpan<ulong> bitmap)
    {
        fixed (ulong* bits = bitmap)
        {
            var clear = new KvmClearDirtyLog
            {
                Slot = slot,
                FirstPage = firstPage,
                PageCount = pages,
                DirtyBitmap = (nint)bits,
            };
            Call(KvmIoctl.ClearDirtyLog, ref clear);
        }
    }

    /// <summary>KVM_RESET_DIRTY_RINGS: number of entries taken out.</summary>
    public int ResetDirtyRings() => Call(KvmIoctl.ResetDirtyRings, 0);

    /// <summary>KVM_ENABLE_CAP.</summary>
    public void EnableCapability(KvmCap capability, ulong argument)
    {
        var cap = new KvmEnableCap { Cap = capability };
        cap.Arguments[0] = argument;
        Call(KvmIoctl.EnableCap, ref cap);
    }

    /// <summary>Whether guests can be given a feature (group 0 of KVM_HAS_DEVICE_ATTR).</summary>
    public bool HasFeature(ulong feature)
    {
        var attr = new KvmDeviceAttr { Attribute = feature };
        return TryCall(KvmIoctl.HasDeviceAttr, ref attr) == 0;
    }

    /// <summary>KVM_CREATE_DEVICE.</summary>
    public Device CreateDevice(uint type)
    {
        var create = new KvmCreateDevice { Type = type };
        Call(KvmIoctl.CreateDevice, ref create);
        return new Device(Process, create.Fd);
    }

    /// <summary>KVM_IRQ_LINE: drives an interrupt of the in-kernel controllers.</summary>
    public void SetIrqLine(uint gsi, bool level)
    {
        var line = new KvmIrqLevel { Irq = gsi, Level = level ? 1u : 0 };
        Call(KvmIoctl.IrqLine, ref line);
    }

    /// <summary>KVM_SIGNAL_MSI: a message with a vector.</summary>
    public int SignalMsi(uint data)
    {
        var msi = new KvmMsi { Data = data };
        return TryCall(KvmIoctl.SignalMsi, ref msi);
    }

    /// <summary>KVM_SET_GSI_ROUTING.</summary>
    public void SetGsiRouting(ReadOnlySpan<KvmIrqRoutingEntry> entries)
    {
        var bytes = new byte[sizeof(KvmIrqRouting) + (entries.Length * sizeof(KvmIrqRoutingEntry))];
        MemoryMarshal.Write(bytes, new KvmIrqRouting { Count = (uint)entries.Length });
        MemoryMarshal.AsBytes(entries).CopyTo(bytes.AsSpan(sizeof(KvmIrqRouting)));
        fixed (byte* argument = bytes)
        {
            Call(KvmIoctl.SetGsiRouting, (nint)argument);
        }
    }

    /// <summary>KVM_IRQFD: an event injects an interrupt.</summary>
    public void SetIrqFd(int eventFd, uint gsi, bool assign = true)
    {
        var irqFd = new KvmIrqFd { Fd = eventFd, Gsi = gsi, Flags = assign ? 0u : 1 };
        Call(KvmIoctl.IrqFd, ref irqFd);
    }

    /// <summary>KVM_IOEVENTFD: a guest write signals an event.</summary>
    public void SetIoEventFd(int eventFd, ulong address, uint length, ulong? match = null, bool assign = true)
    {
        KvmIoEventFd io = IoEvent(eventFd, address, length, match, assign);
        Call(KvmIoctl.IoEventFd, ref io);
    }

    /// <summary>
    /// As <see cref="SetIoEventFd"/>, for an address that a guest has chosen: false if it is refused.
    /// </summary>
    public bool TrySetIoEventFd(int eventFd, ulong address, uint length, bool assign = true)
    {
        KvmIoEventFd io = IoEvent(eventFd, address, length, match: null, assign);
        return TryCall(KvmIoctl.IoEventFd, ref io) == 0;
    }

    /// <summary>KVM_REGISTER_COALESCED_MMIO or KVM_UNREGISTER_COALESCED_MMIO.</summary>
    public void SetCoalescedMmio(ulong address, uint size, bool register = true)
    {
        var zone = new KvmCoalescedMmioZone { Address = address, Size = size };
        Call(register ? KvmIoctl.RegisterCoalescedMmio : KvmIoctl.UnregisterCoalescedMmio, ref zone);
    }

    /// <summary>
    /// Sends the VM's tracepoints of a set (bit n is <see cref="TraceEvent"/> n) to a sink, on the threads where they
    /// happen, until what is returned is disposed of: what a tool on Linux asks perf_event_open for.
    /// </summary>
    public IDisposable Trace(uint events, TraceSink sink) => Process.Trace(Fd, events, sink);

    /// <summary>The memory slots, in lines for people; no part of KVM's interface.</summary>
    public IEnumerable<string> DescribeSlots() => Process.VmOf(Fd).Memory.Describe();

    /// <summary>
    /// Translates a guest-physical address by the second stage's tables; <paramref name="steps"/> takes a line for each
    /// entry. No part of KVM's interface.
    /// </summary>
    public bool WalkSecondStage(ulong gpa, out ulong physical, ICollection<string> steps) =>
        Process.VmOf(Fd).WalkSecondStage(gpa, out physical, steps);

    /// <summary>KVM_GET_STATS_FD: a readable descriptor.</summary>
    public int GetStatsFd() => Call(KvmIoctl.GetStatsFd, 0);

    /// <summary>The statistics as they are now.</summary>
    public IReadOnlyList<KvmStatistic> ReadStatistics() => KvmStatistic.ReadAndClose(Process, GetStatsFd());

    private static KvmIoEventFd IoEvent(int eventFd, ulong address, uint length, ulong? match, bool assign) =>
        new()
        {
            Fd = eventFd,
            Address = address,
            Length = length,
            DataMatch = match ?? 0,
            Flags = (match != null ? 1u : 0) | (assign ? 0u : 4),
        };
}
