namespace LaKvm.Devices;

/// <summary>A wire that several drive: it is high as long as one of them wants it so.</summary>
/// <param name="line">The wire.</param>
internal sealed class SharedLine(IInterruptLine line)
{
    private readonly Lock _lock = new();
    private int _high;

    /// <summary>One more driver of the wire.</summary>
    internal IInterruptLine AddDriver() => new Driver(this);

    private void Change(bool level)
    {
        lock (_lock)
        {
            _high += level ? 1 : -1;
            line.Set(_high != 0);
        }
    }

    private sealed class Driver(SharedLine shared) : IInterruptLine
    {
        private bool _level;

        public void Set(bool level)
        {
            if (level != _level)
            {
                _level = level;
                shared.Change(level);
            }
        }
    }
}
