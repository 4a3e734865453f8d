using System.Globalization;
using LaKvm.Boot.Tests.Guests;

namespace LaKvm.Boot.Tests.Nested;

/// <summary>
/// Linux on the bare machine runs guests of its own: Debian's kernel with its KVM, and Debian's QEMU.
/// </summary>
[Trait("Category", "Slow")]
public sealed class NestedKvmTests(NestedImage image) : IClassFixture<NestedImage>
{
    // What a kernel says when KVM or the hardware under it misbehaves. ("Unsupported" is KVM's word for a CSR that
    // traps although it should not.)
    private const string Complaints = "BUG|WARN|Oops|rcu.*stall|hung task|suspicious|[Uu]nsupported|kvm_err|ECode";

    [Fact]
    public void Bare_metal_guests_print_what_they_print_on_the_bare_machine()
    {
        using GuestShell host = image.BootHost(2);
        foreach (string name in new[] { "hello", "timer", "exceptions", "mmu" })
        {
            host.Run($"guest -kernel {name}.elf").Should().Be(GuestFiles.Expected(name), name);
        }

        PowerOff(host);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(4, 2)]
    public void Debian_boots_works_and_powers_off_under_qemu_with_kvm(int cpus, int vcpus)
    {
        using GuestShell host = image.BootHost(cpus);
        host.Run("ls -l /dev/kvm").Should().Contain("10, 232");
        host.Type($"guest -smp {vcpus}");
        host.WaitForPrompt();

        host.Run("grep -c ^processor /proc/cpuinfo").Trim().Should().Be($"{vcpus}");
        host.Run("dmesg").Should().Contain("Using paravirt steal-time", "the guest found KVM");
        host.Run("grep Features /proc/cpuinfo").Should().Contain("lasx").And.NotContain("lvz");
        host.Run("dd if=/dev/zero bs=1M count=16 2>/dev/null | sha256sum").Should()
            .StartWith("080acf35a507ac9849cfcba47dc2ad83e01b75663a516279c8b9d243b719643e");
        host.Run("i=0; while [ $i -lt 100 ]; do /bin/busybox true || break; i=$((i+1)); done; echo $i").Trim().Should()
            .Be("100");
        host.Run($"dmesg | grep -E '{Complaints}'").Trim().Should().BeEmpty();
        host.Type("poweroff -f");
        host.WaitForPrompt();
        PowerOff(host);
    }

    [Fact]
    public void Guests_started_killed_and_moved_without_pause_compute_right()
    {
        // LAKVM_STRESS_SECONDS=1800 is the long version.
        string seconds = Environment.GetEnvironmentVariable("LAKVM_STRESS_SECONDS") ?? "30";
        using GuestShell host = image.BootHost(2, "1536M");
        host.Run($"stress {seconds}", TimeSpan.FromSeconds(int.Parse(seconds, CultureInfo.InvariantCulture))).Should()
            .MatchRegex(@"stress: [1-9]\d* guests good, 0 bad, [1-9]\d* killed;");
        PowerOff(host);
    }

    private static void PowerOff(GuestShell host)
    {
        host.Run($"dmesg | grep -E '{Complaints}'").Trim().Should().BeEmpty();
        host.Type("poweroff -f");
        host.WaitForExit().Should().Be(0);
    }
}
