using System.Text;
using LaKvm.Cpu;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

public class GuestProgramTests : IDisposable
{
    private readonly GuestBench _bench;

    public GuestProgramTests()
        : this(engine: null)
    {
    }

    private protected GuestProgramTests(Func<Core, IExecutionEngine>? engine) =>
        _bench = new GuestBench(engine: engine);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Program_that_stores_to_a_device_sends_its_bytes_to_user_space()
    {
        Vcpu vcpu = _bench.Start("""
            li.d    $t0, 0x1fe001e0
            la.pcrel $t1, text
            1:
            ld.bu   $t2, $t1, 0
            beqz    $t2, 2f
            st.b    $t2, $t0, 0
            addi.d  $t1, $t1, 1
            b       1b
            2:
            li.d    $t0, 0x100e001c
            li.d    $t2, 0x34
            st.b    $t2, $t0, 0
            text:
            .asciz "hello, guest"
            """);

        var text = new StringBuilder();
        VcpuExit exit;
        while ((exit = vcpu.Run()).Address != 0x100e_001c)
        {
            exit.Should().BeEquivalentTo(
                new { Kind = VcpuExitKind.Mmio, Address = 0x1fe0_01e0UL, Size = 1, IsWrite = true });
            text.Append((char)exit.Data);
        }

        text.ToString().Should().Be("hello, guest");
        exit.Data.Should().Be(0x34);
    }
}

/// <summary>The same programs, translated.</summary>
public sealed class TranslatedGuestProgramTests() : GuestProgramTests(GuestBench.Translator);
