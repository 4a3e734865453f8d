namespace LaKvm.Hypervisor.Tests;

/// <summary>What a debugger wants of a guest, without a guest.</summary>
public class GuestDebugTests
{
    private readonly GuestDebug _debug = new();

    [Fact]
    public void Guest_without_a_debugger_is_neither_counted_nor_stopped()
    {
        _debug.Repeat();

        (_debug.Counts, _debug.HasStopped, _debug.InstructionsLeft).Should().Be((false, false, long.MaxValue));
    }

    [Fact]
    public void Guest_stops_when_its_instructions_are_used_up_and_goes_on_without_limit()
    {
        _debug.InstructionsLeft = 0;
        (_debug.Counts, _debug.HasStopped).Should().Be((true, true));

        _debug.InstructionsLeft = long.MaxValue;

        (_debug.Counts, _debug.HasStopped).Should().Be((false, false));
    }

    [Fact]
    public void Instruction_that_is_executed_again_counts_once()
    {
        _debug.InstructionsLeft = 5;

        _debug.Repeat();

        _debug.InstructionsLeft.Should().Be(6);
    }
}
