namespace LaKvm.Machine;

/// <summary>
/// How a device interrupts its driver: over one wire, or with messages that each have a vector. Calls come under the
/// device's lock from any thread, and must not call back into it.
/// </summary>
public interface IVirtioInterrupt
{
    /// <summary>There is something new for the driver.</summary>
    /// <param name="vector">
    /// The vector that the driver gave its source, or <see cref="VirtioControl.NoVector"/>. A wire has no use for it.
    /// </param>
    void Raise(ushort vector);

    /// <summary>The driver has acknowledged everything: a wire is released. Messages have no use for it.</summary>
    void Release();
}

/// <summary>An interrupt over a wire: it is high while something waits for the driver.</summary>
/// <param name="line">The wire.</param>
public sealed class VirtioWire(IInterruptLine line) : IVirtioInterrupt
{
    /// <inheritdoc/>
    public void Raise(ushort vector) => line.Set(true);

    /// <inheritdoc/>
    public void Release() => line.Set(false);
}
