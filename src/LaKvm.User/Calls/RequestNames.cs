using System.Reflection;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.User;

/// <summary>Names of KVM's requests, and what their arguments point to.</summary>
internal static class RequestNames
{
    private static readonly Dictionary<uint, string> _names = typeof(KvmIoctl)
        .GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
        .Where(field => field is { IsLiteral: true } && field.FieldType == typeof(uint))
        .DistinctBy(field => (uint)field.GetRawConstantValue()!)
        .ToDictionary(field => (uint)field.GetRawConstantValue()!, field => "KVM_" + Upper(field.Name));

    /// <summary>The name of a request, or its number.</summary>
    internal static string NameOf(uint request) =>
        _names.TryGetValue(request, out string? name) ? name : $"0x{request:x}";

    /// <summary>The number of a request, or null.</summary>
    internal static uint? NumberOf(string name) =>
        _names.Where(entry => entry.Value == name).Select(entry => (uint?)entry.Key).FirstOrDefault();

    /// <summary>What a request's argument says.</summary>
    internal static string Argument(UserThread thread, uint request, ulong argument) => request switch
    {
        KvmIoctl.SetUserMemoryRegion or KvmIoctl.SetUserMemoryRegion2
            when thread.Memory.TryRead(argument, out KvmUserspaceMemoryRegion r) =>
            $"{{slot={r.Slot}, flags={r.Flags}, gpa=0x{r.GuestPhysicalAddress:x}, size=0x{r.MemorySize:x}, "
                + $"userspace_addr=0x{r.UserspaceAddress:x}}}",
        KvmIoctl.GetOneReg or KvmIoctl.SetOneReg when thread.Memory.TryRead(argument, out KvmOneReg reg) =>
            $"{{id=0x{reg.Id:x}, value={Value(thread, (ulong)reg.Address)}}}",
        KvmIoctl.EnableCap when thread.Memory.TryRead(argument, out KvmEnableCap cap) =>
            $"{{cap={(uint)cap.Cap}, flags={cap.Flags}}}",
        KvmIoctl.IrqLine when thread.Memory.TryRead(argument, out KvmIrqLevel level) =>
            $"{{irq={level.Irq}, level={level.Level}}}",
        KvmIoctl.IrqFd when thread.Memory.TryRead(argument, out KvmIrqFd fd) =>
            $"{{fd={fd.Fd}, gsi={fd.Gsi}, flags={fd.Flags}}}",
        KvmIoctl.IoEventFd when thread.Memory.TryRead(argument, out KvmIoEventFd io) =>
            $"{{addr=0x{io.Address:x}, len={io.Length}, fd={io.Fd}, flags={io.Flags}, datamatch=0x{io.DataMatch:x}}}",
        KvmIoctl.CreateDevice when thread.Memory.TryRead(argument, out KvmCreateDevice device) =>
            $"{{type={device.Type}, fd={device.Fd}, flags={device.Flags}}}",
        KvmIoctl.GetDeviceAttr or KvmIoctl.SetDeviceAttr or KvmIoctl.HasDeviceAttr
            when thread.Memory.TryRead(argument, out KvmDeviceAttr attr) =>
            $"{{group=0x{attr.Group:x}, attr=0x{attr.Attribute:x}, value={Value(thread, (ulong)attr.Address)}}}",
        _ => argument < 4096 ? $"{argument}" : $"0x{argument:x}",
    };

    private static string Value(UserThread thread, ulong address) =>
        thread.Memory.TryRead(address, out ulong value) ? $"0x{value:x}" : "?";

    /// <summary>SetOneReg becomes SET_ONE_REG.</summary>
    private static string Upper(string name) => string.Concat(
        name.Select((c, i) => i > 0 && (char.IsUpper(c) || (char.IsDigit(c) && !char.IsDigit(name[i - 1]))) ? $"_{c}"
            : $"{c}")).ToUpperInvariant();
}
