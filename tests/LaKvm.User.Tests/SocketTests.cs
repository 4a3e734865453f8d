using System.Net;
using System.Net.Sockets;
using System.Text;
using static LaKvm.User.Tests.ProgramBench;

namespace LaKvm.User.Tests;

/// <summary>Sockets, which are the computer's own.</summary>
public sealed class SocketTests
{
    /// <summary>Ends with 100 and the error's number if the last call has failed.</summary>
    private const string Check = """
        bge     $a0, $zero, 9f
        addi.d  $t0, $zero, 100
        sub.d   $a0, $t0, $a0
        b       end
        9:

        """;

    private static readonly string End = $"end:\n{ProgramBench.Exit}";

    [Fact]
    public void Pair_of_sockets_passes_bytes_and_tells_of_the_end()
    {
        using var bench = new ProgramBench();

        // 'A' comes, then the end of data: 65 + 0.
        bench.Run($"""
            {Pair}
            ld.w    $a0, $sp, -16
            la.local $a1, text
            ori     $a2, $zero, 1
            or      $a3, $zero, $zero
            or      $a4, $zero, $zero
            {Call("sendto")}{Check}
            ld.w    $a0, $sp, -16
            ori     $a1, $zero, 1
            {Call("shutdown")}{Check}
            {Receive}{Check}
            {Receive}{Check}
            ld.bu   $t0, $sp, -64
            add.d   $a0, $a0, $t0
            {End}
            text: .ascii "A"
            """).Should().Be('A');
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Program_connects_to_a_server_and_waits_for_its_answer(bool translated)
    {
        using var bench = new ProgramBench(translated);
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        int port = ((IPEndPoint)server.LocalEndpoint).Port;
        Task answer = Task.Run(async () =>
        {
            using TcpClient client = await server.AcceptTcpClientAsync();
            int question = client.GetStream().ReadByte();
            await Task.Delay(100);
            client.GetStream().WriteByte((byte)(question + 1));
        });

        bench.Run($"""
            ori     $a0, $zero, 2
            ori     $a1, $zero, 1
            or      $a2, $zero, $zero
            {Call("socket")}{Check}
            st.w    $a0, $sp, -12
            la.local $a1, address
            ori     $a2, $zero, 16
            {Call("connect")}{Check}
            ld.w    $a0, $sp, -12
            la.local $a1, text
            ori     $a2, $zero, 1
            {Call("write")}{Check}
            {Receive}{Check}
            ld.bu   $a0, $sp, -64
            {End}
            text: .ascii "A"
            .align 3
            address: .byte 2, 0, {port >> 8}, {port & 0xff}, 127, 0, 0, 1
            .dword 0
            """).Should().Be('B');
        await answer;
    }

    [Fact]
    public async Task Program_that_accepts_waits_for_a_client()
    {
        using var bench = new ProgramBench();
        string path = Path.Combine(Path.GetTempPath(), $"lakvm-{Guid.NewGuid():n}");
        Task client = Task.Run(async () =>
        {
            while (!File.Exists(path))
            {
                await Task.Delay(10);
            }

            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await Task.Delay(100);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path));
            await socket.SendAsync(new byte[] { 33 });
        });

        bench.Run($"""
            ori     $a0, $zero, 1
            ori     $a1, $zero, 1
            or      $a2, $zero, $zero
            {Call("socket")}{Check}
            or      $s0, $a0, $zero
            la.local $a1, address
            ori     $a2, $zero, {2 + path.Length + 1}
            {Call("bind")}{Check}
            or      $a0, $s0, $zero
            ori     $a1, $zero, 1
            {Call("listen")}{Check}
            or      $a0, $s0, $zero
            or      $a1, $zero, $zero
            or      $a2, $zero, $zero
            or      $a3, $zero, $zero
            {Call("accept4")}{Check}
            st.w    $a0, $sp, -12
            {Receive}{Check}
            ld.bu   $a0, $sp, -64
            {End}
            .align 3
            address: .byte 1, 0
            .asciz "{path}"
            """).Should().Be(33);
        await client;
        File.Delete(path);
    }

    [Fact]
    public void Message_passes_a_descriptor_on()
    {
        using var bench = new ProgramBench();

        // The reading end of a pipe goes through a pair of sockets; what comes back reads what the pipe was given.
        bench.Run($"""
            addi.d  $a0, $sp, -24
            or      $a1, $zero, $zero
            {Call("pipe2")}{Check}
            ld.w    $a0, $sp, -20
            la.local $a1, text
            ori     $a2, $zero, 1
            {Call("write")}{Check}
            {Pair}
            la.local $t2, message
            la.local $t1, vector
            st.d    $t1, $t2, 16
            la.local $t0, byte
            st.d    $t0, $t1, 0
            la.local $t1, control
            st.d    $t1, $t2, 32
            ld.w    $t0, $sp, -24
            st.w    $t0, $t1, 16
            ld.w    $a0, $sp, -16
            la.local $a1, message
            or      $a2, $zero, $zero
            {Call("sendmsg")}{Check}
            la.local $t1, control
            st.d    $zero, $t1, 16
            ld.w    $a0, $sp, -12
            la.local $a1, message
            or      $a2, $zero, $zero
            {Call("recvmsg")}{Check}
            la.local $t1, control
            ld.w    $t0, $t1, 16
            st.w    $t0, $sp, -12
            ld.w    $t1, $sp, -24
            beq     $t0, $t1, end
            ld.w    $a0, $sp, -24
            {Call("close")}
            {Read}{Check}
            ld.bu   $a0, $sp, -64
            {End}
            .align 3
            message: .dword 0, 0, 0, 1, 0, 24, 0
            vector: .dword 0, 1
            control: .dword 20
            .word 1, 1
            .dword 0
            byte: .dword 0
            text: .ascii "P"
            """).Should().Be('P');
    }

    [Fact]
    public void Socket_calls_refuse_what_is_no_socket()
    {
        using var bench = new ProgramBench();

        bench.Run($"""
            or      $a0, $zero, $zero
            ori     $a1, $zero, 1
            {Call("listen")}{Check}
            {End}
            """).Should().Be(100 + 88); // ENOTSOCK
    }

    private static string Pair => $"""
        ori     $a0, $zero, 1
        ori     $a1, $zero, 1
        or      $a2, $zero, $zero
        addi.d  $a3, $sp, -16
        {Call("socketpair")}{Check}
        """;

    private static string Receive => $"""
        ld.w    $a0, $sp, -12
        addi.d  $a1, $sp, -64
        ori     $a2, $zero, 8
        or      $a3, $zero, $zero
        or      $a4, $zero, $zero
        {Call("recvfrom")}
        """;

    private static string Read => $"""
        ld.w    $a0, $sp, -12
        addi.d  $a1, $sp, -64
        ori     $a2, $zero, 8
        {Call("read")}
        """;
}
