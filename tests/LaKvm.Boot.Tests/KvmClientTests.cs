using System.Formats.Tar;
using System.Text;
using LaKvm.Boot.Tests.Guests;
using LaKvm.Tests.Support;

namespace LaKvm.Boot.Tests;

/// <summary>
/// Linux's own KVM on the emulated machine, driven by guests/kvm-client: it must answer the scenarios as recorded,
/// which is what our own hypervisor is held to as well (Hypervisor.Tests, Scenarios).
/// </summary>
[Trait("Category", "Slow")]
public sealed class KvmClientTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Linux_answers_the_scenarios_as_recorded(int cpus)
    {
        using var directory = new TemporaryDirectory();
        string disk = WriteDisk(directory.Path);
        using var host = new GuestShell("host", "--cpus", $"{cpus}", "--memory", "1G", "--drive", $"{disk},snapshot");
        host.Run("dmesg -n 1"); // what KVM logs about a guest must not get between the lines
        host.Run("mkdir /c; tar x -f /dev/vda -C /c && echo unpacked").Should().Contain("unpacked");
        foreach (string name in ScenarioFiles.All)
        {
            string[] answers = host.Run($"/c/kvm-client < /c/{name}.script").Split('\n');
            answers.Should().Equal(ScenarioFiles.Expected(name).Split('\n'), name);
        }

        host.Run("dmesg | grep -E 'BUG|WARN|Oops|stall|suspicious|hung'").Trim().Should().BeEmpty();
        host.Type("poweroff -f");
        host.WaitForExit().Should().Be(0);
    }

    /// <summary>A tar archive in the place of a disk: the client and the scripts.</summary>
    private static string WriteDisk(string directory)
    {
        GuestFiles.Build(directory);
        string path = Path.Combine(directory, "disk.tar");
        using var tar = new TarWriter(File.Create(path));
        tar.WriteEntry(Path.Combine(directory, "kvm-client"), "kvm-client");
        foreach (string name in ScenarioFiles.All)
        {
            var script = new MemoryStream(Encoding.ASCII.GetBytes(ScenarioFiles.Script(name)));
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"{name}.script") { DataStream = script });
        }

        return path;
    }

    private sealed class TemporaryDirectory : IDisposable
    {
        internal string Path { get; } = Directory.CreateTempSubdirectory("lakvm").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
