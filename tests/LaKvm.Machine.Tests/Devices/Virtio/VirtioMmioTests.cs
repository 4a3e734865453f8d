using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Tests.Support;

namespace LaKvm.Machine.Tests;

public class VirtioMmioTests : DeviceContract
{
    private const ulong Everything = VirtioFeature.Transport;

    protected override IEnumerable<ulong> Holes => [0x18, 0x28, 0x3c, 0x48, 0x54, 0x68, 0x74, 0xa8, 0xc0, 0xf8];

    protected override DeviceUnderTest Make()
    {
        var memory = new LaKvm.Memory.PhysicalMemory();
        memory.Add(0, 0x10000);
        var transport = new VirtioMmio(new VirtioEntropy(FixedSources.Random), new PhysicalGuestMemory(memory),
            new RecordingLine(), new GuestErrorLog(null));
        return new DeviceUnderTest(transport, VirtioMmio.Size, AccessWidths.Word, transport.Reset);
    }

    [Theory]
    [InlineData(0x00, 0x7472_6976)]
    [InlineData(0x04, 2)]
    [InlineData(0x08, 4)]
    [InlineData(0x0c, 0x764b_614c)]
    [InlineData(0x10, 0x3000_0000)]
    [InlineData(0x34, 64)]
    [InlineData(0x44, 0)]
    [InlineData(0x60, 0)]
    [InlineData(0x70, 0)]
    [InlineData(0xb0, 0xffff_ffff)]
    [InlineData(0xb4, 0xffff_ffff)]
    [InlineData(0xb8, 0xffff_ffff)]
    [InlineData(0xbc, 0xffff_ffff)]
    [InlineData(0xfc, 0)]
    public void Register_has_its_reset_value(ulong offset, uint value)
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), start: false);
        driver.Read(offset).Should().Be(value);
    }

    [Theory]
    [InlineData(0, 0x3000_0000)]
    [InlineData(1, 0x0000_0001)]
    [InlineData(2, 0)]
    [InlineData(0xffff_ffff, 0)]
    public void Device_features_are_selected_by_word(uint select, uint value)
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), start: false);
        driver.Write(0x14, select);
        driver.Read(0x10).Should().Be(value);
    }

    [Theory]
    [InlineData(Everything, true)]
    [InlineData(VirtioFeature.Version1, true)]
    [InlineData(VirtioFeature.EventIndex, false)]
    [InlineData(VirtioFeature.Version1 | 1, false)]
    [InlineData(VirtioFeature.Version1 | (1UL << 63), false)]
    public void Features_are_accepted_only_if_offered_and_modern(ulong features, bool accepted)
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), features);
        (driver.Status & 8).Should().Be(accepted ? 8u : 0);
    }

    [Fact]
    public void Features_cannot_change_once_accepted()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random));
        driver.Write(0x24, 1);
        driver.Write(0x20, 0xffffffff);
        driver.Write(0x70, 0xf);
        driver.Status.Should().Be(0xf);
    }

    [Fact]
    public void Absent_queue_has_no_size_and_cannot_be_made_ready()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), start: false);
        driver.Write(0x30, 1);
        driver.Read(0x34).Should().Be(0);
        driver.Write(0x38, 4);
        driver.Write(0x44, 1);
        driver.Read(0x44).Should().Be(0);
        driver.Write(0x50, 17);
        driver.Status.Should().Be(0);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(3, false)]
    [InlineData(128, false)]
    [InlineData(0x8000_0000, false)]
    [InlineData(64, true)]
    [InlineData(1, true)]
    public void Queue_becomes_ready_with_a_power_of_two_up_to_the_maximum(uint size, bool ready)
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), start: false);
        driver.Write(0x80, 0x1000);
        driver.Write(0x90, 0x2000);
        driver.Write(0xa0, 0x3000);
        driver.Write(0x38, size);
        driver.Write(0x44, 1);
        driver.Read(0x44).Should().Be(ready ? 1u : 0);
        driver.Write(0x44, 0);
        driver.Read(0x44).Should().Be(0);
    }

    [Theory]
    [InlineData(0x80, 0x1008)]
    [InlineData(0x90, 0x2001)]
    [InlineData(0xa0, 0x3002)]
    [InlineData(0x80, 0xf_fff0)]
    [InlineData(0x84, 1)]
    [InlineData(0x94, 0x8000_0000)]
    [InlineData(0xa4, 0xffff_ffff)]
    public void Queue_that_is_misplaced_breaks_the_device(ulong register, uint value)
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), start: false);
        driver.Write(0x80, 0x1000);
        driver.Write(0x90, 0x2000);
        driver.Write(0xa0, 0x3000);
        driver.Write(0x38, 16);
        driver.Write(register, value);
        driver.Write(0x44, 1);
        driver.Status.Should().Be(0x40);
        driver.Write(0x70, 0);
        driver.Status.Should().Be(0);
    }

    [Fact]
    public void Ready_queue_cannot_be_moved()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random));
        driver.Write(0x30, 0);
        driver.Write(0x80, 0xdead0000);
        driver.Write(0x90, 0xdead0000);
        driver.Write(0xa0, 0xdead0000);
        driver.Write(0x38, 1);
        Ask(driver, 0);
        driver.Take(0).Should().Be((0u, 32u));
    }

    [Fact]
    public void Used_buffer_raises_the_interrupt_until_acknowledged()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random));
        Ask(driver, 0);
        driver.Take(0);
        TestDriver.WaitFor(() => driver.Line.Level);
        driver.Read(0x60).Should().Be(1);
        driver.Write(0x64, 2);
        driver.Line.Level.Should().BeTrue();
        driver.Write(0x64, 1);
        driver.Read(0x60).Should().Be(0);
        driver.Line.Level.Should().BeFalse();
    }

    [Fact]
    public void Driver_may_ask_for_no_interrupt()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random));
        driver.SetAvailableFlags(0, 1);
        Ask(driver, 0);
        driver.Take(0);
        driver.SetAvailableFlags(0, 0);
        Ask(driver, 0);
        driver.Take(0);
        TestDriver.WaitFor(() => driver.Line.Level);
        driver.Line.Rises.Should().Be(1);
    }

    [Fact]
    public void Event_index_asks_for_interrupts_and_notifications_by_index()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), Everything);
        driver.SetUsedEvent(0, 1);
        Ask(driver, 0);
        driver.Take(0);
        TestDriver.WaitFor(() => driver.AvailableEvent(0) == 1);
        driver.Line.Level.Should().BeFalse("the driver wants to hear of the second");
        Ask(driver, 0);
        driver.Take(0);
        TestDriver.WaitFor(() => driver.Line.Level);
        TestDriver.WaitFor(() => driver.AvailableEvent(0) == 2);
    }

    [Fact]
    public void Nothing_happens_before_the_driver_is_ready_and_everything_then()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), start: false);
        driver.Write(0x70, 3);
        driver.Write(0x24, 1);
        driver.Write(0x20, 1);
        driver.Write(0x70, 0xb);
        driver.SetUpQueue(0);
        Ask(driver, 0);
        Thread.Sleep(50);
        driver.UsedIndex(0).Should().Be(0);
        driver.Write(0x70, 0xf);
        driver.Take(0);
    }

    [Fact]
    public void Reset_by_status_forgets_everything()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random));
        Ask(driver, 0);
        driver.Take(0);
        driver.Write(0x70, 0);
        driver.Status.Should().Be(0);
        driver.Read(0x60).Should().Be(0);
        driver.Line.Level.Should().BeFalse();
        driver.Write(0x30, 0);
        driver.Read(0x44).Should().Be(0);
    }

    [Fact]
    public void Reset_waits_for_the_request_in_work()
    {
        using var entered = new ManualResetEventSlim();
        using var release = new ManualResetEventSlim();
        using var driver = new TestDriver(new VirtioEntropy(new Dice(bytes =>
        {
            entered.Set();
            release.Wait();
        })));
        Ask(driver, 0);
        entered.Wait();
        var reset = new Thread(() => driver.Write(0x70, 0));
        reset.Start();
        reset.Join(100).Should().BeFalse();
        driver.Read(0x00).Should().Be(0x7472_6976, "other registers answer meanwhile");
        release.Set();
        reset.Join(10_000).Should().BeTrue();
        driver.Status.Should().Be(0);
    }

    [Fact]
    public void Broken_rules_set_needs_reset_raise_a_configuration_change_and_stop_the_queue()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random));
        driver.Descriptor(0, 0, 0xffff_0000_0000, 32, 2, 0);
        driver.Offer(0, 0);
        driver.WaitForBroken();
        driver.Status.Should().Be(0x4f);
        driver.Read(0x60).Should().Be(2);
        driver.Line.Level.Should().BeTrue();
        driver.Errors.Should().ContainSingle().Which.Should().Contain("Entropy").And.Contain("not in RAM");
        driver.Write(0x70, 0xf);
        driver.Status.Should().Be(0x4f, "only a reset mends it");
        driver.UsedIndex(0).Should().Be(0);
    }

    [Fact]
    public void Registers_take_only_words()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), start: false);
        driver.Transport.Read(0, 1).Should().Be(0);
        driver.Transport.Write(0x70, 1, 1);
        driver.Status.Should().Be(0);
    }

    [Fact]
    public void Hostile_driver_with_random_registers_and_memory_never_breaks_the_host()
    {
        var random = new Random(6);
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random), Everything);
        byte[] noise = new byte[0x2000];
        for (int round = 0; round < 300; round++)
        {
            random.NextBytes(noise);
            driver.Memory.Write(0x1000, noise);
            for (int i = 0; i < 20; i++)
            {
                ulong offset = (ulong)random.Next(0x80) * 4;
                uint value = (uint)random.Next(random.Next(3) switch { 0 => 20, 1 => 0x20000, _ => int.MaxValue });
                driver.Write(offset, value);
                driver.Read(offset);
            }

            driver.Write(0x70, 0);
            driver.Start(1, Everything);
            driver.Write(0x50, 0);
        }

        driver.Write(0x70, 0);
        driver.Status.Should().Be(0);
    }

    private static void Ask(TestDriver driver, int head)
    {
        driver.Chain(0, head, (TestDriver.Buffer(0), 32, true));
        driver.Offer(0, head);
    }
}
