namespace LaKvm.Ioctl;

/// <summary>An eventfd: what one side signals, the other waits for.</summary>
public sealed class EventFd : DescriptorHandle
{
    private readonly EventDescriptor _event;

    private EventFd(HostProcess process, int fd)
        : base(process, fd) => _event = (EventDescriptor)process.Find(fd)!;

    /// <summary>eventfd: one that nobody has signalled.</summary>
    public static EventFd Create(HostProcess process) => new(process, process.CreateEventFd(blocking: true));

    /// <summary>write: adds one. Any thread.</summary>
    public void Signal() => _event.Signal();

    /// <summary>
    /// read: waits until it has been signalled since the last time, how often ever; returns also when the process ends.
    /// </summary>
    public void Wait()
    {
        Span<byte> count = stackalloc byte[sizeof(ulong)];
        Process.Read(Fd, count, 0);
    }
}
