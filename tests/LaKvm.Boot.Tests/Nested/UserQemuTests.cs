using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using LaKvm.Boot.Tests.Guests;
using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests.Nested;

/// <summary>
/// Debian's unmodified QEMU with its KVM accelerator on our hypervisor, by <c>lakvm user</c>: what it does there on
/// Linux's KVM, too (<see cref="NestedKvmTests"/>).
/// </summary>
[Trait("Category", "Slow")]
public sealed class UserQemuTests(QemuRoot root) : IClassFixture<QemuRoot>
{
    private const string Complaints = "BUG|WARN|Oops|rcu.*stall|hung task|suspicious|[Uu]nsupported|kvm_err|ECode";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("hello")]
    [InlineData("timer")]
    [InlineData("exceptions")]
    [InlineData("mmu")]
    public void Bare_metal_guest_prints_what_it_prints_on_the_bare_machine(string name)
    {
        using var lakvm = new LakvmProcess(root.Qemu(1, "-kernel", root.FileOf($"guests/{name}.elf")));

        (int exitCode, string output, string errors) = lakvm.WaitForExit(Patience);

        exitCode.Should().Be(0, errors);
        output.ReplaceLineEndings("\n").Should().Be(GuestFiles.Expected(name), errors);
    }

    [Theory]
    [InlineData(1, "")]
    [InlineData(2, "")]
    [InlineData(4, "")]
    [InlineData(2, "-machine virt,kernel-irqchip=off")]
    [InlineData(1, "-accel kvm,dirty-ring-size=4096")]
    [InlineData(2, "-machine virt,memory-backend=ram -object memory-backend-memfd,id=ram,size=640M,share=on")]
    public void Debian_boots_works_and_powers_off(int vcpus, string options)
    {
        using GuestShell guest = Boot(vcpus, options.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        guest.Run("grep -c ^processor /proc/cpuinfo").Trim().Should().Be($"{vcpus}");
        guest.Run("dmesg").Should().Contain("Using paravirt steal-time", "the guest found KVM");
        guest.Run("dd if=/dev/zero bs=1M count=16 2>/dev/null | sha256sum").Should()
            .StartWith("080acf35a507ac9849cfcba47dc2ad83e01b75663a516279c8b9d243b719643e");
        PowerOff(guest);
    }

    /// <summary>Debian's kernel finds PCI only where there is firmware.</summary>
    [Fact]
    public async Task Firmware_virtio_disk_and_network_serve_debian()
    {
        byte[] content = RandomNumberGenerator.GetBytes(8 << 20);
        string disk = root.FileOf("disk.img");
        await File.WriteAllBytesAsync(disk, content);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        Task answer = Answer(server, "from the host");
        using GuestShell guest = Boot(
            2, "-bios", "/usr/share/qemu-efi-loongarch64/QEMU_EFI.fd", "-drive", $"file={disk},format=raw,if=virtio",
            "-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile=");

        guest.Run("modprobe virtio_blk; modprobe virtio_net; sleep 1; ls /sys/class/net").Should().Contain("eth0");
        guest.Run("sha256sum < /dev/vda").Should().StartWith(Convert.ToHexStringLower(SHA256.HashData(content)));
        guest.Run("echo written by the guest | dd of=/dev/vda conv=notrunc 2>/dev/null; sync");
        guest.Run("ip link set eth0 up; udhcpc -i eth0 -n -q 2>&1").Should().Contain("lease of 10.0.2.15");
        int port = ((IPEndPoint)server.LocalEndpoint).Port;
        guest.Run($"nc 10.0.2.2 {port} < /dev/null").Should().Contain("from the host");
        guest.Run("grep -E 'virtio[0-9]-(req|input)' /proc/interrupts").Should().MatchRegex(@"[1-9].*MSI", "irqfd");
        PowerOff(guest);
        await answer;
        (await File.ReadAllBytesAsync(disk)).AsSpan(0, 20).SequenceEqual("written by the guest"u8).Should().BeTrue();
    }

    [Fact]
    public void Snapshot_brings_a_guest_back()
    {
        string disk = root.FileOf("snapshot.qcow2");
        QcowFile.Create(disk, 64 << 20);
        using GuestShell guest = Boot(2, "-drive", $"file={disk},if=none,id=disk");

        guest.Run("word=kept; echo file > /tmp/file");
        Monitor(guest, "savevm state");
        guest.Run("word=lost; rm /tmp/file; echo $word").Trim().Should().Be("lost");
        Monitor(guest, "loadvm state");
        guest.Type("");
        guest.WaitForPrompt();
        guest.Run("echo $word $(cat /tmp/file)").Trim().Should().Be("kept file");
        PowerOff(guest);
    }

    [Fact]
    public void Breakpoint_of_a_debugger_stops_the_guest()
    {
        const ulong entry = 0x20_0000; // where the guests under guests/ are linked to
        int port = FreePort();
        using var lakvm = new LakvmProcess(root.Qemu(
            1, "-S", "-gdb", $"tcp:127.0.0.1:{port}", "-kernel", root.FileOf("guests/hello.elf")));
        using var debugger = new RemoteStub(port);

        debugger.Ask($"Z0,{entry + 8:x},4").Should().Be("OK");
        debugger.Ask("c").Should().StartWith("T05");
        debugger.Pc.Should().Be(entry + 8);
        debugger.Ask($"z0,{entry + 8:x},4").Should().Be("OK");
        debugger.Send("D");

        (int exitCode, string output, string errors) = lakvm.WaitForExit(Patience);
        exitCode.Should().Be(0, errors);
        output.ReplaceLineEndings("\n").Should().Be(GuestFiles.Expected("hello"));
    }

    /// <summary>Boots Debian; its shell is told of a wide terminal, so that it does not break what is typed.</summary>
    private GuestShell Boot(int vcpus, params string[] options)
    {
        var guest = new GuestShell(root.Debian(vcpus, options));
        guest.Run("stty columns 500");
        return guest;
    }

    /// <summary>A command of QEMU's monitor, which Ctrl-A c leads to and back from.</summary>
    private static void Monitor(GuestShell guest, string command) => guest.Type($"\u0001c{command}\n\u0001c");

    private static void PowerOff(GuestShell guest)
    {
        guest.Run($"dmesg | grep -E '{Complaints}'").Trim().Should().BeEmpty();
        guest.Type("poweroff -f");
        guest.WaitForExit().Should().Be(0);
    }

    private static async Task Answer(TcpListener server, string text)
    {
        using TcpClient client = await server.AcceptTcpClientAsync();
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(text));
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>The little of gdb's protocol that the test needs.</summary>
    private sealed class RemoteStub : IDisposable
    {
        private const int PcRegister = 33;

        private readonly TcpClient _client;

        internal RemoteStub(int port)
        {
            DateTime end = DateTime.UtcNow + Patience;
            while (true)
            {
                try
                {
                    _client = new TcpClient("127.0.0.1", port);
                    return;
                }
                catch (SocketException) when (DateTime.UtcNow < end)
                {
                    Thread.Sleep(100);
                }
            }
        }

        internal ulong Pc
        {
            get
            {
                byte[] registers = Convert.FromHexString(Ask("g"));
                return BitConverter.ToUInt64(registers, PcRegister * sizeof(ulong));
            }
        }

        internal void Send(string packet)
        {
            int sum = packet.Sum(c => c) & 0xff;
            _client.GetStream().Write(Encoding.ASCII.GetBytes($"${packet}#{sum:x2}"));
        }

        internal string Ask(string packet)
        {
            Send(packet);
            var answer = new StringBuilder();
            NetworkStream stream = _client.GetStream();
            while (stream.ReadByte() != '$')
            {
                // An acknowledgement.
            }

            for (int c = stream.ReadByte(); c is not ('#' or -1); c = stream.ReadByte())
            {
                answer.Append((char)c);
            }

            _ = (stream.ReadByte(), stream.ReadByte());
            stream.WriteByte((byte)'+');
            return answer.ToString();
        }

        public void Dispose() => _client.Dispose();
    }
}
