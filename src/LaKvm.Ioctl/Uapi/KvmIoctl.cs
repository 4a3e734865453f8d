namespace LaKvm.Ioctl;

/// <summary>
/// Request numbers of KVM's ioctls: direction in the top bits (1 the kernel reads, 2 it writes), size of the argument
/// in bits 29:16, magic 0xAE, number. Grouped by descriptor.
/// </summary>
public static class KvmIoctl
{
#pragma warning disable CS1591 // KVM's names without their prefix
    public const uint GetApiVersion = 0x0000_ae00;
    public const uint CreateVm = 0x0000_ae01;
    public const uint CheckExtension = 0x0000_ae03;
    public const uint GetVcpuMmapSize = 0x0000_ae04;

    public const uint CreateVcpu = 0x0000_ae41;
    public const uint GetDirtyLog = 0x4010_ae42;
    public const uint SetUserMemoryRegion = 0x4020_ae46;
    public const uint SetUserMemoryRegion2 = 0x40a0_ae49;
    public const uint CreateIrqChip = 0x0000_ae60;
    public const uint IrqLine = 0x4008_ae61;
    public const uint IrqLineStatus = 0xc008_ae67;
    public const uint RegisterCoalescedMmio = 0x4010_ae67;
    public const uint UnregisterCoalescedMmio = 0x4010_ae68;
    public const uint SetGsiRouting = 0x4008_ae6a;
    public const uint IrqFd = 0x4020_ae76;
    public const uint IoEventFd = 0x4040_ae79;
    public const uint SignalMsi = 0x4020_aea5;
    public const uint ClearDirtyLog = 0xc018_aec0;
    public const uint ResetDirtyRings = 0x0000_aec7;
    public const uint CreateDevice = 0xc00c_aee0;

    public const uint Run = 0x0000_ae80;
    public const uint GetRegs = 0x8108_ae81;
    public const uint SetRegs = 0x4108_ae82;
    public const uint Translate = 0xc018_ae85;
    public const uint Interrupt = 0x4004_ae86;
    public const uint SetSignalMask = 0x4004_ae8b;
    public const uint GetFpu = 0x8410_ae8c;
    public const uint SetFpu = 0x4410_ae8d;
    public const uint GetMpState = 0x8004_ae98;
    public const uint SetMpState = 0x4004_ae99;
    public const uint SetGuestDebug = 0x4008_ae9b;
    public const uint GetOneReg = 0x4010_aeab;
    public const uint SetOneReg = 0x4010_aeac;

    public const uint EnableCap = 0x4068_aea3;
    public const uint GetStatsFd = 0x0000_aece;
    public const uint SetDeviceAttr = 0x4018_aee1;
    public const uint GetDeviceAttr = 0x4018_aee2;
    public const uint HasDeviceAttr = 0x4018_aee3;
#pragma warning restore CS1591
}
