using LaKvm.Cpu;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.Debugger.Logging;

/// <summary>
/// What a virtual machine's guest does with devices: there are none on the hypervisor's cores, so its tracepoints tell
/// it.
/// </summary>
public static class VmLog
{
    private const uint Accesses = (1U << (int)TraceEvent.Mmio) | (1U << (int)TraceEvent.Iocsr);

    /// <summary>Logs a VM's accesses, if they are to be shown, until what is returned is disposed of.</summary>
    public static IDisposable Attach(EventLog log, Vm vm) => vm.Trace(Accesses, (in TraceRecord record) =>
    {
        if (log.Wants(LogItem.Mmio) && record.C != (ulong)TraceAccess.ReadUnsatisfied)
        {
            bool isWrite = record.C == (ulong)TraceAccess.Write;
            CoreLog.Current?.WriteVirtual(
                new DeviceAccess(record.A, 0, record.B, isWrite, record.Event == TraceEvent.Iocsr));
        }
    });
}
