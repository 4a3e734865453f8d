using LaKvm.Backends;
using LaKvm.Backends.NineP;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

public sealed class VirtioShareTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("lakvm-virtio-share-").FullName;
    private readonly SharedDirectory _directory;

    public VirtioShareTests() => _directory = new SharedDirectory(_root, readOnly: false);

    public void Dispose()
    {
        _directory.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public void Configuration_names_the_share()
    {
        using var device = new VirtioShare(_directory.Serve(), "work");
        device.Type.Should().Be((VirtioType)9);
        device.Features.Should().Be(1);
        device.Configuration.ToArray().Should().Equal([4, 0, .. "work"u8]);
    }

    [Fact]
    public void Request_in_pieces_gets_its_answer_in_pieces()
    {
        using var driver = new TestDriver(new VirtioShare(_directory.Serve(), "work"));
        byte[] request = NinePClient.Request(NinePType.Version, 8192u, "9P2000.L");
        driver.Memory.Write(TestDriver.Buffer(0), request);
        driver.Chain(0, 0, (TestDriver.Buffer(0), 9, false), (TestDriver.Buffer(0) + 9, (uint)request.Length - 9,
            false),
            (TestDriver.Buffer(1), 7, true), (TestDriver.Buffer(2), 100, true));
        driver.Offer(0, 0);

        driver.Take(0).Should().Be((0u, (uint)request.Length));

        driver.Bytes(TestDriver.Buffer(1), 7).Should().Equal((byte)request.Length, 0, 0, 0, 101, 0x34, 0x12);
        driver.Bytes(TestDriver.Buffer(2), 4).Should().Equal(BitConverter.GetBytes(8192));
    }

    [Fact]
    public void Driver_that_leaves_no_room_for_an_answer_breaks_the_device()
    {
        using var driver = new TestDriver(new VirtioShare(_directory.Serve(), "work"));
        driver.Chain(0, 0, (TestDriver.Buffer(0), 20, false), (TestDriver.Buffer(1), 10, true));
        driver.Offer(0, 0);
        driver.WaitForBroken();
    }

    [Fact]
    public void Directory_that_is_none_is_refused() =>
        new Action(() => new SharedDirectory(Path.Combine(_root, "none"),
            readOnly: false)).Should().Throw<IOException>();
}
