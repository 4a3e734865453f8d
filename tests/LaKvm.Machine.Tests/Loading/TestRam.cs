
using LaKvm.Boot;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests.Loading;

/// <summary>RAM in arrays: every access outside a range would throw.</summary>
internal sealed class TestRam : IGuestRam
{
    private readonly byte[][] _memory;

    internal TestRam(params RamRange[] ranges)
    {
        Ranges = ranges;
        _memory = [.. ranges.Select(range => new byte[range.Size])];
    }

    /// <summary>The board's low RAM, but smaller: 4 MiB from address 0.</summary>
    internal static TestRam Small() => new(new RamRange(0, 4 << 20));

    public IReadOnlyList<RamRange> Ranges { get; }

    public Span<byte> Writable(ulong physicalAddress, ulong length)
    {
        for (int n = 0; n < Ranges.Count; n++)
        {
            if (Ranges[n].Contains(new RamRange(physicalAddress, length)))
            {
                return _memory[n].AsSpan((int)(physicalAddress - Ranges[n].Base), (int)length);
            }
        }

        return [];
    }

    internal ulong U64(ulong address) => BitConverter.ToUInt64(Writable(address, 8));

    internal uint U32(ulong address) => BitConverter.ToUInt32(Writable(address, 4));

    internal string Text(ulong address)
    {
        Span<byte> bytes = Writable(address, 4096);
        return System.Text.Encoding.UTF8.GetString(bytes[..bytes.IndexOf((byte)0)]);
    }
}
