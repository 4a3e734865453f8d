using System.Buffers.Binary;
using System.Text;
using LaKvm.Backends;
using LaKvm.Boot;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

public sealed class VirtioBlockTests : IDisposable
{
    private const uint In = 0, Out = 1, Flush = 4, GetId = 8, Discard = 11, WriteZeroes = 13;
    private const int Sectors = 300;
    private readonly string _path = Path.GetTempFileName();
    private readonly byte[] _image = new byte[Sectors * 512];

    public VirtioBlockTests()
    {
        new Random(7).NextBytes(_image);
        File.WriteAllBytes(_path, _image);
    }

    public void Dispose() => File.Delete(_path);

    private TestDriver Driver(bool readOnly = false, ulong features = VirtioFeature.Version1) =>
        new(new VirtioBlock(new RawFileBackend(_path, readOnly), "serial-0123456789abcdef"), features);

    /// <summary>
    /// A request with its data in one buffer: header in buffer 0, data from buffer 1, status at the end of buffer 0.
    /// </summary>
    private static (byte Status, uint Used) Request(
        TestDriver driver, uint type, ulong sector, byte[]? output, uint input)
    {
        byte[] header = new byte[16];
        BinaryPrimitives.WriteUInt32LittleEndian(header, type);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(8), sector);
        driver.Memory.Write(TestDriver.Buffer(0), header);
        ulong status = TestDriver.Buffer(0) + 0x800;
        driver.Memory.Write(status, [0xee]);
        var buffers = new List<(ulong, uint, bool)> { (TestDriver.Buffer(0), 16, false) };
        if (output is { Length: > 0 })
        {
            driver.Memory.Write(TestDriver.Buffer(1), output);
            buffers.Add((TestDriver.Buffer(1), (uint)output.Length, false));
        }

        if (input != 0)
        {
            buffers.Add((TestDriver.Buffer(1), input, true));
        }

