using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Tests.Support;

namespace LaKvm.Machine.Tests;

public class VirtioEntropyTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(4096)]
    public void Buffer_is_filled(int length)
    {
        using var driver = new TestDriver(new VirtioEntropy(new Dice(bytes => bytes.Fill(0x5a))));
        driver.Chain(0, 0, (TestDriver.Buffer(0), (uint)length, true));
        driver.Offer(0, 0);
        driver.Take(0).Should().Be((0u, (uint)length));
        driver.Bytes(TestDriver.Buffer(0), length).Should().AllBeEquivalentTo((byte)0x5a);
    }

    [Fact]
    public void Huge_request_gets_a_bounded_answer()
    {
        using var driver = new TestDriver(new VirtioEntropy(FixedSources.Random));
        driver.Chain(0, 0, (0x10000, 0xf0000, true));
        driver.Offer(0, 0);
        driver.Take(0).Length.Should().Be(VirtioEntropy.LongestAnswer);
    }
}

public class VirtioConsoleTests
{
    [Fact]
    public void Output_goes_to_the_backend()
    {
        var serial = new RecordingSerial();
        using var driver = new TestDriver(new VirtioConsole(serial));
        driver.Memory.Write(TestDriver.Buffer(0), "hello"u8);
        driver.Chain(1, 0, (TestDriver.Buffer(0), 2, false), (TestDriver.Buffer(0) + 2, 3, false));
        driver.Offer(1, 0);
        driver.Take(1).Should().Be((0u, 0u));
        serial.Sent.Should().Equal("hello"u8.ToArray());
    }

    [Fact]
    public void Input_waits_for_a_buffer_and_fills_as_many_as_needed()
    {
        var console = new VirtioConsole(new RecordingSerial());
        using var driver = new TestDriver(console);
        console.Receive("abcdef"u8).Should().Be(6);
        for (int i = 0; i < 2; i++)
        {
            driver.Chain(0, i, (TestDriver.Buffer(i), 4, true));
            driver.Offer(0, i);
        }

        driver.Take(0).Should().Be((0u, 4u));
        driver.Take(0).Should().Be((1u, 2u));
        driver.Bytes(TestDriver.Buffer(0), 4).Should().Equal("abcd"u8.ToArray());
        driver.Bytes(TestDriver.Buffer(1), 2).Should().Equal("ef"u8.ToArray());
        console.Receive(new byte[VirtioConsole.InputLimit + 1]).Should().Be(VirtioConsole.InputLimit);
    }
}
