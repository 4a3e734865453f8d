using System.Reflection;
using System.Runtime.InteropServices;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// Sizes and offsets of Linux's headers for 64-bit LoongArch (include/uapi/linux/kvm.h and asm/kvm.h).
/// </summary>
public sealed class LayoutTests
{
    public static TheoryData<Type, int> Sizes => new()
    {
        { typeof(KvmRun), 2352 },
        { typeof(KvmRegs), 264 },
        { typeof(KvmFpu), 1040 },
        { typeof(KvmOneReg), 16 },
        { typeof(KvmUserspaceMemoryRegion), 32 },
        { typeof(KvmUserspaceMemoryRegion2), 160 },
        { typeof(KvmDirtyLog), 16 },
        { typeof(KvmClearDirtyLog), 24 },
        { typeof(DirtyGfn), 16 },
        { typeof(KvmCoalescedMmioZone), 16 },
        { typeof(CoalescedMmioEntry), 24 },
        { typeof(KvmIrqLevel), 8 },
        { typeof(KvmIrqRouting), 8 },
        { typeof(KvmIrqRoutingEntry), 48 },
        { typeof(KvmIrqFd), 32 },
        { typeof(KvmIoEventFd), 64 },
        { typeof(KvmMsi), 32 },
        { typeof(KvmCreateDevice), 12 },
        { typeof(KvmDeviceAttr), 24 },
        { typeof(KvmEnableCap), 104 },
        { typeof(KvmGuestDebug), 8 },
        { typeof(KvmStatsHeader), 24 },
        { typeof(KvmStatsDescriptor), 16 },
        { typeof(StealTime), 64 },
    };

    public static TheoryData<Type, string, int> Offsets => new()
    {
        { typeof(KvmRun), nameof(KvmRun.ImmediateExit), 1 },
        { typeof(KvmRun), nameof(KvmRun.ExitReason), 8 },
        { typeof(KvmRun), nameof(KvmRun.PhysicalAddress), 32 },
        { typeof(KvmRun), nameof(KvmRun.Data), 40 },
        { typeof(KvmRun), nameof(KvmRun.Length), 48 },
        { typeof(KvmRun), nameof(KvmRun.IsWrite), 52 },
        { typeof(KvmRun), nameof(KvmRun.HypercallArguments), 40 },
        { typeof(KvmRun), nameof(KvmRun.HypercallResult), 88 },
        { typeof(KvmRun), nameof(KvmRun.DirtyRegisters), 296 },
        { typeof(KvmRegs), nameof(KvmRegs.Pc), 256 },
        { typeof(KvmFpu), nameof(KvmFpu.Fcc), 8 },
        { typeof(KvmFpu), nameof(KvmFpu.Registers), 16 },
        { typeof(KvmUserspaceMemoryRegion), nameof(KvmUserspaceMemoryRegion.UserspaceAddress), 24 },
        { typeof(KvmClearDirtyLog), nameof(KvmClearDirtyLog.DirtyBitmap), 16 },
        { typeof(KvmIrqRoutingEntry), nameof(KvmIrqRoutingEntry.Pin), 20 },
        { typeof(KvmIrqRoutingEntry), nameof(KvmIrqRoutingEntry.Data), 24 },
        { typeof(KvmIoEventFd), nameof(KvmIoEventFd.Flags), 24 },
        { typeof(KvmDeviceAttr), nameof(KvmDeviceAttr.Address), 16 },
        { typeof(StealTime), nameof(StealTime.Preempted), 16 },
    };

    /// <summary>Requests with the structure that they take.</summary>
    public static TheoryData<uint, Type> Requests => new()
    {
        { KvmIoctl.SetUserMemoryRegion, typeof(KvmUserspaceMemoryRegion) },
        { KvmIoctl.SetUserMemoryRegion2, typeof(KvmUserspaceMemoryRegion2) },
        { KvmIoctl.GetDirtyLog, typeof(KvmDirtyLog) },
        { KvmIoctl.ClearDirtyLog, typeof(KvmClearDirtyLog) },
        { KvmIoctl.EnableCap, typeof(KvmEnableCap) },
        { KvmIoctl.IrqLine, typeof(KvmIrqLevel) },
        { KvmIoctl.SetGsiRouting, typeof(KvmIrqRouting) },
        { KvmIoctl.IrqFd, typeof(KvmIrqFd) },
        { KvmIoctl.IoEventFd, typeof(KvmIoEventFd) },
        { KvmIoctl.SignalMsi, typeof(KvmMsi) },
        { KvmIoctl.RegisterCoalescedMmio, typeof(KvmCoalescedMmioZone) },
        { KvmIoctl.CreateDevice, typeof(KvmCreateDevice) },
        { KvmIoctl.GetRegs, typeof(KvmRegs) },
        { KvmIoctl.SetRegs, typeof(KvmRegs) },
        { KvmIoctl.GetFpu, typeof(KvmFpu) },
        { KvmIoctl.SetFpu, typeof(KvmFpu) },
        { KvmIoctl.GetOneReg, typeof(KvmOneReg) },
        { KvmIoctl.SetOneReg, typeof(KvmOneReg) },
        { KvmIoctl.SetGuestDebug, typeof(KvmGuestDebug) },
        { KvmIoctl.GetDeviceAttr, typeof(KvmDeviceAttr) },
        { KvmIoctl.SetDeviceAttr, typeof(KvmDeviceAttr) },
        { KvmIoctl.HasDeviceAttr, typeof(KvmDeviceAttr) },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Structure_has_the_size_of_the_kernel_headers(Type type, int size) =>
        Marshal.SizeOf(type).Should().Be(size);

    [Theory]
    [MemberData(nameof(Offsets))]
    public void Field_lies_where_the_kernel_headers_have_it(Type type, string field, int offset) =>
        Marshal.OffsetOf(type, field).Should().Be(offset);

    [Theory]
    [MemberData(nameof(Requests))]
    public void Request_number_carries_the_size_of_its_structure(uint request, Type type)
    {
        ((request >> 16) & 0x3fff).Should().Be((uint)Marshal.SizeOf(type));
        ((request >> 8) & 0xff).Should().Be(0xae);
    }

    [Fact]
    public void Request_numbers_are_all_different() =>
        typeof(KvmIoctl).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => f.GetRawConstantValue()).Should().OnlyHaveUniqueItems();
}
