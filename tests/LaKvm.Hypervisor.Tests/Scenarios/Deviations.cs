namespace LaKvm.Hypervisor.Tests.Scenarios;

/// <summary>Where our hypervisor answers otherwise than Linux's KVM on purpose, with the reason.</summary>
internal static class Deviations
{
    private const string Stop = "run 0 mmio write 1fe00ff8 bytes 8 data ", Stopped = Stop + "0";
    private const string ExitStatus = "run 0 mmio write 1fe00fe0 bytes 8 data ";

    private const string Status = "an injected exception puts its code into ESTAT's fields; Linux ORs it in unshifted";
    private const string Mode = "an injected exception saves PLV and IE in PRMD; Linux saves all of CRMD";
    private const string Zero =
        "a result for register 0 is dropped; Linux keeps it, and the next store of it shows that";

    private const string Units = "loads and stores of the FPU and the vector units reach devices; Linux decodes none";
    private const string Wait =
        "idle does not wait while an enabled interrupt is in ESTAT; Linux forgets it once it is there";

    private static readonly Deviation[] All =
    [
        new("exits", Loads, Stop + "8182838485868788", Stopped, Zero),
        new("exits", Loads, LastLoads + "zero=8182838485868788 pc=258", LastLoads + "zero=0 pc=258", Zero),
        new("exits", Iocsr, Stop + "ffffffff85868788", Stopped, Zero),
        new("exits", Iocsr, "zero=ffffffff85868788", "zero=0", Zero),
        new("exits", NotEmulated, ExitStatus + "0", ExitStatus + "480000", Status),
        new("exits", NotEmulated, ExitStatus + "0", ExitStatus + "480000", Status),
        new("exits", NotEmulated, "PRMD 8", "PRMD 0", Mode),
        new("exits", "A load of the FPU from a device", ExitStatus + "0", "run 0 mmio read 1fe00008 bytes 8", Units),
        new("exits", VectorStore, ExitStatus + "0", "run 0 mmio write 1fe00010 bytes 8 data 1fe00000", Units),
        new("exits", Idle, "run -4 reason a", Stopped, Wait),
        new("exits", Idle, "t0=0 pc=204", "t0=8 pc=214", Wait),
        new("exits", NoLvz, ExitStatus + "1", ExitStatus + "d0000", Status),
        new("exits", NoLvz, ExitStatus + "1", ExitStatus + "d0000", Status),
        new("exits", NoLasx, ExitStatus + "1", ExitStatus + "d0000", Status),
        new("exits", NoLasx, ExitStatus + "1", ExitStatus + "d0000", Status),
        new("exits", NoLasx, ExitStatus + "1", ExitStatus + "d0000", Status),
        new("exits", "A jump to where there is no memory", ExitStatus + "0", ExitStatus + "80000", Status),
        new("exits", Above, ExitStatus + "0", ExitStatus + "480000", Status),
        new("exits", Above, ExitStatus + "0", ExitStatus + "480000", Status),
        new("memory", ReadOnly, ExitStatus + "0", ExitStatus + "480000", Status),
    ];

    private const string Loads = "Loads from a device, every width and form";
    private const string LastLoads =
        "a0=ffffffff85868788 a1=8182838485868788 a2=ffffffffffffff88 a3=88 a4=ffffffffffff8788 "
        + "a5=8788 a6=ffffffff85868788 a7=85868788 t2=8182838485868788 ";
    private const string Iocsr = "IOCSR reads and writes, every width";
    private const string NotEmulated = "Accesses to a device that cannot be emulated are address errors";
    private const string VectorStore = "A store of the vector unit to a device";
    private const string Idle = "Idle ends with an interrupt that is queued and enabled";
    private const string NoLvz = "Guest without LVZ cannot use its instructions";
    private const string NoLasx = "A guest without LASX gets an exception of its own";
    private const string Above = "Addresses above the guest's address space";
    private const string ReadOnly = "Read-only memory: loads are direct, stores leave";

    /// <summary>Linux's lines with our own in the places of the list.</summary>
    /// <param name="linux">What Linux answered to a file of scenarios.</param>
    /// <param name="unused">Entries for this file that fit no line.</param>
    /// <param name="file">Name of the file.</param>
    internal static IEnumerable<string> Apply(string[] linux, out IReadOnlyList<string> unused, string file)
    {
        var left = All.Where(deviation => deviation.File == file).ToList();
        var lines = new List<string>();
        string scenario = "";
        foreach (string line in linux)
        {
            scenario = line.StartsWith(':') ? line[2..] : scenario;
            int index = left.FindIndex(d => d.Scenario == scenario && d.Linux == line);
            lines.Add(index < 0 ? line : left[index].Ours);
            if (index >= 0)
            {
                left.RemoveAt(index);
            }
        }

        unused = [.. left.Select(d => $"{d.Scenario}: {d.Linux}")];
        return lines;
    }

    private sealed record Deviation(string File, string Scenario, string Linux, string Ours, string Reason);
}
