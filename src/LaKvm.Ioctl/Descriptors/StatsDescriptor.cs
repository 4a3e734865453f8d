using System.Runtime.InteropServices;
using System.Text;
using LaKvm.Hypervisor;

namespace LaKvm.Ioctl;

/// <summary>
/// Statistics as a file: header, id, descriptors, values (KVM_GET_STATS_FD). It outlives the VM's descriptor.
/// </summary>
public sealed unsafe class StatsDescriptor : Descriptor
{
    private const int NameSize = 48;
    private const int DescriptorSize = 16 + NameSize;

    private readonly Statistics _statistics;
    private readonly byte[] _head;
    private long _position;

    internal StatsDescriptor(string id, string name, Statistics statistics)
    {
        Name = name;
        _statistics = statistics;
        _head = new byte[sizeof(KvmStatsHeader) + NameSize + (statistics.Descriptors.Count * DescriptorSize)];
        var header = new KvmStatsHeader
        {
            NameSize = NameSize,
            DescriptorCount = (uint)statistics.Descriptors.Count,
            IdOffset = (uint)sizeof(KvmStatsHeader),
            DescriptorOffset = (uint)sizeof(KvmStatsHeader) + NameSize,
            DataOffset = (uint)_head.Length,
        };
        MemoryMarshal.Write(_head, header);
        Encoding.ASCII.GetBytes(id, _head.AsSpan(sizeof(KvmStatsHeader)));
        for (int i = 0; i < statistics.Descriptors.Count; i++)
        {
            WriteDescriptor(statistics.Descriptors[i], statistics.Offsets[i],
                _head.AsSpan((int)header.DescriptorOffset + (i * DescriptorSize)));
        }
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override int Read(Span<byte> buffer, long offset)
    {
        if (offset < 0)
        {
            return Result(Errno.Inval);
        }

        int done = Copy(_head, offset, buffer);
        ReadOnlySpan<byte> values = MemoryMarshal.AsBytes(_statistics.Values);
        return done + Copy(values, offset + done - _head.Length, buffer[done..]);
    }

    /// <inheritdoc/>
    public override int ReadNext(Span<byte> buffer)
    {
        int count = Read(buffer, _position);
        _position += count;
        return count;
    }

    private static int Copy(ReadOnlySpan<byte> source, long offset, Span<byte> target)
    {
        if (offset < 0 || offset >= source.Length)
        {
            return 0;
        }

        source = source[(int)offset..];
        int length = Math.Min(source.Length, target.Length);
        source[..length].CopyTo(target);
        return length;
    }

    private static void WriteDescriptor(StatDescriptor descriptor, int offset, Span<byte> target)
    {
        MemoryMarshal.Write(target, new KvmStatsDescriptor
        {
            Flags = (uint)descriptor.Type | (uint)descriptor.Unit,
            Exponent = descriptor.Exponent,
            Size = (ushort)descriptor.Size,
            Offset = (uint)offset * sizeof(ulong),
        });
        Encoding.ASCII.GetBytes(descriptor.Name, target[sizeof(KvmStatsDescriptor)..]);
    }
}
