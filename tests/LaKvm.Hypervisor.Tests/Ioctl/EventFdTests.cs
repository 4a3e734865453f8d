using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

public sealed class EventFdTests : IDisposable
{
    private readonly GuestBench _bench = new();

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Wait_returns_at_a_signal_from_another_thread_and_takes_all_there_were()
    {
        using EventFd source = EventFd.Create(_bench.Process);
        source.Signal();
        source.Signal();
        source.Wait();
        var waiter = new Thread(source.Wait);
        waiter.Start();
        waiter.Join(50).Should().BeFalse("both signals have been taken");
        source.Signal();
        waiter.Join(TimeSpan.FromSeconds(20)).Should().BeTrue();
    }

    [Fact]
    public void Wait_returns_when_the_process_ends()
    {
        EventFd source = EventFd.Create(_bench.Process);
        var waiter = new Thread(source.Wait);
        waiter.Start();
        waiter.Join(50).Should().BeFalse();
        _bench.Process.Dispose();
        waiter.Join(TimeSpan.FromSeconds(20)).Should().BeTrue();
    }
}
