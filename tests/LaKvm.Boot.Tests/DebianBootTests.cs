using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests;

/// <summary>Debian's kernel from power-on to power-off, on the bare machine and under the hypervisor.</summary>
[Trait("Category", "Slow")]
public class DebianBootTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    // sha256 of 64 MiB of zeros.
    private const string DigestOfZeros = "3b6a07d0d404fab4e23b6d34bc6696a6a312dd92821332385e5af7c01c421351";

    [Theory]
    [InlineData("host", 1, "translator")]
    [InlineData("host", 4, "translator")]
    [InlineData("run", 1, "translator")]
    [InlineData("run", 4, "translator")]
    [InlineData("host", 1, "interpreter")]
    [InlineData("run", 2, "interpreter")]
    public void Guest_boots_works_and_powers_off(string command, int cpus, string engine)
    {
        using var guest = new GuestShell(command, "--cpus", $"{cpus}", "--memory", "1G", "--engine", engine);

        guest.Run("uname -a").Should().Contain("loongarch64 GNU/Linux");
        guest.Run("grep -c ^processor /proc/cpuinfo").Trim().Should().Be($"{cpus}");
        guest.Run("cat /proc/cpuinfo").Should().Contain("LA464");
        guest.Run("cat /proc/interrupts").Should().Contain("timer").And.Contain("ttyS0");
        guest.Run("dd if=/dev/zero bs=1M count=64 2>/dev/null | sha256sum").Should().StartWith(DigestOfZeros);
        guest.Run("i=0; while [ $i -lt 200 ]; do /bin/busybox true || break; i=$((i+1)); done; echo $i")
            .Trim().Should().Be("200");
        guest.Run("dmesg | grep -E 'BUG|WARNING|Oops|rcu.*stall|unhandled'").Trim().Should().BeEmpty();
        guest.Type("poweroff -f");

        guest.WaitForExit().Should().Be(0);
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Guest_boots_with_both_engines_in_lockstep(string command)
    {
        using var guest = new GuestShell(command, "--memory", "1G", "--engine", "check");

        guest.Run("uname -a").Should().Contain("loongarch64 GNU/Linux");
        guest.Run("i=0; while [ $i -lt 20 ]; do /bin/busybox true || break; i=$((i+1)); done; echo $i").Trim().Should()
            .Be("20");
        guest.Type("poweroff -f");

        guest.WaitForExit().Should().Be(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Interrupt_controllers_in_user_space_serve_a_guest(int cpus)
    {
        using var guest = new GuestShell("run", "--irqchip", "user", "--cpus", $"{cpus}", "--memory", "1G");

        guest.Run("grep -c ^processor /proc/cpuinfo").Trim().Should().Be($"{cpus}");
        guest.Run("cat /proc/interrupts").Should().Contain("ttyS0");
        guest.Type("poweroff -f");

        guest.WaitForExit().Should().Be(0);
    }

    [Fact]
    public void Guest_finds_KVM_and_uses_what_it_offers_to_guests()
    {
        string file = Path.GetTempFileName();
        try
        {
            using var guest = new GuestShell("run", "--cpus", "2", "--memory", "1G", "--stat", file);

            guest.Run("dmesg").Should().Contain("Using paravirt steal-time");
            guest.Run("grep Features /proc/cpuinfo").Should().Contain("lasx").And.NotContain("lvz");

            // The cores wake each other by hypercalls, which raise SWI0; the IPI controller is left alone.
            guest.Run(
                "taskset 1 sh -c 'i=0; while [ $i -lt 50 ]; do taskset 2 true; i=$((i+1)); done'; cat /proc/interrupts")
                .Should().MatchRegex(" [1-9][0-9]+ +CPUINTC +0 +SWI0-IPI").And.MatchRegex(" 0 +0 +CPUINTC +12 +IPI");
            guest.Type("poweroff -f");

            guest.WaitForExit().Should().Be(0);
            Total(file, "hypercall").Should().BeGreaterThan(50);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Written_file_system_survives_a_reboot_and_is_clean(string command)
    {
        string disk = Path.GetTempFileName();
        try
        {
            HostTool("truncate", "-s", "64M", disk);
            HostTool("mkfs.ext4", "-q", "-F", disk);
            using (var guest = new GuestShell(command, "--memory", "1G", "--drive", disk))
            {
                const string mount = "modprobe ext4; mkdir -p /mnt; mount -t ext4 /dev/vda /mnt && echo mounted";
                guest.Run(mount).Should().Contain("mounted");
                string digest = guest.Run(
                    "dd if=/dev/urandom of=/mnt/data bs=1M count=8 2>/dev/null; sha256sum < /mnt/data");
                guest.Run("umount /mnt && echo unmounted").Should().Contain("unmounted");
                guest.Type("reboot -f");
                guest.WaitForPrompt();

                guest.Run(mount).Should().Contain("mounted");
                guest.Run("sha256sum < /mnt/data").Should().Be(digest).And.HaveLength(68);
                guest.Run("umount /mnt");
                guest.Type("poweroff -f");
                guest.WaitForExit().Should().Be(0);
            }

            HostTool("e2fsck", "-f", "-n", disk);
        }
        finally
        {
            File.Delete(disk);
        }
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Panic_under_no_reboot_ends_with_its_own_exit_code(string command)
    {
        using var guest = new GuestShell(command, "--no-reboot", "--append", "panic=-1", "--memory", "1G");

        guest.Type("echo c > /proc/sysrq-trigger");

        guest.WaitForExit().Should().Be(3);
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Time_of_day_is_the_computers(string command)
    {
        using var guest = new GuestShell(command, "--memory", "1G");

        long time = long.Parse(guest.Run("date +%s"));

        DateTimeOffset.FromUnixTimeSeconds(time).Should().BeCloseTo(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Break_is_the_SysRq_key(string command)
    {
        GuestShell.EnsureImage();
        using LakvmProcess lakvm = LakvmProcess.OnTerminal($"$lakvm {command} --memory 1G");
        string booted = lakvm.Expect("~ # ", Patience);

        lakvm.Type("\u0001bh");

        lakvm.Expect("sysrq: HELP", Patience, booted.Length);
    }

    [Fact]
    public void Guests_talk_to_each_other_on_a_network()
    {
        (int one, int two) = (FreePort(), FreePort());
        using var first = new GuestShell(
            "host", "--memory", "512M", "--netdev", $"udp=127.0.0.1:{two},local=127.0.0.1:{one}");
        using var second = new GuestShell(
            "run", "--memory", "512M", "--netdev", $"udp=127.0.0.1:{one},local=127.0.0.1:{two}");

        const string address = "cat /sys/class/net/eth0/address";
        string ofFirst = first.Run(address);
        ofFirst.Should().StartWith("52:54:00:").And.NotBe(second.Run(address));
        first.Type("reboot -f");
        first.WaitForPrompt();
        first.Run(address).Should().Be(ofFirst);
        first.Run(
            "ip addr add 10.0.0.1/24 dev eth0 && ip link set eth0 up; { nc -l -p 9 | sha256sum >/tmp/sum; } & true");
        second.Run("ip addr add 10.0.0.2/24 dev eth0 && ip link set eth0 up");
        second.Run("ping -c 5 10.0.0.1").Should().Contain("5 packets received");
        string digest = second.Run("dd if=/dev/urandom of=/tmp/data bs=1M count=8 2>/dev/null; sha256sum </tmp/data");
        second.Run("nc 10.0.0.1 9 </tmp/data");

        first.Run("while ! [ -s /tmp/sum ]; do sleep 1; done; cat /tmp/sum").Should()
            .EndWith(digest).And.Contain("  -");
    }

    [Fact]
    public void Guest_gets_its_address_by_dhcp()
    {
        (int one, int two) = (FreePort(), FreePort());
        using var server = new GuestShell(
            "run", "--memory", "512M", "--netdev", $"udp=127.0.0.1:{two},local=127.0.0.1:{one}");
        server.Run(
            "ip addr add 10.9.0.1/24 dev eth0; ip link set eth0 up; mkdir -p /var/lib/misc; : "
            + ">/var/lib/misc/udhcpd.leases");
        server.Run("printf 'start 10.9.0.50\\nend 10.9.0.60\\ninterface eth0\\noption subnet 255.255.255.0\\n"
            + "option router 10.9.0.1\\noption dns 10.9.0.3\\n' >/tmp/udhcpd.conf; udhcpd /tmp/udhcpd.conf");
        using var client = new GuestShell("host", "--memory", "512M", "--append", "ip=dhcp", "--netdev",
            $"udp=127.0.0.1:{one},local=127.0.0.1:{two}");

        client.Run("n=0; until ip route | grep default; do sleep 1; n=$((n+1)); [ $n -lt 30 ] || break; done")
            .Should().Contain("default via 10.9.0.1 dev eth0");
        client.Run("ip addr show eth0").Should().MatchRegex(@"inet 10\.9\.0\.[56]\d/24");
        client.Run("cat /etc/resolv.conf").Should().Contain("nameserver 10.9.0.3");
        client.Run("ping -c 1 10.9.0.1").Should().Contain("1 packets received");
    }

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Exit_code_of_the_shell_is_the_programs(string command)
    {
        using var guest = new GuestShell(command, "--memory", "512M");

        guest.Type("exit 7");

        guest.WaitForExit().Should().Be(7);
    }

    [Fact]
    public void Mount_finds_the_module_of_a_file_system()
    {
        string disk = Path.GetTempFileName();
        try
        {
            HostTool("truncate", "-s", "64M", disk);
            HostTool("mkfs.ext4", "-q", "-F", disk);
            using var guest = new GuestShell("run", "--memory", "512M", "--drive", disk);

            guest.Run("mkdir -p /mnt; mount /dev/vda /mnt; grep /mnt /proc/mounts").Should()
                .Contain("/dev/vda /mnt ext4");
        }
        finally
        {
            File.Delete(disk);
        }
    }

    [Fact]
    public void Block_device_is_a_disk()
    {
        string image = Path.GetTempFileName();
        File.WriteAllText(image, "first" + new string('.', 4091));
        string device = HostTool("losetup", "--find", "--show", image).Trim();
        try
        {
            using var guest = new GuestShell("run", "--memory", "1G", "--drive", device);

            guest.Run("head -c 5 /dev/vda; blockdev --getsize64 /dev/vda").Trim().Should().Be("first4096");
        }
        finally
        {
            HostTool("losetup", "--detach", device);
            File.Delete(image);
        }
    }

    /// <summary>The count in the last row of a table of exits that begins with a name.</summary>
    private static long Total(string file, string name) => long.Parse(
        Regex.Matches(File.ReadAllText(file), $"^{name} +([0-9]+)", RegexOptions.Multiline)[^1].Groups[1].Value);

    private static int FreePort()
    {
        using var socket = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.Client.LocalEndPoint!).Port;
    }

    private static string HostTool(string program, params string[] arguments)
    {
        // Debian keeps the file system tools out of a user's path.
        string? found = new[] { "/usr/sbin", "/sbin", "/usr/bin", "/bin" }
            .Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);
        using Process process = Process.Start(
            new ProcessStartInfo(found ?? program, arguments) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        process.ExitCode.Should().Be(0, $"{program} {string.Join(' ', arguments)} must succeed");
        return output;
    }
}
