using System.Diagnostics;
using LaKvm.Boot.Tests.Guests;
using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests.Nested;

/// <summary>Debian's QEMU for LoongArch with its libraries, unpacked once for all tests of a class.</summary>
public sealed class QemuRoot : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lakvm-qemu-");

    /// <summary>Unpacks it with tests/nested/qemu.sh, and builds the bare-metal guests.</summary>
    public QemuRoot()
    {
        GuestShell.EnsureImage();
        GuestFiles.Build(FileOf("guests"));
        using Process unpack = Process.Start(Path.Combine(LakvmProcess.Root, "tests/nested/qemu.sh"), [FileOf("root")]);
        unpack.WaitForExit();
        unpack.ExitCode.Should().Be(0, "Debian's mirror has QEMU for loong64");
    }

    /// <summary>A file for a test.</summary>
    internal string FileOf(string name) => Path.Combine(_directory.FullName, name);

    /// <summary>Words for lakvm that run QEMU with KVM on as many cores as it has vCPUs.</summary>
    internal string[] Qemu(int vcpus, params string[] options) =>
    [
        "user", "--cpus", $"{vcpus}", "--root", FileOf("root"), "/usr/bin/qemu-system-loongarch64", "-cpu", "host",
        "-nographic", "-no-reboot", "-m", "640M", "-smp", $"{vcpus}",
        .. options.Contains("-accel") ? (string[])[] : ["-accel", "kvm"],
        .. options.Contains("-machine") ? (string[])[] : ["-machine", "virt"],
        .. options.Contains("-netdev") ? (string[])[] : ["-nic", "none"],
        .. options,
    ];

    /// <summary>The same for Debian with a shell on its console.</summary>
    internal string[] Debian(int vcpus, params string[] options)
    {
        string image = Path.Combine(
            Environment.GetEnvironmentVariable("XDG_CACHE_HOME")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache"),
            "lakvm/images/debian");
        return Qemu(vcpus, [
            "-kernel", $"{image}/vmlinuz", "-initrd", $"{image}/initrd.img",
            "-append", "console=ttyS0,115200 rdinit=/init panic=-1 initcall_blacklist=i8042_init", .. options]);
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);
}
