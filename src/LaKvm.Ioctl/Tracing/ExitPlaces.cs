namespace LaKvm.Ioctl;

/// <summary>How often a guest was left for one thing at one instruction, and how long it was outside.</summary>
/// <param name="Kind">What for.</param>
/// <param name="Pc">Virtual address of the instruction.</param>
/// <param name="Total">Exits and their time.</param>
public readonly record struct ExitPlace(ExitKind Kind, ulong Pc, ExitTotal Total);

/// <summary>
/// Counts exits by kind and instruction. A guest chooses how many places there are, so the table has a fixed size and
/// adding allocates nothing: a place that finds no room takes that of the rarest of those it could lie in. What leaves
/// often stays.
/// </summary>
public sealed class ExitPlaces
{
    private const int Slots = 1 << 11, Probes = 8;

    /// <summary>2^64 by the golden ratio: neighbouring instructions lie far from each other.</summary>
    private const ulong Spread = 0x9e37_79b9_7f4a_7c15;

    private readonly ExitPlace[] _places = new ExitPlace[Slots];

    /// <summary>Counts an exit.</summary>
    /// <param name="kind">What for.</param>
    /// <param name="pc">Virtual address of the instruction.</param>
    /// <param name="nanoseconds">Its time.</param>
    public void Add(ExitKind kind, ulong pc, ulong nanoseconds)
    {
        ref ExitPlace place = ref SlotOf(kind, pc);
        ExitTotal total = place.Kind == kind && place.Pc == pc ? place.Total : default;
        place = new ExitPlace(kind, pc, total + new ExitTotal(1, nanoseconds));
    }

    /// <summary>Adds all places to a sum by kind and address.</summary>
    public void AddTo(Dictionary<(ExitKind Kind, ulong Pc), ExitTotal> sum)
    {
        foreach (ExitPlace place in _places)
        {
            if (place.Total.Count != 0)
            {
                var key = (place.Kind, place.Pc);
                sum[key] = sum.GetValueOrDefault(key) + place.Total;
            }
        }
    }

    /// <summary>The place's own slot, else a free one, else the one that counted least.</summary>
    private ref ExitPlace SlotOf(ExitKind kind, ulong pc)
    {
        uint first = (uint)(((pc >> 2) * Spread) >> 32) + ((uint)kind * Probes);
        uint rarest = first % Slots;
        for (uint probe = 0; probe < Probes; probe++)
        {
            uint slot = (first + probe) % Slots;
            ref readonly ExitPlace place = ref _places[slot];
            if (place.Total.Count == 0 || (place.Kind == kind && place.Pc == pc))
            {
                return ref _places[slot];
            }

            rarest = place.Total.Count < _places[rarest].Total.Count ? slot : rarest;
        }

        return ref _places[rarest];
    }
}
