namespace LaKvm.Devices;

/// <summary>A range of addresses that somebody answers.</summary>
public interface IAddressRange
{
    /// <summary>First address.</summary>
    ulong Base { get; }

    /// <summary>Bytes; 0 stands for the one address, whatever the width of an access.</summary>
    ulong Size { get; }
}

/// <summary>
/// What answers on a bus, by address. Ranges may overlap: those that cover an address are given by their first address,
/// and at the same one in the order they came. Changes take a lock and publish a new table, so that looking up takes
/// none, from any thread; a look-up sees the table before or after a change, and what it finds may be gone by then.
/// </summary>
public sealed class AddressMap<T>
    where T : class, IAddressRange
{
    private readonly Lock _lock = new();
    private Table _table = Table.Empty;

    /// <summary>Everything, in order of address.</summary>
    public IReadOnlyList<T> All => Volatile.Read(ref _table).Ranges;

    /// <summary>Adds a range.</summary>
    /// <param name="range">The range.</param>
    /// <param name="alone">Refuse one that overlaps another.</param>
    /// <exception cref="ArgumentException">It overlaps.</exception>
    public void Add(T range, bool alone = false)
    {
        lock (_lock)
        {
            Publish(With(_table.Ranges, range, alone));
        }
    }

    /// <summary>Takes a range away; false if it is not there.</summary>
    public bool Remove(T range)
    {
        lock (_lock)
        {
            T[] rest = Array.FindAll(_table.Ranges, r => r != range);
            bool found = rest.Length != _table.Ranges.Length;
            Publish(rest);
            return found;
        }
    }

    /// <summary>Puts one range in the place of another at once: no look-up misses both or sees both.</summary>
    /// <exception cref="ArgumentException">The old one is not there.</exception>
    public void Replace(T old, T range)
    {
        lock (_lock)
        {
            T[] rest = Array.FindAll(_table.Ranges, r => r != old);
            if (rest.Length == _table.Ranges.Length)
            {
                throw new ArgumentException($"{old} is not there.", nameof(old));
            }

            Publish(With(rest, range, alone: false));
        }
    }

    /// <summary>What covers an address; does not allocate.</summary>
    public Matches At(ulong address) => new(Volatile.Read(ref _table), address);

    /// <summary>Whether anything lies in a range of at least one byte.</summary>
    public bool Overlaps(ulong address, ulong size) =>
        Overlapping(Volatile.Read(ref _table).Ranges, address, size) != null;

    /// <summary>The last address of a range; one that runs over the end of the addresses is cut there.</summary>
    private static ulong Last(T range) =>
        range.Base + Math.Min(Math.Max(range.Size, 1) - 1, ulong.MaxValue - range.Base);

    private static T? Overlapping(T[] ranges, ulong address, ulong size) =>
        Array.Find(ranges, r => address <= Last(r) && (r.Base <= address || r.Base - address < size));

    private static T[] With(T[] ranges, T range, bool alone)
    {
        if (alone && Overlapping(ranges, range.Base, range.Size) is { } other)
        {
            throw new ArgumentException($"{range} overlaps {other}.");
        }

        // The sort is stable: among equals the new one comes last.
        return [.. ranges.Append(range).OrderBy(r => r.Base)];
    }

    private void Publish(T[] ranges) => Volatile.Write(ref _table, new Table(ranges));

    /// <summary>The ranges that cover an address, for foreach.</summary>
    public struct Matches
    {
        private readonly Table _table;
        private readonly ulong _address;
        private int _next;

        internal Matches(Table table, ulong address)
        {
            _table = table;
            _address = address;
            _next = AddressBounds.FirstReaching(table.Bounds, address);
            Current = null!;
        }

        /// <summary>The range reached.</summary>
        public T Current { get; private set; }

        /// <summary>This is its own enumerator.</summary>
        public readonly Matches GetEnumerator() => this;

        /// <summary>Goes on to the next range.</summary>
        public bool MoveNext()
        {
            int found = AddressBounds.NextCovering(_table.Bounds, _address, _next);
            if (found < 0)
            {
                return false;
            }

            Current = _table.Ranges[found];
            _next = found + 1;
            return true;
        }
    }

    /// <summary>The ranges in order, and their bounds in the same order.</summary>
    internal sealed class Table(T[] ranges)
    {
        internal static readonly Table Empty = new([]);

        internal T[] Ranges { get; } = ranges;

        internal AddressBounds[] Bounds { get; } = BoundsOf(ranges);

        private static AddressBounds[] BoundsOf(T[] ranges)
        {
            ulong reach = 0;
            return Array.ConvertAll(ranges, r => new AddressBounds(r.Base, Last(r), reach = Math.Max(reach, Last(r))));
        }
    }
}
