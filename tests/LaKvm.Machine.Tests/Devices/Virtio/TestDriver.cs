using System.Buffers.Binary;
using System.Diagnostics;
using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Memory;

namespace LaKvm.Machine.Tests;

/// <summary>A driver as small as can be: drives a device through the transport's registers and RAM only.</summary>
internal sealed class TestDriver : IDisposable
{
    public const int QueueSize = 16;
    private const ulong QueueArea = 0x1000, QueueStride = 0x1000, BufferArea = 0x1_0000;
    private const ulong AvailableOffset = 0x400, UsedOffset = 0x800;

    private readonly PhysicalMemory _ram = new();
    private readonly ushort[] _available = new ushort[8];
    private readonly ushort[] _used = new ushort[8];

    public TestDriver(VirtioDevice device, ulong features = VirtioFeature.Version1, bool start = true,
        IVirtioBell? bell = null)
    {
        _ram.Add(0, 0x100000);
        Memory = new PhysicalGuestMemory(_ram);
        Transport = new VirtioMmio(device, Memory, Line, new GuestErrorLog(Errors.Add), bell);
        if (start)
        {
            Start(device.QueueSizes.Count, features);
        }
    }

    public IGuestMemory Memory { get; }

    public RecordingLine Line { get; } = new();

    public List<string> Errors { get; } = [];

    public VirtioMmio Transport { get; }

    public uint Status => Read(0x70);

    public void Dispose()
    {
        Transport.Dispose();
        _ram.Dispose();
    }

    public uint Read(ulong offset) => (uint)Transport.Read(offset, 4);

    public void Write(ulong offset, uint value) => Transport.Write(offset, 4, value);

    public void Start(int queues, ulong features)
    {
        Write(0x70, 3);
        Write(0x24, 0);
        Write(0x20, (uint)features);
        Write(0x24, 1);
        Write(0x20, (uint)(features >> 32));
        Write(0x70, 0xb);
        for (int queue = 0; queue < queues; queue++)
        {
            SetUpQueue(queue);
        }

        Write(0x70, 0xf);
    }

    public void SetUpQueue(int queue)
    {
        ulong area = QueueArea + ((ulong)queue * QueueStride);
        Write(0x30, (uint)queue);
        Write(0x38, QueueSize);
        Write(0x80, (uint)area);
        Write(0x84, 0);
        Write(0x90, (uint)(area + AvailableOffset));
        Write(0x94, 0);
        Write(0xa0, (uint)(area + UsedOffset));
        Write(0xa4, 0);
        Write(0x44, 1);
    }

    /// <summary>Where the nth buffer of 4 KiB is.</summary>
    public static ulong Buffer(int index) => BufferArea + ((ulong)index * 0x1000);

    public void Descriptor(int queue, int index, ulong address, uint length, int flags, int next) =>
        RawDescriptor(QueueArea + ((ulong)queue * QueueStride) + ((ulong)index * 16), address, length, flags, next);

    public void RawDescriptor(ulong at, ulong address, uint length, int flags, int next)
    {
        byte[] bytes = new byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, address);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), length);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(12), (ushort)flags);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(14), (ushort)next);
        Memory.Write(at, bytes);
    }

    /// <summary>Makes a chain of the buffers, readable ones first, and returns its head.</summary>
    public void Chain(int queue, int head, params (ulong Address, uint Length, bool Writable)[] buffers)
    {
        for (int i = 0; i < buffers.Length; i++)
        {
            int flags = (i + 1 < buffers.Length ? 1 : 0) | (buffers[i].Writable ? 2 : 0);
            Descriptor(queue, head + i, buffers[i].Address, buffers[i].Length, flags, head + i + 1);
        }
    }

    /// <summary>Makes a chain available and notifies.</summary>
    public void Offer(int queue, int head, bool notify = true)
    {
        ulong ring = QueueArea + ((ulong)queue * QueueStride) + AvailableOffset;
        Put16(ring + 4 + (ulong)(_available[queue] % QueueSize * 2), (ushort)head);
        Put16(ring + 2, ++_available[queue]);
        if (notify)
        {
            Write(0x50, (uint)queue);
        }
    }

    public ushort UsedIndex(int queue) => Get16(QueueArea + ((ulong)queue * QueueStride) + UsedOffset + 2);

    /// <summary>Waits for the next used buffer.</summary>
    public (uint Head, uint Length) Take(int queue)
    {
        WaitFor(() => UsedIndex(queue) != _used[queue]);
        byte[] element = new byte[8];
        ulong used = QueueArea + ((ulong)queue * QueueStride) + UsedOffset;
        Memory.Read(used + 4 + (ulong)(_used[queue]++ % QueueSize * 8), element);
        return (
            BinaryPrimitives.ReadUInt32LittleEndian(element),
            BinaryPrimitives.ReadUInt32LittleEndian(element.AsSpan(4)));
    }

    public void SetAvailableFlags(int queue, ushort flags) =>
        Put16(QueueArea + ((ulong)queue * QueueStride) + AvailableOffset, flags);

    public void SetAvailableIndex(int queue, ushort index) =>
        Put16(QueueArea + ((ulong)queue * QueueStride) + AvailableOffset + 2, index);

    public void SetUsedEvent(int queue, ushort index) =>
        Put16(QueueArea + ((ulong)queue * QueueStride) + AvailableOffset + 4 + (QueueSize * 2), index);

    public ushort AvailableEvent(int queue) =>
        Get16(QueueArea + ((ulong)queue * QueueStride) + UsedOffset + 4 + (QueueSize * 8));

    public byte[] Bytes(ulong address, int length)
    {
        byte[] bytes = new byte[length];
        Memory.Read(address, bytes).Should().BeTrue();
        return bytes;
    }

    public void Put16(ulong address, ushort value) => Memory.Write(address, BitConverter.GetBytes(value));

    public ushort Get16(ulong address) => BitConverter.ToUInt16(Bytes(address, 2));

    public void WaitForBroken() => WaitFor(() => (Status & 0x40) != 0);

    public static void WaitFor(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            clock.Elapsed.Should().BeLessThan(TimeSpan.FromSeconds(20), "the device should have answered");
            Thread.Sleep(0);
        }
    }
}
