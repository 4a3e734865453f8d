using System.Buffers.Binary;
using System.Text;
using LaKvm.Devices;
using LaKvm.Memory;

namespace LaKvm.Machine.Tests;

public sealed class FirmwarePortTests : IDisposable
{
    private const uint Error = 1, ReadItem = 2, Skip = 4, Select = 8, WriteItem = 16;
    private const ulong Descriptor = 0x1000, Target = 0x2000;

    private readonly PhysicalMemory _ram = new();
    private readonly PhysicalGuestMemory _memory;
    private readonly FirmwarePort _port;

    public FirmwarePortTests()
    {
        _ram.Add(0, 0x1_0000);
        _memory = new PhysicalGuestMemory(_ram);
        var items = new Dictionary<ushort, ReadOnlyMemory<byte>> { [0] = "QEMU"u8.ToArray() };
        var files = new Dictionary<string, ReadOnlyMemory<byte>>
        {
            ["etc/b"] = new byte[] { 1, 2, 3, 4, 5, 6, 7, 8, 9 },
            ["etc/a"] = new byte[] { 42 },
        };
        _port = new FirmwarePort(new FirmwareItems(items, files), _memory);
    }

    public void Dispose() => _ram.Dispose();

    [Fact]
    public void Item_is_read_byte_after_byte_and_then_as_zeros()
    {
        Choose(0);
        _port.Read(0, 1).Should().Be('Q');
        _port.Read(0, 2).Should().Be(0x4d45);
        _port.Read(0, 8).Should().Be('U');
        _port.Read(0, 4).Should().Be(0);
        Choose(0);
        _port.Read(0, 4).Should().Be(0x554d_4551);
    }

    [Fact]
    public void Absent_item_reads_as_zeros()
    {
        Choose(0x1234);
        _port.Read(0, 8).Should().Be(0);
    }

    [Fact]
    public void Directory_lists_files_by_name()
    {
        Transfer(Select | ReadItem | 0x19 << 16, 4 + 128, Target).Should().Be(0);
        byte[] directory = Ram(Target, 4 + 128);
        BinaryPrimitives.ReadInt32BigEndian(directory).Should().Be(2);
        Encoding.ASCII.GetString(directory, 12, 56).TrimEnd('\0').Should().Be("etc/a");
        Encoding.ASCII.GetString(directory, 76, 56).TrimEnd('\0').Should().Be("etc/b");
        BinaryPrimitives.ReadInt32BigEndian(directory.AsSpan(68)).Should().Be(9);
        BinaryPrimitives.ReadUInt16BigEndian(directory.AsSpan(72)).Should().Be(0x21);
    }

    [Fact]
    public void Transfer_register_says_that_there_are_transfers()
    {
        _port.Read(16, 8).Should().Be(0x4746_4320_554d_4551);
        _port.Read(20, 4).Should().Be(0x4746_4320);
    }

    [Fact]
    public void Transfer_skips_and_goes_on_where_the_last_one_ended()
    {
        Transfer(Select | Skip | 0x21 << 16, 3, 0).Should().Be(0);
        Transfer(ReadItem, 2, Target).Should().Be(0);
        Transfer(ReadItem, 8, Target + 2).Should().Be(0);
        Ram(Target, 10).Should().Equal(4, 5, 6, 7, 8, 9, 0, 0, 0, 0);
    }

    [Fact]
    public void Transfer_starts_with_the_low_half_of_the_address()
    {
        Describe(Select | ReadItem | 0x20 << 16, 1, Target);
        _port.Write(16, 4, 0);
        Ram(Target, 1).Should().Equal(0);
        _port.Write(20, 4, BinaryPrimitives.ReverseEndianness((uint)Descriptor));
        Ram(Target, 1).Should().Equal(42);
    }

    [Theory]
    [InlineData(ReadItem, 16, 0xfff8)]
    [InlineData(ReadItem, uint.MaxValue, 0)]
    [InlineData(ReadItem, 1, ulong.MaxValue)]
    [InlineData(WriteItem, 1, 0)]
    public void Transfer_that_is_impossible_is_an_error_and_changes_nothing(uint control, uint length, ulong target)
    {
        Transfer(control, length, target).Should().Be(Error);
        Ram(0xfff8, 8).Should().Equal(new byte[8]);
    }

    [Fact]
    public void Descriptor_outside_ram_is_ignored()
    {
        foreach (ulong address in new ulong[] { 0xfff8, 0x1_0000, ulong.MaxValue })
        {
            _port.Write(16, 8, BinaryPrimitives.ReverseEndianness(address));
        }
    }

    [Fact]
    public void Random_accesses_never_throw()
    {
        var random = new Random(5);
        for (int i = 0; i < 20_000; i++)
        {
            int size = 1 << random.Next(4);
            ulong offset = (ulong)random.Next((int)FirmwarePort.Size) & ~(ulong)(size - 1);
            Describe((uint)random.Next(32) | (uint)random.Next(0x24) << 16, (uint)random.Next(0x1_2000),
                (ulong)random.Next(0x1_0000));
            _port.Write(offset, size, random.Next(2) == 0
                ? BinaryPrimitives.ReverseEndianness(Descriptor) >> (8 * (8 - size))
                : (ulong)random.NextInt64());
            _port.Read(offset, size);
        }

        _port.Reset();
        _port.Read(0, 4).Should().Be(0x554d_4551);
    }

    private void Choose(ushort item) => _port.Write(8, 2, BinaryPrimitives.ReverseEndianness(item));

    private void Describe(uint control, uint length, ulong target)
    {
        var bytes = new byte[16];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, control);
        BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(4), length);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), target);
        _memory.Write(Descriptor, bytes);
    }

    private uint Transfer(uint control, uint length, ulong target)
    {
        Describe(control, length, target);
        _port.Write(16, 8, BinaryPrimitives.ReverseEndianness(Descriptor));
        return BinaryPrimitives.ReadUInt32BigEndian(Ram(Descriptor, 4));
    }

    private byte[] Ram(ulong address, int length)
    {
        var bytes = new byte[length];
        _memory.Read(address, bytes).Should().BeTrue();
        return bytes;
    }
}
