using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>What the buses say of accesses that no device takes.</summary>
internal static class BusErrors
{
    /// <summary>Reports an access; its text is only made if the log wants it.</summary>
    /// <param name="log">Takes the line.</param>
    /// <param name="what">"MMIO read" and the like.</param>
    /// <param name="window">The window at the address, which takes other accesses; null if there is none.</param>
    /// <param name="address">Address on the bus.</param>
    /// <param name="size">Bytes.</param>
    internal static void ReportNoAnswer<TDevice>(
        this GuestErrorLog log, string what, BusWindow<TDevice>? window, ulong address, int size)
    {
        if (window == null)
        {
            log.Report($"{what} of {size} bytes at 0x{address:x}: nothing is there");
        }
        else
        {
            log.Report($"{what} of {size} bytes at 0x{address:x}: not an access {window.Name} takes");
        }
    }
}
