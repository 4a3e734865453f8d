using System.Runtime.InteropServices;
using System.Text;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

public sealed class StatsTests : IDisposable
{
    private readonly GuestBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Statistics_of_a_vm_have_the_layout_of_linux()
    {
        byte[] file = ReadAll(_bench.Vm.GetStatsFd());

        KvmStatsHeader header = MemoryMarshal.Read<KvmStatsHeader>(file);
        header.Should().BeEquivalentTo(new
        {
            NameSize = 48u,
            DescriptorCount = 4u,
            IdOffset = 24u,
            DescriptorOffset = 72u,
            DataOffset = 328u,
        });
        Text(file, 24).Should().Be($"kvm-{Environment.ProcessId}");
        Names(file, header).Should().Equal("remote_tlb_flush", "remote_tlb_flush_requests", "pages", "hugepages");
        file.Length.Should().Be(328 + (4 * 8));
    }

    [Fact]
    public void Statistics_of_a_vcpu_lie_one_behind_the_other()
    {
        byte[] file = ReadAll(_bench.CreateVcpu(7).GetStatsFd());

        KvmStatsHeader header = MemoryMarshal.Read<KvmStatsHeader>(file);
        header.DescriptorCount.Should().Be(22);
        header.DataOffset.Should().Be(1480);
        file.Length.Should().Be(1480 + 920);
        Text(file, 24).Should().Be($"kvm-{Environment.ProcessId}/vcpu-7");
        uint offset = 0;
        for (int i = 0; i < 22; i++)
        {
            KvmStatsDescriptor descriptor = MemoryMarshal.Read<KvmStatsDescriptor>(file.AsSpan(72 + (i * 64)));
            descriptor.Offset.Should().Be(offset);
            offset += descriptor.Size * 8u;
        }
    }

    [Fact]
    public void Statistics_count_exits_and_outlive_the_vm()
    {
        Vcpu vcpu = _bench.Start("""
            cpucfg  $t0, $zero
            cpucfg  $t0, $zero
            li.d    $t0, 0x1fe00000
            st.b    $zero, $t0, 0
            """);
        int fd = vcpu.GetStatsFd();
        vcpu.Run();
        vcpu.Dispose();
        _bench.Vm.Dispose();

        Value(fd, "cpucfg_exits").Should().Be(2);
    }

    [Fact]
    public void Wrapper_names_what_the_descriptor_shows()
    {
        Vcpu vcpu = _bench.Start("hvcl 0x155\nhvcl 0x101\nhvcl 0x100\nli.d $t0, 0x1fe00000\nst.b $zero, $t0, 0");
        vcpu.Run();

        IReadOnlyList<KvmStatistic> statistics = vcpu.ReadStatistics();

        statistics.Should().HaveCount(22);
        statistics.Single(s => s.Name == "hypercall_exits").Values.Should().Equal([1], "only services count");
        statistics.Single(s => s.Name == "halt_wait_hist").Values.Should().HaveCount(32);
        _bench.Vm.ReadStatistics().Select(s => s.Name).Should().Contain("hugepages");
    }

    [Fact]
    public void Reading_beyond_the_end_gives_nothing()
    {
        int fd = _bench.Vm.GetStatsFd();
        _bench.Process.Read(fd, new byte[8], 10_000).Should().Be(0);
        _bench.Process.Read(fd, new byte[8], -1).Should().Be(-(int)Errno.Inval);
        _bench.Process.Read(fd, new byte[8], 355).Should().Be(5);
    }

    private ulong Value(int fd, string name)
    {
        byte[] file = ReadAll(fd);
        KvmStatsHeader header = MemoryMarshal.Read<KvmStatsHeader>(file);
        int index = Names(file, header).ToList().IndexOf(name);
        KvmStatsDescriptor descriptor = MemoryMarshal.Read<KvmStatsDescriptor>(file.AsSpan(72 + (index * 64)));
        return BitConverter.ToUInt64(file, (int)(header.DataOffset + descriptor.Offset));
    }

    private static IEnumerable<string> Names(byte[] file, KvmStatsHeader header) =>
        Enumerable.Range(0, (int)header.DescriptorCount)
        .Select(i => Text(file, (int)header.DescriptorOffset + (i * 64) + 16));

    private static string Text(byte[] file, int offset) =>
        Encoding.ASCII.GetString(file, offset, Array.IndexOf(file, (byte)0, offset) - offset);

    private byte[] ReadAll(int fd)
    {
        var buffer = new byte[8192];
        int length = _bench.Process.Read(fd, buffer, 0);
        return buffer[..length];
    }
}
