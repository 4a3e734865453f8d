using System.Runtime.InteropServices;
using System.Text;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.User;

/// <summary>Calls about the system, the user, limits.</summary>
internal static class SystemGroup
{
    /// <summary>Who runs the programs: root, as on a test machine.</summary>
    internal const ulong User = 0, Group = 0;

    /// <summary>Bytes of struct rusage.</summary>
    internal const int UsageSize = 144;

    private const int OpenFiles = 7, Stack = 3, LimitCount = 16;

    internal static void AddTo(CallTable table)
    {
        foreach (string name in (string[])["getuid", "geteuid", "getgid", "getegid"])
        {
            table.Add(name, (UserThread _, in CallArguments _) => (long)User);
        }

        table.Add("uname", Name);
        table.Add("sysinfo", Info);
        table.Add("prlimit64", Limit);
        table.Add("getrandom", GetRandom);
        table.Add("getrusage", (UserThread t, in CallArguments a) =>
            HostMemoryAccess.CopyTo(t.Memory, a[1], new byte[UsageSize]) ? 0 : Fail.Fault);
        table.Add("prctl", Control);
        table.Add("umask", (UserThread _, in CallArguments _) => 0x12);
        table.Add("getpgid", (UserThread t, in CallArguments _) => t.Process.Id);
        table.Add("getsid", (UserThread t, in CallArguments _) => t.Process.Id);
        table.Add("setsid", (UserThread t, in CallArguments _) => t.Process.Id);
        table.Add("setpgid", (UserThread _, in CallArguments _) => 0);
        table.Add("getcpu", GetCpu);
        foreach (string name in (string[])["rseq", "clone3", "membarrier", "io_uring_setup", "seccomp", "statfs",
            "fstatfs", "get_mempolicy", "set_mempolicy", "mbind"])
        {
            table.Add(name, (UserThread _, in CallArguments _) => Fail.NoSys); // every library does without
        }
    }

    private static long Name(UserThread thread, in CallArguments a)
    {
        const int length = 65;
        string[] words = ["Linux", "lakvm", "7.2.0-lakvm-user", "#1 SMP LaKvm", "loongarch64", "(none)"];
        byte[] bytes = new byte[length * words.Length];
        for (int i = 0; i < words.Length; i++)
        {
            Encoding.ASCII.GetBytes(words[i], bytes.AsSpan(i * length));
        }

        return HostMemoryAccess.CopyTo(thread.Memory, a[0], bytes) ? 0 : Fail.Fault;
    }

    private static long Info(UserThread thread, in CallArguments a)
    {
        HostPages pages = thread.Memory.Pages;
        byte[] bytes = new byte[112];
        MemoryMarshal.Write(bytes, thread.Process.Kernel.Now / 1_000_000_000);
        MemoryMarshal.Write(bytes.AsSpan(32), pages.TotalBytes);
        MemoryMarshal.Write(bytes.AsSpan(40), (ulong)pages.FreePages << pages.PageShift);
        MemoryMarshal.Write(bytes.AsSpan(80), (ushort)thread.Process.Kernel.Processes.Count);
        MemoryMarshal.Write(bytes.AsSpan(104), 1u);
        return HostMemoryAccess.CopyTo(thread.Memory, a[0], bytes) ? 0 : Fail.Fault;
    }

    private static long Limit(UserThread thread, in CallArguments a) =>
        a.Int(1) is < 0 or >= LimitCount ? Fail.Inval : a[3] == 0 ? 0 : WriteLimit(thread, a.Int(1), a[3]);

    private static long WriteLimit(UserThread thread, int resource, ulong address)
    {
        const ulong stackBytes = 8UL << 20;
        ulong limit = resource switch { OpenFiles => DescriptorTable.Limit, Stack => stackBytes, _ => ulong.MaxValue };
        return thread.Memory.TryWrite(address, limit)
            && thread.Memory.TryWrite(address + 8, resource == Stack ? ulong.MaxValue : limit) ? 0 : Fail.Fault;
    }

    private static long GetRandom(UserThread thread, in CallArguments a)
    {
        byte[] bytes = new byte[(int)Math.Min(a[1], 1 << 20)];
        System.Security.Cryptography.RandomNumberGenerator.Fill(bytes);
        return HostMemoryAccess.CopyTo(thread.Memory, a[0], bytes) ? bytes.Length : Fail.Fault;
    }

    private static long Control(UserThread thread, in CallArguments a)
    {
        const int setDeathSignal = 1, getDumpable = 3, setDumpable = 4, setName = 15, getName = 16, setTimerSlack = 29;
        const int setNoNewPrivileges = 38, getNoNewPrivileges = 39, nameLength = 16;
        switch (a.Int(0))
        {
            case setName:
                thread.Name = thread.Memory.ReadText(a[1]) is { } name ? name[..Math.Min(name.Length, nameLength - 1)]
                    : thread.Name;
                return 0;
            case getName:
                byte[] bytes = new byte[nameLength];
                Encoding.UTF8.GetBytes(thread.Name, bytes);
                return HostMemoryAccess.CopyTo(thread.Memory, a[1], bytes) ? 0 : Fail.Fault;
            case getDumpable or getNoNewPrivileges:
                return a.Int(0) == getDumpable ? 1 : 0;
            case setDeathSignal or setDumpable or setTimerSlack or setNoNewPrivileges:
                return 0;
            default:
                return Fail.Inval;
        }
    }

    private static long GetCpu(UserThread thread, in CallArguments a) =>
        (a[0] == 0 || thread.Memory.TryWrite(a[0], 0u)) && (a[1] == 0 || thread.Memory.TryWrite(a[1], 0u)) ? 0
            : Fail.Fault;
}
