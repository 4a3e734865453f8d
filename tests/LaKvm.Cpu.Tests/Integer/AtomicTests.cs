using LaKvm.Cpu.Tests.Interpreter;

namespace LaKvm.Cpu.Tests.Integer;

public sealed unsafe class AtomicTests
{
    private const ulong Counter = 0x30_0000;
    private const int Rounds = 20_000;

    [Theory]
    [InlineData("again: ll.d $a1, $t0, 0\naddi.d $a1, $a1, 1\nsc.d $a1, $t0, 0\nbeqz $a1, again")]
    [InlineData("again: ll.w $a1, $t0, 0\naddi.w $a1, $a1, 1\nsc.w $a1, $t0, 0\nbeqz $a1, again")]
    [InlineData("amadd.d $a1, $s0, $t0")]
    [InlineData("amadd_db.w $a1, $s0, $t0")]
    public void Increments_by_four_cores_are_all_counted(string increment)
    {
        using var machine = new TestMachine(cores: 4);
        var labels = machine.Load($"""
                li.d    $t0, {Counter}
                li.d    $t1, {Rounds}
                li.w    $s0, 1
            round:
                {increment}
                addi.d  $t1, $t1, -1
                bnez    $t1, round
            end:
                b       end
            """);
        Thread[] threads = [.. machine.Engines.Select((engine, id) => new Thread(() =>
        {
            while (machine.Cores[id].State->Pc != labels["end"])
            {
                engine.Run(1000);
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        machine.Cell(Counter).Should().Be(4 * Rounds);
    }

    [Fact]
    public void Sc_fails_when_another_core_has_stored_in_between()
    {
        using TestMachine machine = Linked("ll.d $a0, $t0, 0\nsc.d $a1, $t0, 0");
        machine.Run(1);
        machine.Cell(Counter) = 6;
        machine.Run(1);
        machine[5].Should().Be(0);
        machine.Cell(Counter).Should().Be(6);
        machine.State->Llbit[0].Should().Be(0);
    }

    [Theory]
    [InlineData("ll.d $a0, $t0, 0\nsc.d $a1, $t0, 8")]
    [InlineData("nop\nsc.d $a1, $t0, 0")]
    [InlineData("nop\nsc.w $a1, $t0, 0")]
    public void Sc_without_its_ll_fails(string source)
    {
        using TestMachine machine = Linked(source);
        machine.Run(2);
        machine[5].Should().Be(0);
        machine.Cell(Counter).Should().Be(5);
        machine.Cell(Counter + 8).Should().Be(0);
    }

    [Fact]
    public void Sc_succeeds_once_per_ll()
    {
        using TestMachine machine = Linked("ll.w $a0, $t0, 0\nsc.w $a1, $t0, 0\nsc.w $a2, $t0, 0");
        machine[5] = 0xffff_ffff_1234_5678;
        machine[6] = 9;
        machine.Run(3);
        machine[4].Should().Be(5);
        machine[5].Should().Be(1);
        machine[6].Should().Be(0);
        machine.Cell(Counter).Should().Be(0x1234_5678);
    }

    [Fact]
    public void Sc_in_the_other_mode_fails()
    {
        using TestMachine machine = Linked("ll.d $a0, $t0, 0\nsc.d $a1, $t0, 0");
        machine.Run(1);
        machine.State->Llbit[0] = 0;
        machine.State->LlAddress |= 1;
        machine.State->Llbit[1] = 1;
        machine.Run(1);
        machine[5].Should().Be(0);
        machine.State->Llbit[1].Should().Be(1);
    }

    [Theory]
    [InlineData("amswap.d", 8UL)]
    [InlineData("amadd.d", 13UL)]
    [InlineData("amand.d", 0UL)]
    [InlineData("amor.d", 13UL)]
    [InlineData("ammax_db.du", 8UL)]
    [InlineData("ammin.d", 5UL)]
    public void Am_instruction_on_a_device_reads_and_writes_once(string mnemonic, ulong expected)
    {
        using var machine = new TestMachine();
        machine.Load($"{mnemonic} $a0, $a1, $t0");
        int reads = 0;
        machine.DeviceRead = () => reads++;
        machine.DeviceValue = 5;
        machine[5] = 8;
        machine[12] = 0x5000_0000;
        machine.Run(1);
        machine[4].Should().Be(5);
        machine.DeviceValue.Should().Be(expected);
        reads.Should().Be(1);
    }

    private static TestMachine Linked(string source)
    {
        var machine = new TestMachine();
        machine.Load(source);
        machine.Cell(Counter) = 5;
        machine[12] = Counter;
        return machine;
    }
}
