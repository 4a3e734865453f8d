namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// Hand-overs of registers between vCPUs, cores and memory, in all orders of their steps: three vCPUs share two cores,
/// and each takes a core, runs, gives the core up, and has its registers looked at and changed, as often as it likes.
/// </summary>
public sealed class HandOverTests
{
    [Fact]
    public void Registers_are_never_lost_and_nobody_waits_for_ever_in_any_order_of_steps()
    {
        var explorer = new HandOverExplorer(vcpus: 3, cores: 2);

        explorer.Explore().Should().BeNull();

        explorer.States.Should().BeGreaterThan(10_000, "all interleavings are many");
    }

    [Fact]
    public void Vcpu_that_waits_until_somebody_saves_its_registers_is_found_to_wait_for_ever()
    {
        var explorer = new HandOverExplorer(vcpus: 3, cores: 2, (ref HandOver handOver) =>
        {
            if (handOver.Stage == HandOverStage.Take && handOver.Target != null)
            {
                handOver.Stage = HandOverStage.Look;
                return false;
            }

            return handOver.Step();
        });

        explorer.Explore().Should().Contain("waits for ever");
    }

    [Fact]
    public void Core_that_is_loaded_before_what_it_held_is_saved_is_found()
    {
        var explorer = new HandOverExplorer(vcpus: 3, cores: 2, (ref HandOver handOver) =>
        {
            if (handOver.Stage == HandOverStage.SaveOther)
            {
                handOver.Stage = HandOverStage.FreeOther;
                return true;
            }

            return handOver.Step();
        });

        explorer.Explore().Should().Contain("lost");
    }

    [Fact]
    public void Core_that_is_given_back_before_the_registers_are_said_to_be_in_memory_is_found()
    {
        var explorer = new HandOverExplorer(vcpus: 3, cores: 2, (ref HandOver handOver) =>
        {
            if (handOver.Stage == HandOverStage.FreeOwn)
            {
                handOver.Source!.Release();
            }

            return handOver.Step();
        });

        explorer.Explore().Should().NotBeNull();
    }

    [Fact]
    public void Registers_that_are_saved_without_a_look_whose_they_are_are_found()
    {
        var explorer = new HandOverExplorer(vcpus: 3, cores: 2, (ref HandOver handOver) =>
        {
            if (handOver.Stage == HandOverStage.SaveOwn)
            {
                handOver.Source!.Resident?.Save(handOver.Source);
                handOver.Stage = HandOverStage.GiveBack;
                return true;
            }

            return handOver.Step();
        });

        explorer.Explore().Should().NotBeNull("the registers are in memory, but their vCPU looks for them in the core");
    }
}
