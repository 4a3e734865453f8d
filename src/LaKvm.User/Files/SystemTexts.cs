using System.Text;
using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>Files of /proc and /sys about the machine that the programs run on, and about themselves.</summary>
internal static class SystemTexts
{
    private const string Process = "/proc/self/", Processors = "/sys/devices/system/cpu/";

    /// <summary>The text of a file, or null if it is none of these.</summary>
    internal static string? Find(UserProcess process, string path)
    {
        if (path.StartsWith("/proc/", StringComparison.Ordinal)
            && path.EndsWith("/schedstat", StringComparison.Ordinal))
        {
            return ThreadOf(process, path) is { } thread ? $"0 {thread.Host.RunDelay} 0\n" : null;
        }

        return path switch
        {
            "/proc/cpuinfo" => ProcessorInfo(process),
            Process + "maps" => Maps(process),
            Process + "cmdline" => string.Concat(process.Arguments.Select(word => word + "\0")),
            Process + "comm" => Path.GetFileName(process.Executable) + "\n",
            Process + "status" => Status(process),
            Processors + "online" or Processors + "possible" or Processors + "present" => CpuRange(process) + "\n",
            "/proc/sys/kernel/pid_max" => "4194304\n",
            "/sys/kernel/mm/transparent_hugepage/enabled" => "always [madvise] never\n",
            _ => null,
        };
    }

    private static UserThread? ThreadOf(UserProcess process, string path)
    {
        string name = path.Split('/')[^2];
        return name == "self" ? process.Threads is [var first, ..] ? first : null
            : int.TryParse(name, out int id) ? process.Kernel.FindThread(id) : null;
    }

    private static string CpuRange(UserProcess process) =>
        process.Kernel.Machine.CpuCount == 1 ? "0" : $"0-{process.Kernel.Machine.CpuCount - 1}";

    private static string ProcessorInfo(UserProcess process)
    {
        var text = new StringBuilder("system type\t\t: generic-loongson-machine\n\n");
        for (int cpu = 0; cpu < process.Kernel.Machine.CpuCount; cpu++)
        {
            text.Append($"processor\t\t: {cpu}\npackage\t\t\t: 0\ncore\t\t\t: {cpu}\nglobal_id\t\t: {cpu}\n")
                .Append("CPU Family\t\t: Loongson-64bit\nModel Name\t\t: Loongson-3A5000\nCPU Revision\t\t: 0x10\n")
                .Append("FPU Revision\t\t: 0x00\nCPU MHz\t\t\t: 2500.00\nBogoMIPS\t\t: 5000.00\n")
                .Append("TLB Entries\t\t: 2112\n")
                .Append("Address Sizes\t\t: 48 bits physical, 48 bits virtual\n")
                .Append("ISA\t\t\t: loongarch32r loongarch32s loongarch64\n")
                .Append("Features\t\t: cpucfg lam ual fpu lsx lasx crc32 lvz\nHardware Watchpoint\t: no\n\n");
        }

        return text.ToString();
    }

    private static string Maps(UserProcess process)
    {
        var text = new StringBuilder();
        foreach (HostMappingInfo area in process.Memory.Mappings)
        {
            char read = (area.Rights & HostRights.Read) != 0 ? 'r' : '-', write = (area.Rights & HostRights.Write) != 0
                ? 'w' : '-';
            char execute = (area.Rights & HostRights.Execute) != 0 ? 'x' : '-', shared = area.IsShared ? 's' : 'p';
            text.Append($"{area.Start:x}-{area.End:x} {read}{write}{execute}{shared} {area.Offset:x8} 00:00 0\n");
        }

        return text.ToString();
    }

    private static string Status(UserProcess process) =>
        $"Name:\t{Path.GetFileName(process.Executable)}\nState:\tR (running)\nTgid:\t{process.Id}\nPid:\t{process.Id}\n"
        + $"PPid:\t{process.Parent?.Id ?? 0}\nThreads:\t{process.Threads.Count}\n"
        + $"Cpus_allowed_list:\t{CpuRange(process)}\n";
}
