namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>
/// The part that each register plays in a block. Few of them take part, so that results are used and operands meet.
/// </summary>
internal sealed class Registers
{
    /// <summary>Most instructions read and write these.</summary>
    public readonly int[] Pool = new int[7];

    /// <summary>They point into the data window; the first one is a multiple of 32.</summary>
    public readonly int[] Bases = new int[3];

    /// <summary>They hold small numbers.</summary>
    public readonly int[] Indexes = new int[2];

    /// <summary>Counts a loop; nothing else writes it, so it is not r1, which bl writes.</summary>
    public int Counter;

    public readonly int[] Vectors = new int[6];

    public readonly int[] Flags = new int[3];

    private readonly int[] _order = new int[32];

    public void Choose(Rng rng)
    {
        Shuffle(rng, 1);
        _order.AsSpan(1, 7).CopyTo(Pool);
        _order.AsSpan(8, 3).CopyTo(Bases);
        _order.AsSpan(11, 2).CopyTo(Indexes);
        Counter = _order[13] == 1 ? _order[14] : _order[13];
        Shuffle(rng, 0);
        _order.AsSpan(0, 6).CopyTo(Vectors);
        foreach (ref int flag in Flags.AsSpan())
        {
            flag = rng.Below(8);
        }
    }

    /// <summary>Makes a random order of the registers of which only the first 16 places are used.</summary>
    private void Shuffle(Rng rng, int first)
    {
        for (int n = 0; n < 32; n++)
        {
            _order[n] = n;
        }

        for (int n = first; n < 16; n++)
        {
            int other = n + rng.Below(32 - n);
            (_order[n], _order[other]) = (_order[other], _order[n]);
        }
    }
}
