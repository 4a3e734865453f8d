namespace LaKvm.Devices;

/// <summary>
/// A range's addresses, apart from the range: a look-up that asks each range for them makes a call each, which an exit
/// for a device feels.
/// </summary>
/// <param name="First">The first one.</param>
/// <param name="Last">The last one.</param>
/// <param name="Reach">The last one of this range and all before it.</param>
internal readonly record struct AddressBounds(ulong First, ulong Last, ulong Reach)
{
    /// <summary>Index of the first range that reaches an address: none before it covers it.</summary>
    internal static int FirstReaching(AddressBounds[] ranges, ulong address)
    {
        int first = 0;
        int end = ranges.Length;
        while (first < end)
        {
            int middle = (first + end) >>> 1;
            if (ranges[middle].Reach < address)
            {
                first = middle + 1;
            }
            else
            {
                end = middle;
            }
        }

        return first;
    }

    /// <summary>Index of the next range that covers an address, from one on; below 0 if there is none.</summary>
    internal static int NextCovering(AddressBounds[] ranges, ulong address, int next)
    {
        for (; (uint)next < (uint)ranges.Length && ranges[next].First <= address; next++)
        {
            if (address <= ranges[next].Last)
            {
                return next;
            }
        }

        return -1;
    }
}
