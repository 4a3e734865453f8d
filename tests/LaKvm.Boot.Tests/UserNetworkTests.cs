using System.Net;
using System.Net.Sockets;
using System.Text;
using LaKvm.Cli.Tests;

namespace LaKvm.Boot.Tests;

/// <summary>The guest's network behind the process's sockets.</summary>
[Trait("Category", "Slow")]
public class UserNetworkTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("host", "pci")]
    [InlineData("run", "mmio")]
    public void Packaged_guest_has_a_network_without_being_told(string command, string transport)
    {
        using TcpListener server = Serve("from the host");
        using var guest = new GuestShell(command, "--virtio", transport);

        Settle(guest);
        guest.Run("cat /etc/resolv.conf").Should().Contain("nameserver 10.0.2.3");
        guest.Run($"wget -q -O - http://10.0.2.2:{Port(server)}/").Should().Contain("from the host");
        guest.Type("poweroff -f");

        guest.WaitForExit().Should().Be(0);
    }

    [Fact]
    public void Connection_to_a_forwarded_port_reaches_the_guest()
    {
        int port = FreePort();
        using var guest = new GuestShell("run", "--netdev", $"user,hostfwd=tcp:127.0.0.1:{port}-:80");
        Settle(guest);
        guest.Run("(echo from the guest | nc -l -p 80) >got & sleep 1");

        using (var client = new TcpClient())
        {
            client.Connect(IPAddress.Loopback, port);
            NetworkStream stream = client.GetStream();
            stream.Write("to the guest\n"u8);
            new StreamReader(stream).ReadLine().Should().Be("from the guest");
        }

        guest.Run("sleep 1; cat got").Should().Contain("to the guest\n");
        guest.Type("poweroff -f");
        guest.WaitForExit().Should().Be(0);
    }

    [Fact]
    public void Port_that_is_taken_is_one_sentence()
    {
        using TcpListener server = Serve("");
        GuestShell.EnsureImage();

        using var lakvm = new LakvmProcess("run", "--netdev", $"user,hostfwd=tcp:127.0.0.1:{Port(server)}-:80");
        lakvm.EndInput();
        (int code, _, string errors) = lakvm.WaitForExit(Patience);

        code.Should().Be(1);
        errors.Should().Contain($"port {Port(server)} of 127.0.0.1 cannot be forwarded");
    }

    [Fact]
    public void Restricted_network_reaches_nothing()
    {
        using TcpListener server = Serve("from the host");
        using var guest = new GuestShell("run", "--netdev", "user,restrict=on");
        Settle(guest);

        guest.Run($"wget -q -T 3 -O - http://10.0.2.2:{Port(server)}/ || echo no").Trim().Should().EndWith("no");
        guest.Type("poweroff -f");
        guest.WaitForExit().Should().Be(0);
    }

    private static void Settle(GuestShell guest) =>
        guest.Run("until ip addr show eth0 | grep -q inet; do sleep 0.2; done; ip addr show eth0")
            .Should().Contain("inet 10.0.2.15/24");

    private static TcpListener Serve(string content)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _ = Task.Run(async () =>
        {
            while (true)
            {
                using TcpClient client = await listener.AcceptTcpClientAsync();
                await client.GetStream().ReadAtLeastAsync(new byte[4096], 1);
                string answer = $"HTTP/1.0 200 OK\r\nContent-Length: {content.Length}\r\n\r\n{content}";
                await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(answer));
            }
        });
        return listener;
    }

    private static int Port(TcpListener listener) => ((IPEndPoint)listener.LocalEndpoint).Port;

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return Port(listener);
    }
}
