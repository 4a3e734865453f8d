using System.Buffers.Binary;
using LaKvm.Devices;
using LaKvm.Memory;

namespace LaKvm.Machine.Tests;

public sealed class VirtqueueTests : IDisposable
{
    private const ulong Table = 0x1000, Driver = 0x2000, Device = 0x3000, IndirectTable = 0x8000;
    private const int Size = 8;
    private readonly PhysicalMemory _ram = new();
    private readonly PhysicalGuestMemory _memory;
    private int _interrupts;
    private ushort _available;

    public VirtqueueTests()
    {
        _ram.Add(0, 0x10000);
        _memory = new PhysicalGuestMemory(_ram);
    }

    public void Dispose() => _ram.Dispose();

    private Virtqueue Queue(bool indirect = true, bool eventIndex = false) =>
        new(_memory, new VirtqueueSetup(Size, Table, Driver, Device, indirect, eventIndex), () => _interrupts++);

    private void Put(ulong at, ulong address, uint length, int flags = 0, int next = 0)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, address);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(12), (ushort)flags);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(14), (ushort)next);
        _memory.Write(at, bytes).Should().BeTrue();
    }

    private void Offer(ushort head)
    {
        _memory.Write(Driver + 4 + (ulong)(_available % Size * 2), BitConverter.GetBytes(head));
        _memory.Write(Driver + 2, BitConverter.GetBytes(++_available));
    }

    private ushort Get16(ulong address)
    {
        byte[] bytes = new byte[2];
        _memory.Read(address, bytes);
        return BitConverter.ToUInt16(bytes);
    }

    private static void Broken(Virtqueue queue, string reason)
    {
        queue.TryPop(out _).Should().BeFalse();
        queue.Error.Should().Contain(reason);
        queue.TryPop(out _).Should().BeFalse();
    }

    [Fact]
    public void Empty_queue_has_nothing()
    {
        Virtqueue queue = Queue();
        queue.TryPop(out _).Should().BeFalse();
        queue.Error.Should().BeNull();
    }

    [Fact]
    public void Chain_collects_its_buffers_in_order()
    {
        Virtqueue queue = Queue();
        Put(Table + (5 * 16), 0x4000, 3, 1, 2);
        Put(Table + (2 * 16), 0x5000, 5, 1, 7);
        Put(Table + (7 * 16), 0x6000, 4, 3, 0);
        Put(Table, 0x7000, 6, 2);
        _memory.Write(0x4000, "abc"u8);
        _memory.Write(0x5000, "defgh"u8);
        Offer(5);
        queue.TryPop(out DescriptorChain chain).Should().BeTrue();
        chain.ReadableLength.Should().Be(8);
        chain.WritableLength.Should().Be(10);
        byte[] text = new byte[4];
        chain.Read(1, text).Should().BeTrue();
        text.Should().Equal("bcde"u8.ToArray());
        chain.Read(5, text).Should().BeFalse();
        chain.Write(2, "wxyz"u8).Should().BeTrue();
        chain.Write(7, "wxyz"u8).Should().BeFalse();
        _memory.Read(0x6002, text.AsSpan(0, 2));
        _memory.Read(0x7000, text.AsSpan(2, 2));
        text.Should().Equal("wxyz"u8.ToArray());
    }

    [Fact]
    public void Push_fills_the_used_ring_and_wraps()
    {
        Virtqueue queue = Queue();
        Put(Table + (3 * 16), 0x4000, 3, 2);
        for (uint i = 0; i < 20; i++)
        {
            Offer(3);
            queue.TryPop(out DescriptorChain chain).Should().BeTrue();
            queue.Push(chain, i);
            Get16(Device + 2).Should().Be((ushort)(i + 1));
            byte[] element = new byte[8];
            _memory.Read(Device + 4 + (i % Size * 8), element);
            element.Should().Equal(3, 0, 0, 0, (byte)i, 0, 0, 0);
        }

        _interrupts.Should().Be(20);
    }

    [Fact]
    public void Unpopped_request_comes_again()
    {
        Virtqueue queue = Queue();
        Put(Table + 16, 0x4000, 3);
        Offer(1);
        queue.TryPop(out _).Should().BeTrue();
        queue.TryPop(out _).Should().BeFalse();
        queue.Unpop();
        queue.TryPop(out DescriptorChain chain).Should().BeTrue();
        chain.ReadableLength.Should().Be(3);
    }

    [Fact]
    public void Indirect_table_holds_the_chain()
    {
        Virtqueue queue = Queue();
        Put(Table, 0x4000, 1, 1, 1);
        Put(Table + 16, IndirectTable, 48, 4);
        Put(IndirectTable, 0x4100, 2, 1, 2);
        Put(IndirectTable + 32, 0x4200, 4, 2);
        Offer(0);
        queue.TryPop(out DescriptorChain chain).Should().BeTrue();
        chain.ReadableLength.Should().Be(3);
        chain.WritableLength.Should().Be(4);
    }

    [Theory]
    [InlineData(false, 4, 16u, IndirectTable)]
    [InlineData(true, 5, 16u, IndirectTable)]
    [InlineData(true, 4, 0u, IndirectTable)]
    [InlineData(true, 4, 17u, IndirectTable)]
    [InlineData(true, 4, 32u, 0xfff0UL)]
    [InlineData(true, 4, 0xffff_fff0u, IndirectTable)]
    [InlineData(true, 4, 16u, 0xffff_ffff_ffff_fff0UL)]
    public void Malformed_indirect_descriptor_breaks_the_queue(bool negotiated, int flags, uint length, ulong address)
    {
        Virtqueue queue = Queue(negotiated);
        Put(Table, address, length, flags, 0);
        Put(IndirectTable, 0x4000, 4, 2);
        Offer(0);
        Broken(queue, "indirect");
    }

    [Fact]
    public void Indirect_descriptor_in_an_indirect_table_breaks_the_queue()
    {
        Virtqueue queue = Queue();
        Put(Table, IndirectTable, 16, 4);
        Put(IndirectTable, IndirectTable, 16, 4);
        Offer(0);
        Broken(queue, "indirect");
    }

    [Theory]
    [InlineData(Table)]
    [InlineData(IndirectTable)]
    public void Loop_breaks_the_queue(ulong table)
    {
        Virtqueue queue = Queue();
        Put(Table, IndirectTable, 32, 4);
        Put(table, 0x4000, 1, 1, 1);
        Put(table + 16, 0x4000, 1, 1, 0);
        Offer(0);
        Broken(queue, "does not end");
    }

    [Fact]
    public void Head_outside_the_table_breaks_the_queue()
    {
        Virtqueue queue = Queue();
        Offer(Size);
        Broken(queue, "descriptor 8");
    }

    [Fact]
    public void Next_outside_the_table_breaks_the_queue()
    {
        Virtqueue queue = Queue();
        Put(Table, 0x4000, 4, 1, 0xffff);
        Offer(0);
        Broken(queue, "descriptor 65535");
    }

    [Theory]
    [InlineData(0x4000, 0u)]
    [InlineData(0xffff, 2u)]
    [InlineData(0x10000, 1u)]
    [InlineData(0x4000, 0xffff_ffffu)]
    [InlineData(0xffff_ffff_ffff_ffffUL, 2u)]
    public void Buffer_outside_ram_or_empty_breaks_the_queue(ulong address, uint length)
    {
        Virtqueue queue = Queue();
        Put(Table, address, length, 2);
        Offer(0);
        Broken(queue, "not in RAM");
    }

    [Fact]
    public void Readable_buffer_behind_a_writable_one_breaks_the_queue()
    {
        Virtqueue queue = Queue();
        Put(Table, 0x4000, 4, 3, 1);
        Put(Table + 16, 0x4000, 4);
        Offer(0);
        Broken(queue, "readable");
    }

    [Fact]
    public void More_requests_than_descriptors_break_the_queue()
    {
        Virtqueue queue = Queue();
        _memory.Write(Driver + 2, BitConverter.GetBytes((ushort)(Size + 1)));
        Broken(queue, "available");
    }

    [Fact]
    public void Failed_queue_hands_out_nothing_more()
    {
        Virtqueue queue = Queue();
        Put(Table, 0x4000, 4);
        Offer(0);
        queue.Fail("first");
        queue.Fail("second");
        Broken(queue, "first");
    }

    [Fact]
    public void Stopped_queue_hands_out_nothing_and_is_not_broken()
    {
        Virtqueue queue = Queue();
        Put(Table, 0x4000, 4);
        Offer(0);
        queue.Stop();
        queue.TryPop(out _).Should().BeFalse();
        queue.Error.Should().BeNull();
    }

    [Fact]
    public void Event_index_survives_the_wrap_of_the_indices()
    {
        Virtqueue queue = Queue(eventIndex: true);
        Put(Table, 0x4000, 4, 2);
        for (int i = 0; i < 0x1_0008; i++)
        {
            Offer(0);
            _memory.Write(Driver + 4 + (Size * 2), BitConverter.GetBytes((ushort)(i % 3 == 0 ? i : i - 5)));
            _interrupts = 0;
            queue.TryPop(out DescriptorChain chain).Should().BeTrue();
            queue.Push(chain, 0);
            if (_interrupts != (i % 3 == 0 ? 1 : 0))
            {
                Assert.Fail($"wrong interrupt at {i}");
            }
        }

        queue.TryPop(out _).Should().BeFalse();
        Get16(Device + 4 + (Size * 8)).Should().Be(8);
    }

    [Fact]
    public void Random_queues_end_in_bounded_work()
    {
        byte[] noise = new byte[0x4000];
        for (int seed = 0; seed < 2000; seed++)
        {
            var random = new Random(seed);
            random.NextBytes(noise);
            _memory.Write(0, noise);
            for (int i = 0; i < Size; i++)
            {
                // Mostly plausible descriptors, so that chains get long before they fail.
                Put(Table + ((ulong)i * 16), (ulong)random.Next(0x11000), (uint)random.Next(0x200),
                    random.Next(8), random.Next(Size + 1));
            }

            _memory.Write(Driver + 2, BitConverter.GetBytes((ushort)random.Next(Size + 1)));
            Virtqueue queue = Queue(random.Next(2) == 0, random.Next(2) == 0);
            int requests = 0;
            while (queue.TryPop(out DescriptorChain chain))
            {
                requests++;
                chain.Write(0, new byte[Math.Min(chain.WritableLength, 64)]);
                queue.Push(chain, 0);
            }

            requests.Should().BeLessThan(0x10000);
        }
    }
}
