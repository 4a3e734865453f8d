using LaKvm.Hypervisor;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>
/// What a thread sleeps on in every call that blocks: an event of its own, together with the descriptor that the call
/// is about. Signals ring it, so that no signal of the computer's is needed to interrupt a call.
/// </summary>
internal sealed class Waker : IHostWork, IDisposable
{
    private const short Readable = 1;

    private readonly EventDescriptor _event = new();

    /// <summary>Forgets that somebody rang: to be called before what is waited for is looked at.</summary>
    internal void Clear() => _event.Clear();

    /// <summary>Ends the sleep, under way or about to begin. Any thread.</summary>
    internal void Ring() => _event.Ring();

    void IHostWork.Signalled() => Ring();

    /// <summary>
    /// Sleeps until somebody rings, one of the descriptors is ready, or the time is up. The last descriptor is free for
    /// this object's own.
    /// </summary>
    internal void Sleep(Span<PollDescriptor> descriptors, long? nanoseconds)
    {
        descriptors[^1] = new PollDescriptor { Fd = _event.Number, Events = Readable };
        DescriptorCalls.Poll(descriptors, nanoseconds);
    }

    /// <summary>Gives the descriptor back.</summary>
    public void Dispose() => _event.Dispose();
}
