using System.Runtime.InteropServices;
using System.Text;

namespace LaKvm.Ioctl;

/// <summary>One statistic of a VM or vCPU.</summary>
/// <param name="Name">KVM's name.</param>
/// <param name="Values">One value, or the buckets of a histogram.</param>
public sealed record KvmStatistic(string Name, IReadOnlyList<ulong> Values)
{
    private const int MaxFile = 64 << 10;

    /// <summary>Reads what a statistics descriptor shows, and closes it.</summary>
    internal static IReadOnlyList<KvmStatistic> ReadAndClose(HostProcess process, int fd)
    {
        IReadOnlyList<KvmStatistic> statistics = Read(process, fd);
        process.Close(fd);
        return statistics;
    }

    /// <summary>Reads what a statistics descriptor (KVM_GET_STATS_FD) shows now.</summary>
    public static unsafe IReadOnlyList<KvmStatistic> Read(HostProcess process, int fd)
    {
        var file = new byte[MaxFile];
        int length = process.Read(fd, file, 0);
        KvmStatsHeader header = MemoryMarshal.Read<KvmStatsHeader>(file.AsSpan(0, length));
        var statistics = new KvmStatistic[header.DescriptorCount];
        for (int i = 0; i < statistics.Length; i++)
        {
            int at = (int)header.DescriptorOffset + (i * (sizeof(KvmStatsDescriptor) + (int)header.NameSize));
            KvmStatsDescriptor descriptor = MemoryMarshal.Read<KvmStatsDescriptor>(file.AsSpan(at));
            ReadOnlySpan<byte> name = file.AsSpan(at + sizeof(KvmStatsDescriptor), (int)header.NameSize);
            ReadOnlySpan<byte> data = file.AsSpan(
                (int)(header.DataOffset + descriptor.Offset), descriptor.Size * sizeof(ulong));
            statistics[i] = new KvmStatistic(
                Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]),
                MemoryMarshal.Cast<byte, ulong>(data).ToArray());
        }

        return statistics;
    }
}
