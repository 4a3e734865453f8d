using System.Diagnostics;
using LaKvm.Boot.Tests.Guests;
using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests.Nested;

/// <summary>The disk with Debian's QEMU and the guests under guests/, made once for all tests of a class.</summary>
public sealed class NestedImage : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lakvm-nested-");

    /// <summary>Makes the disk with tests/nested/image.sh.</summary>
    public NestedImage()
    {
        GuestShell.EnsureImage();
        string guests = Path.Combine(_directory.FullName, "guests");
        GuestFiles.Build(guests);
        using Process make = Process.Start(
            Path.Combine(LakvmProcess.Root, "tests/nested/image.sh"), [Disk, .. Directory.GetFiles(guests, "*.elf")]);
        make.WaitForExit();
        make.ExitCode.Should().Be(0, "Debian's mirror has QEMU for loong64");
    }

    private string Disk => Path.Combine(_directory.FullName, "nested.img");

    /// <summary>Boots the emulated machine with the disk and waits for the shell that the disk's init starts.</summary>
    internal GuestShell BootHost(int cpus, string memory = "2G") => new(
        "host", "--cpus", $"{cpus}", "--memory", memory, "--drive", $"{Disk},snapshot", "--drive", MakeSwapDisk(),
        "--append", "console=ttyS0,115200 root=/dev/vda rw");

    private string MakeSwapDisk()
    {
        string swap = Path.Combine(_directory.FullName, "swap.img");
        using FileStream file = File.Create(swap);
        file.SetLength(1L << 30);
        return swap;
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Delete(recursive: true);
}
