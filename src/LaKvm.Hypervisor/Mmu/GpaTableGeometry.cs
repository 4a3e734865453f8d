namespace LaKvm.Hypervisor;

/// <summary>Shape of the second-stage tables: the host's page size and number of levels.</summary>
/// <param name="PageShift">log2 of the page size: 12, 14 or 16.</param>
/// <param name="Levels">Levels including the leaf: 2 to 4.</param>
public readonly record struct GpaTableGeometry(int PageShift, int Levels)
{
    /// <summary>16 KiB pages, three levels: Linux's default.</summary>
    public static GpaTableGeometry Default => new(HostPages.DefaultPageShift, 3);

    /// <summary>4 KiB pages, four levels.</summary>
    public static GpaTableGeometry Small => new(12, 4);

    /// <summary>log2 of a table's number of entries: a table fills a page of 8-byte entries.</summary>
    public int IndexBits => PageShift - 3;

    /// <summary>Entries of a table.</summary>
    public int Entries => 1 << IndexBits;

    /// <summary>Level of the root table; leaves are level 0.</summary>
    public int RootLevel => Levels - 1;

    /// <summary>log2 of what an entry of a level maps.</summary>
    public int Shift(int level) => PageShift + (level * IndexBits);

    /// <summary>Bytes that an entry of a level maps.</summary>
    public ulong Span(int level) => 1UL << Shift(level);

    /// <summary>Index of an address in its table of a level.</summary>
    public int Index(ulong address, int level) => (int)(address >> Shift(level)) & (Entries - 1);

    /// <summary>
    /// CSR.PWCL for the refill walk: table base and width, directory 1 and, with four levels, directory 2 (manual
    /// volume 1, 7.5.8).
    /// </summary>
    public ulong WalkerLow
    {
        get
        {
            ulong value = (uint)PageShift | ((uint)IndexBits << 5);
            value |= Levels >= 3 ? ((uint)Shift(1) << 10) | ((uint)IndexBits << 15) : 0;
            return value | (Levels == 4 ? ((ulong)Shift(2) << 20) | ((ulong)IndexBits << 25) : 0);
        }
    }

    /// <summary>
    /// CSR.PWCH: directory 3 is the root table, whatever the number of levels (manual volume 1, 7.5.9).
    /// </summary>
    public ulong WalkerHigh => (uint)Shift(RootLevel) | ((uint)IndexBits << 6);
}
