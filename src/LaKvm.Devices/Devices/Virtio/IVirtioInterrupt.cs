namespace LaKvm.Devices;

/// <summary>
/// How a device interrupts its driver: over one wire, or with messages that each have a vector. Calls come under the
/// device's lock from any thread, and must not call back into it.
/// </summary>
public interface IVirtioInterrupt
{
    /// <summary>There is something new for the driver.</summary>
    /// <param name="vector">
    /// The vector that the driver gave its source, or <see cref="VirtioControl.NoVector"/>. A wire does not need it.
    /// </param>
    /// <param name="isNewCause">
    /// False if the driver has not yet acknowledged an earlier one of that kind: it will look after it has, so a wire
    /// has nothing to add. Messages are not acknowledged.
    /// </param>
    void Raise(ushort vector, bool isNewCause);

    /// <summary>The driver has acknowledged everything: a wire is released. Messages have no use for it.</summary>
    void Release();
}

/// <summary>
/// An interrupt over a wire, which is high while something waits for the driver, and rises for each new cause: it
/// serves controllers that look at the level, and those that look at the edge.
/// </summary>
/// <param name="line">The wire.</param>
public sealed class VirtioWire(IInterruptLine line) : IVirtioInterrupt
{
    private bool _high;

    /// <inheritdoc/>
    public void Raise(ushort vector, bool isNewCause)
    {
        if (!isNewCause)
        {
            return;
        }

        if (_high)
        {
            line.Set(false);
        }

        line.Set(true);
        _high = true;
    }

    /// <inheritdoc/>
    public void Release()
    {
        line.Set(false);
        _high = false;
    }
}
