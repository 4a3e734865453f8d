namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>Runs end before the instruction that has a breakpoint, whatever the engine has made of its page.</summary>
public sealed unsafe class BreakpointTests : IDisposable
{
    private const string Loop = """
            li.w    $s0, 0
        again:
            addi.d  $s0, $s0, 1
            addi.d  $s1, $s0, 7
        middle:
            xor     $s2, $s1, $s0
            bl      far
        back:
            b       again
            .align  12
        far:
            addi.d  $s3, $s3, 1
            ret
        """;

    /// <summary>r23 is s0.</summary>
    private const int S0 = 23;

    private readonly TestMachine _machine = new();
    private readonly IReadOnlyDictionary<string, ulong> _labels;

    public BreakpointTests() => _labels = _machine.Load(Loop);

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("again", 1)]
    [InlineData("middle", 3)]
    [InlineData("far", 5)]
    [InlineData("back", 7)]
    public void Breakpoint_ends_a_run_before_its_instruction(string label, int executed)
    {
        Break(_labels[label]);

        _machine.Engine.Run(1000).Should().Be(RunExit.Breakpoint);

        _machine.State->Pc.Should().Be(_labels[label]);
        _machine.State->Retired.Should().Be((ulong)executed);
        _machine.State->Budget.Should().Be(1000 - executed);
    }

    [Theory]
    [InlineData("again")]
    [InlineData("middle")]
    [InlineData("far")]
    [InlineData("back")]
    public void Breakpoint_in_code_that_has_long_been_running_is_hit_in_every_round(string label)
    {
        _machine.Run(1 + (7 * 1000));
        for (ulong round = 1; round <= 20; round++)
        {
            Break(_labels[label]);
            _machine.Engine.Run(1000).Should().Be(RunExit.Breakpoint);
            _machine.State->Pc.Should().Be(_labels[label]);
            _machine[S0].Should().Be(1000 + round - (label == "again" ? 1u : 0));
            Break();
            _machine.Run(1);
        }
    }

    [Fact]
    public void A_run_that_begins_at_a_breakpoint_executes_nothing()
    {
        Break(_labels["middle"]);
        _machine.Engine.Run(1000);
        ulong retired = _machine.State->Retired;

        _machine.Engine.Run(1000).Should().Be(RunExit.Breakpoint);

        _machine.State->Retired.Should().Be(retired);
    }

    [Fact]
    public void A_budget_that_ends_at_a_breakpoint_is_used_up_first()
    {
        Break(_labels["middle"]);

        _machine.Engine.Run(3).Should().Be(RunExit.Budget);

        _machine.State->Pc.Should().Be(_labels["middle"]);
    }

    [Fact]
    public void Runs_with_breakpoints_that_are_passed_execute_what_others_execute()
    {
        using var other = new TestMachine();
        other.Load(Loop);
        ulong[] stops = [_labels["again"], _labels["middle"], _labels["far"], _labels["back"]];
        for (int n = 0; n < 500; n++)
        {
            Break(stops);
            RunExit exit = _machine.Engine.Run(1 + (n % 3));
            if (exit == RunExit.Breakpoint)
            {
                Break();
                _machine.Run(1);
            }
        }

        other.Run((long)_machine.State->Retired);
        new Span<ulong>(_machine.State, 32).SequenceEqual(new Span<ulong>(other.State, 32)).Should().BeTrue();
        _machine.State->Pc.Should().Be(other.State->Pc);
    }

    [Fact]
    public void Breakpoint_is_at_its_virtual_address_only()
    {
        const ulong alias = 0x4000_0000_0000_0000; // direct-address mode drops these bits
        Break(alias | _labels["middle"]);

        _machine.Run(700);
        _machine.Core.Debug.HasBreakpoints.Should().BeTrue();
        _machine.State->Pc |= alias;
        _machine.Engine.Run(100).Should().Be(RunExit.Breakpoint);
        _machine.State->Pc.Should().Be(alias | _labels["middle"]);

        // The same page, now known to have a breakpoint, without it.
        Break(alias | _labels["middle"], alias | _labels["again"]);
        _machine.State->Pc = _labels["again"];
        _machine.Run(700);
    }

    [Fact]
    public void Breakpoint_outlives_changes_of_its_page()
    {
        Break(_labels["middle"]);
        _machine.Engine.Run(1000).Should().Be(RunExit.Breakpoint);
        for (int round = 0; round < 10; round++)
        {
            Break();
            _machine.Run(1);
            Break(_labels["middle"]);
            _machine.Engine.Run(1000).Should().Be(RunExit.Breakpoint);

            // What a debugger writes, and a store of the program's: both make engines forget the page.
            _machine.Memory.Written(TestMachine.Origin, 4);
        }

        _machine[S0].Should().Be(11);
    }

    [Fact]
    public void Breakpoint_on_a_page_that_is_forgotten_for_lack_of_room_is_hit()
    {
        using var small = new TestMachine(createEngine: EngineUnderTest.CreateSmall);
        string pages = string.Concat(Enumerable.Range(1, 7).Select(page => $"""
                .align  12
            page{page}:
                addi.d  $s{page}, $s{page}, 1
                b       page{(page + 1) % 8}

            """));
        IReadOnlyDictionary<string, ulong> labels = small.Load("page0:\naddi.d $s0, $s0, 1\nb page1\n" + pages);
        small.Run(10_000);
        for (int round = 0; round < 8; round++)
        {
            small.Core.Debug.SetStopPoints([At(labels[$"page{round}"] + 4)]);
            small.Engine.Run(1000).Should().Be(RunExit.Breakpoint);
            small.State->Pc.Should().Be(labels[$"page{round}"] + 4);
        }
    }

    [Fact]
    public void Breakpoint_of_guest_mode_does_not_stop_root_mode()
    {
        _machine.Core.Debug.SetStopPoints([new(StopPointKind.Execute, _labels["middle"], 4, InGuest: true)]);

        _machine.Run(700);
    }

    [Fact]
    public void Interrupt_that_is_held_is_taken_when_it_no_longer_is()
    {
        _machine.Load("handler: b handler", TestMachine.Vector);
        _machine.WriteCsr(Csr.Ecfg, 1UL << 2);
        _machine.WriteCsr(Csr.Crmd, Crmd.Da | Crmd.Ie);
        _machine.Core.SetInterruptLine(2, true);
        _machine.Core.Debug.HoldInterrupts(root: true, guest: true);

        _machine.Run(3);

        _machine.State->Pc.Should().Be(_labels["middle"]);
        _machine.Core.Debug.HoldInterrupts(root: false, guest: false);
        _machine.Run(1);
        _machine.Core.ReadCsr(Csr.Era).Should().Be(_labels["middle"]);
        _machine.State->Pc.Should().Be(TestMachine.Vector);
    }

    private static StopPoint At(ulong address) => new(StopPointKind.Execute, address, 4, InGuest: false);

    private void Break(params ulong[] addresses) =>
        _machine.Core.Debug.SetStopPoints(Array.ConvertAll(addresses, At));
}
