namespace LaKvm.Devices;

/// <summary>A machine's physical addresses for people.</summary>
public static class MemoryMapDump
{
    /// <summary>A line for each range of RAM and each window of the bus, by address.</summary>
    public static IEnumerable<string> Describe(IEnumerable<RamRange> ram, MmioBus bus) =>
        ram.Select(range => (range.Base, range.Size, Name: "RAM"))
            .Concat(bus.Windows.Select(window => (window.Base, window.Size, window.Name)))
            .OrderBy(range => range.Base)
            .Select(range => $"{range.Base:x16}-{range.Base + range.Size - 1:x16} {range.Name}");
}
