namespace LaKvm.Hypervisor.Tests.Scenarios;

/// <summary>Where our hypervisor answers otherwise than Linux's KVM on purpose, with the reason.</summary>
internal static class Deviations
{
    private static readonly Deviation[] All =
    [
    ];

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
