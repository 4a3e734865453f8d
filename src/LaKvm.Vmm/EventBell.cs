using LaKvm.Devices;
using LaKvm.Ioctl;

namespace LaKvm.Vmm;

/// <summary>
/// A bell that the hypervisor rings (ioeventfd): the guest's write to a queue's notification register costs no exit to
/// user space, and wakes the thread that serves the queue at once.
/// </summary>
internal sealed class EventBell : IVirtioBell
{
    private readonly EventFd _event;

    /// <summary>Makes a bell that 32-bit writes to an address ring.</summary>
    internal EventBell(HostProcess process, Ioctl.Vm vm, ulong address)
    {
        _event = EventFd.Create(process);
        vm.SetIoEventFd(_event.Fd, address, sizeof(uint));
    }

    public bool RungByDriver => true;

    public void Ring() => _event.Signal();

    public void Wait() => _event.Wait();

    public void Dispose() => _event.Dispose();
}
