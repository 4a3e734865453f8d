using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>KVM_CHECK_EXTENSION: the same answers for the system and for every VM.</summary>
internal static class Capabilities
{
    internal static int Check(KvmModule module, ulong capability) =>
        capability > uint.MaxValue ? 0 : (KvmCap)capability switch
    {
        KvmCap.NrVcpus => Math.Min(module.Machine.CpuCount, KvmLimits.MaxVcpus),
        KvmCap.MaxVcpus or KvmCap.MaxVcpuId => KvmLimits.MaxVcpus,
        KvmCap.NrMemslots => KvmLimits.MemorySlots,
        KvmCap.CoalescedMmio => KvmLimits.CoalescedMmioPageOffset,
        KvmCap.IrqRouting => KvmLimits.IrqRoutes,
        KvmCap.ManualDirtyLogProtect2 => 3,
        KvmCap.DirtyLogRingAcqRel => (int)KvmLimits.DirtyRingMaxBytes,
        KvmCap.IrqChip or KvmCap.UserMemory or KvmCap.MpState or KvmCap.SyncMmu or KvmCap.DestroyMemoryRegionWorks
            or KvmCap.SetGuestDebug or KvmCap.JoinMemoryRegionsWorks or KvmCap.IrqFd or KvmCap.IoEventFd
            or KvmCap.InternalErrorData or KvmCap.EnableCap or KvmCap.OneReg or KvmCap.SignalMsi or KvmCap.ReadOnlyMem
            or KvmCap.DeviceCtrl or KvmCap.EnableCapVm or KvmCap.CheckExtensionVm or KvmCap.IoEventFdAnyLength
            or KvmCap.ImmediateExit or KvmCap.CoalescedPio or KvmCap.HaltPoll or KvmCap.BinaryStatsFd
            or KvmCap.SystemEventData or KvmCap.UserMemory2 => 1,
        _ => 0,
    };
}
