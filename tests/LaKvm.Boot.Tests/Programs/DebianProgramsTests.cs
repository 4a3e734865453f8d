namespace LaKvm.Boot.Tests.Programs;

/// <summary>
/// Debian's own programs, which use what CPUCFG announces, compute in the guest what this computer computes.
/// </summary>
[Trait("Category", "Slow")]
public sealed class DebianProgramsTests(DebianPrograms programs) : IClassFixture<DebianPrograms>
{
    // HWCAP_LOONGARCH_LSX and HWCAP_LOONGARCH_LASX of Linux's <asm/hwcap.h>.
    private const ulong Lsx = 1 << 4, Lasx = 1 << 5;

    [Theory]
    [InlineData("host", 2)]
    [InlineData("run", 2)]
    public void Perl_python_gcc_openssl_and_coreutils_have_right_results(string command, int cpus)
    {
        using var guest = new GuestShell(
            command, "--cpus", $"{cpus}", "--memory", "2G", "--drive", $"{programs.Image},snapshot");
        guest.Run("dmesg -n 1; modprobe ext4; mkdir /mnt; mount -t ext4 /dev/vda /mnt && echo mounted").Should()
            .Contain("mounted");
        guest.Run("mount -t proc proc /mnt/proc; mount -t devtmpfs dev /mnt/dev; mount -t tmpfs tmp /mnt/tmp");

        // With its path, or busybox would run its own shell and its own tools.
        string output = guest.Run("chroot /mnt /bin/sh /checks/check.sh 2>&1", TimeSpan.FromMinutes(5));

        var results = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', 2))
            .ToLookup(part => part[0], part => part.ElementAtOrDefault(1)?.Trim() ?? "");
        ulong capabilities = Convert.ToUInt64(results["hwcap"].Single(), 16);
        (capabilities & (Lsx | Lasx)).Should().Be(Lsx | Lasx, "glibc selects its routines by them");
        programs.Expected.Where(result => results[result.Key].SingleOrDefault() != result.Value)
            .Select(result => $"{result.Key}: {string.Join(" | ", results[result.Key])} instead of {result.Value}")
            .Should().BeEmpty("the programs print\n{0}", output);
        guest.Type("poweroff -f");
        guest.WaitForExit().Should().Be(0);
    }
}
