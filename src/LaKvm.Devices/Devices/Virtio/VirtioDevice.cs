namespace LaKvm.Devices;

/// <summary>Device types (virtio 1.2, chapter 5).</summary>
public enum VirtioType : uint
{
    /// <summary>Network card.</summary>
    Network = 1,

    /// <summary>Block device.</summary>
    Block = 2,

    /// <summary>Console.</summary>
    Console = 3,

    /// <summary>Entropy source.</summary>
    Entropy = 4,

    /// <summary>Share of files, whose messages are of the 9P protocol.</summary>
    Share = 9,
}

/// <summary>Feature bits that belong to every device (virtio 1.2, chapter 6).</summary>
public static class VirtioFeature
{
    /// <summary>Descriptors may name a table of descriptors.</summary>
    public const ulong IndirectDescriptors = 1UL << 28;

    /// <summary>Notifications and interrupts are asked for by index.</summary>
    public const ulong EventIndex = 1UL << 29;

    /// <summary>Not the legacy interface; must be accepted.</summary>
    public const ulong Version1 = 1UL << 32;

    /// <summary>What the transport offers for every device.</summary>
    public const ulong Transport = IndirectDescriptors | EventIndex | Version1;
}

/// <summary>
/// A virtio device without its transport. <see cref="Process"/> runs on the transport's worker thread, never on a
/// core's, and may block for as long as one I/O operation takes; a reset of the device waits for it.
/// </summary>
public abstract class VirtioDevice : IDisposable
{
    /// <summary>What kind of device it is.</summary>
    public abstract VirtioType Type { get; }

    /// <summary>Feature bits of its kind that it offers.</summary>
    public abstract ulong Features { get; }

    /// <summary>Most descriptors of each queue, powers of two.</summary>
    public abstract IReadOnlyList<int> QueueSizes { get; }

    /// <summary>
    /// The configuration space as it is now; its length is fixed. It changes in <see cref="ChangeConfiguration"/> only.
    /// </summary>
    public abstract ReadOnlySpan<byte> Configuration { get; }

    /// <summary>Where the device is attached; null before.</summary>
    protected internal IVirtioTransport? Transport { get; internal set; }

    /// <summary>Serves a queue that may have requests.</summary>
    /// <param name="index">Which queue.</param>
    /// <param name="queue">The queue; not to be kept.</param>
    protected internal abstract void Process(int index, Virtqueue queue);

    /// <summary>
    /// The driver writes 1, 2, 4 or 8 bytes inside the configuration space, on a core's thread. Nothing is writable
    /// unless a device says otherwise.
    /// </summary>
    protected internal virtual void WriteConfiguration(int offset, int size, ulong value)
    {
    }

    /// <summary>Changes the configuration space at once, and tells the driver. Any thread.</summary>
    protected void ChangeConfiguration(Action change)
    {
        if (Transport is { } transport)
        {
            transport.ChangeConfiguration(change);
        }
        else
        {
            change();
        }
    }

    /// <summary>Frees what the device holds; its worker has ended.</summary>
    public virtual void Dispose() => GC.SuppressFinalize(this);
}

/// <summary>What a virtio device may ask of its transport; any thread.</summary>
public interface IVirtioTransport
{
    /// <summary>
    /// Has the worker serve a queue although the driver did not ask, because there is something for the driver.
    /// </summary>
    void Wake(int queue);

    /// <summary>True once the driver resets the device: long requests should end early.</summary>
    bool Stopping { get; }

    /// <summary>
    /// Carries out a change of the configuration space while no driver reads it, then tells the driver.
    /// </summary>
    void ChangeConfiguration(Action change);

    /// <summary>Reports a fault of the host or the driver, rate limited.</summary>
    void Report(string message);
}
