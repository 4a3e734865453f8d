namespace LaKvm.Cpu;

/// <summary>An access in aligned powers of two of at most 8 bytes, as a bus carries them.</summary>
internal ref struct BusPieces(ulong physical, int size)
{
    private int _next = 0;

    public (int Offset, int Width) Current { get; private set; }

    public readonly BusPieces GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_next >= size)
        {
            return false;
        }

        int width = 8;
        while (width > size - _next || ((physical + (ulong)_next) & (ulong)(width - 1)) != 0)
        {
            width >>= 1;
        }

        Current = (_next, width);
        _next += width;
        return true;
    }
}
