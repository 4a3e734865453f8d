namespace LaKvm.Hypervisor;

/// <summary>An event counter of the host (eventfd) as KVM uses it: to tell user space, or to be told.</summary>
public interface IKvmEvent
{
    /// <summary>
    /// Raised on the thread that signals; who listens takes the count. A listener that comes when something was
    /// signalled that nobody has taken hears of it at once.
    /// </summary>
    event Action Signalled;

    /// <summary>Raised when nobody can signal it any more.</summary>
    event Action Closed;

    /// <summary>Adds one.</summary>
    void Signal();
}
