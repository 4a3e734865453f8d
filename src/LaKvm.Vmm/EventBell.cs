using LaKvm.Devices;
using LaKvm.Ioctl;

namespace LaKvm.Vmm;

/// <summary>
/// A bell that the hypervisor rings (ioeventfd): the guest's write to a queue's notification register costs no exit to
/// user space, and wakes the thread that serves the queue at once.
/// </summary>
internal sealed class EventBell(HostProcess process, Ioctl.Vm vm) : IDriverBell
{
    private readonly EventFd _event = EventFd.Create(process);
    private readonly HashSet<ulong> _heard = [];

    public bool RungByDriver => true;

    public void Listen(ulong address, int width)
    {
        if (vm.TrySetIoEventFd(_event.Fd, address, (uint)width))
        {
            _heard.Add(address);
        }
    }

    public void Ignore(ulong address, int width)
    {
        if (_heard.Remove(address))
        {
            vm.TrySetIoEventFd(_event.Fd, address, (uint)width, assign: false);
        }
    }

    public void Ring() => _event.Signal();

    public void Wait() => _event.Wait();

    public void Dispose() => _event.Dispose();
}