        buffers.Add((status, 1, true));
        driver.Chain(0, 0, [.. buffers]);
        driver.Offer(0, 0);
        (uint _, uint used) = driver.Take(0);
        return (driver.Bytes(status, 1)[0], used);
    }

    [Fact]
    public void Configuration_describes_the_disk()
    {
        using TestDriver driver = Driver();
        driver.Read(0x08).Should().Be(2);
        driver.Transport.Read(0x100, 4).Should().Be(Sectors);
        driver.Transport.Read(0x104, 4).Should().Be(0);
        driver.Transport.Read(0x10c, 4).Should().Be(254, "segments fit the queue with header and status");
        driver.Transport.Read(0x114, 4).Should().Be(512);
        driver.Transport.Read(0x130, 4).Should().Be(VirtioBlock.LongestZeroes);
        driver.Transport.Read(0x134, 4).Should().Be(1);
        driver.Transport.Read(0x100, 1).Should().Be(Sectors & 0xff);
        driver.Transport.Read(0x101, 1).Should().Be(Sectors >> 8);
        driver.Transport.Read(0x13c, 4).Should().Be(0);
    }

    [Theory]
    [InlineData(false, 0x3000_6244)]
    [InlineData(true, 0x3000_0264)]
    public void Features_follow_the_backend(bool readOnly, uint features)
    {
        using TestDriver driver = Driver(readOnly);
        driver.Write(0x14, 0);
        driver.Read(0x10).Should().Be(features);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(7, 3)]
    [InlineData(Sectors - 1, 1)]
    [InlineData(0, Sectors)]
    public void Read_returns_the_images_sectors(int sector, int count)
    {
        using TestDriver driver = Driver();
        Request(driver, In, (ulong)sector, null, (uint)count * 512).Should().Be(((byte)0, (uint)(count * 512) + 1));
        driver.Bytes(TestDriver.Buffer(1), count * 512).Should()
            .Equal(_image.AsSpan(sector * 512, count * 512).ToArray());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(5, 200)]
    [InlineData(Sectors - 1, 1)]
    public void Write_changes_the_image_there_and_only_there(int sector, int count)
    {
        byte[] data = new byte[count * 512];
        new Random(8).NextBytes(data);
        using (TestDriver driver = Driver())
        {
            Request(driver, Out, (ulong)sector, data, 0).Should().Be(((byte)0, 1u));
            Request(driver, Flush, 0, null, 0).Should().Be(((byte)0, 1u));
        }

        data.CopyTo(_image, sector * 512);
        File.ReadAllBytes(_path).Should().Equal(_image);
    }

    [Theory]
    [InlineData(In, Sectors, 512)]
    [InlineData(In, Sectors - 1, 1024)]
    [InlineData(In, 0, 100)]
    [InlineData(In, ulong.MaxValue, 512)]
    [InlineData(In, 0x0080_0000_0000_0000, 512)]
    [InlineData(Out, Sectors, 512)]
    [InlineData(Out, 0, 511)]
    [InlineData(Out, ulong.MaxValue, 512)]
    public void Request_off_the_disk_or_not_whole_sectors_fails_and_changes_nothing(uint type, ulong sector, int length)
    {
        using (TestDriver driver = Driver())
        {
            Request(driver, type, sector, type == Out ? new byte[length] : null, type == In ? (uint)length : 0)
                .Should().Be(((byte)1, 1u));
        }

        File.ReadAllBytes(_path).Should().Equal(_image);
    }

    [Fact]
    public void Read_only_disk_refuses_to_be_written()
    {
        using (TestDriver driver = Driver(readOnly: true))
        {
            Request(driver, Out, 0, new byte[512], 0).Status.Should().Be(1);
            Request(driver, WriteZeroes, 0, new byte[16], 0).Status.Should().Be(2);
            Request(driver, Flush, 0, null, 0).Status.Should().Be(0);
            Request(driver, In, 0, null, 512).Status.Should().Be(0);
        }

        File.ReadAllBytes(_path).Should().Equal(_image);
    }

    [Fact]
    public void Id_is_the_serial_number_cut_to_20_characters()
    {
        using TestDriver driver = Driver();
        Request(driver, GetId, 0, null, 20).Should().Be(((byte)0, 21u));
        Encoding.ASCII.GetString(driver.Bytes(TestDriver.Buffer(1), 20)).Should().Be("serial-0123456789abc");
        Request(driver, GetId, 0, null, 4).Should().Be(((byte)0, 5u));
    }

    [Theory]
    [InlineData(10, 20, 0, 0)]
    [InlineData(10, 200, 1, 0)]
    [InlineData(10, 20, 2, 2)]
    [InlineData(Sectors - 5, 6, 0, 1)]
    [InlineData(0, 0x2000_0000, 0, 1)]
    public void Write_zeroes_clears_its_range(int sector, uint count, uint flags, byte status)
    {
        byte[] range = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(range, (ulong)sector);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(8), count);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(12), flags);
        using (TestDriver driver = Driver())
        {
            Request(driver, WriteZeroes, 0, range, 0).Should().Be((status, 1u));
        }

        if (status == 0)
        {
            _image.AsSpan(sector * 512, (int)count * 512).Clear();
        }

        File.ReadAllBytes(_path).Should().Equal(_image);
    }

    [Theory]
    [InlineData(8, 120, 0, 0)]
    [InlineData(8, 120, 1, 2)]
    [InlineData(Sectors - 5, 6, 0, 1)]
    public void Discarded_range_gives_its_room_back(int sector, uint count, uint flags, byte status)
    {
        byte[] range = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(range, (ulong)sector);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(8), count);
        BinaryPrimitives.WriteUInt32LittleEndian(range.AsSpan(12), flags);
        using (TestDriver driver = Driver())
        {
            Request(driver, Discard, 0, range, 0).Should().Be((status, 1u));
        }

        if (status == 0)
        {
            _image.AsSpan(sector * 512, (int)count * 512).Clear();
        }

        File.ReadAllBytes(_path).Should().Equal(_image, "a hole reads as zeros, and the rest stays");
    }

    [Fact]
    public void Read_only_disk_discards_nothing()
    {
        using TestDriver driver = Driver(readOnly: true);
        Request(driver, Discard, 0, new byte[16], 0).Status.Should().Be(2);
    }

    [Theory]
    [InlineData(14)]
    [InlineData(2)]
    [InlineData(0xffff_ffff)]
    public void Unknown_requests_are_unsupported(uint type)
    {
        using TestDriver driver = Driver();
        Request(driver, type, 0, new byte[16], 0).Should().Be(((byte)2, 1u));
    }

    [Fact]
    public void Buffers_may_be_cut_anywhere()
    {
        using TestDriver driver = Driver();
        driver.Memory.Write(TestDriver.Buffer(0), [0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0]);
        driver.Chain(0, 0,
            (TestDriver.Buffer(0), 3, false), (TestDriver.Buffer(0) + 3, 13, false),
            (TestDriver.Buffer(1), 100, true), (TestDriver.Buffer(2), 412, true), (TestDriver.Buffer(3), 1, true));
        driver.Offer(0, 0);
        driver.Take(0).Length.Should().Be(513);
        driver.Bytes(TestDriver.Buffer(1), 100).Should().Equal(_image.AsSpan(3 * 512, 100).ToArray());
        driver.Bytes(TestDriver.Buffer(2), 412).Should().Equal(_image.AsSpan((3 * 512) + 100, 412).ToArray());
        driver.Bytes(TestDriver.Buffer(3), 1).Should().Equal(0);
    }

    [Theory]
    [InlineData(8, true)]
    [InlineData(16, false)]
    public void Request_without_header_or_status_breaks_the_device(uint header, bool status)
    {
        using TestDriver driver = Driver();
        var buffers = new List<(ulong, uint, bool)> { (TestDriver.Buffer(0), header, false) };
        if (status)
        {
            buffers.Add((TestDriver.Buffer(1), 1, true));
        }

        driver.Chain(0, 0, [.. buffers]);
        driver.Offer(0, 0);
        driver.WaitForBroken();
    }

    [Fact]
    public void Fault_of_the_host_is_an_error_status_and_a_log_line()
    {
        using var driver = new TestDriver(new VirtioBlock(new FaultyBackend()));
        Request(driver, In, 0, null, 512).Status.Should().Be(1);
        Request(driver, Flush, 0, null, 0).Status.Should().Be(1);
        driver.Errors.Should().HaveCount(2).And.OnlyContain(line => line.Contains("disk on fire"));
    }

    [Fact]
    public void Many_requests_are_served_in_order()
    {
        using TestDriver driver = Driver(features: VirtioFeature.Transport);
        for (int i = 0; i < 200; i++)
        {
            Request(driver, In, (ulong)(i % Sectors), null, 512).Should().Be(((byte)0, 513u));
            driver.Bytes(TestDriver.Buffer(1), 8).Should().Equal(_image.AsSpan(i % Sectors * 512, 8).ToArray());
        }
    }

    private sealed class FaultyBackend : IBlockBackend
    {
        public ulong Length => 1 << 20;

        public bool ReadOnly => false;

        public void Read(ulong offset, Span<byte> destination) => throw new IOException("disk on fire");

        public void Write(ulong offset, ReadOnlySpan<byte> source) => throw new IOException("disk on fire");

        public void Flush() => throw new IOException("disk on fire");

        public void Dispose()
        {
        }
    }
}
