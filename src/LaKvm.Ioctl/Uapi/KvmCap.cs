namespace LaKvm.Ioctl;

/// <summary>Capabilities of KVM_CHECK_EXTENSION that this architecture answers with something else than 0.</summary>
public enum KvmCap : uint
{
#pragma warning disable CS1591 // KVM_CAP_*
    IrqChip = 0,
    UserMemory = 3,
    NrVcpus = 9,
    NrMemslots = 10,
    MpState = 14,
    CoalescedMmio = 15,
    SyncMmu = 16,
    DestroyMemoryRegionWorks = 21,
    SetGuestDebug = 23,
    IrqRouting = 25,
    JoinMemoryRegionsWorks = 30,
    IrqFd = 32,
    IoEventFd = 36,
    InternalErrorData = 40,
    EnableCap = 54,
    MaxVcpus = 66,
    OneReg = 70,
    SignalMsi = 77,
    ReadOnlyMem = 81,
    DeviceCtrl = 89,
    EnableCapVm = 98,
    CheckExtensionVm = 105,
    IoEventFdAnyLength = 122,
    MaxVcpuId = 128,
    ImmediateExit = 136,
    CoalescedPio = 162,
    ManualDirtyLogProtect2 = 168,
    HaltPoll = 182,
    DirtyLogRing = 192,
    BinaryStatsFd = 203,
    SystemEventData = 215,
    DirtyLogRingAcqRel = 223,
    UserMemory2 = 231,
#pragma warning restore CS1591
}
