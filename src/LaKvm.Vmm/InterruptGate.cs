using System.Numerics;
using LaKvm.Devices;
using LaKvm.Ioctl;

namespace LaKvm.Vmm;

/// <summary>
/// What the board's devices say to KVM's controllers: changes of pins, and messages. While it is closed KVM sees all
/// pins low, and messages wait. A pin of which only the rise counts has an event (irqfd): signalling it is all there
/// is to do.
/// </summary>
internal sealed class InterruptGate(HostProcess process, Ioctl.Vm vm) : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SortedSet<uint> _waiting = [];
    private readonly Dictionary<int, EventFd> _events = [];
    private ulong _pins;
    private bool _open;

    /// <summary>From now on the hypervisor sees only that a pin rises.</summary>
    internal void UseEvent(int pin)
    {
        EventFd rise = EventFd.Create(process);
        vm.SetIrqFd(rise.Fd, (uint)pin);
        _events.Add(pin, rise);
    }

    /// <summary>Drives a pin; the level that it has is nothing new.</summary>
    internal void Drive(int pin, bool level)
    {
        ulong bit = 1UL << pin;
        lock (_lock)
        {
            if (((_pins & bit) != 0) != level)
            {
                _pins ^= bit;
                if (_open)
                {
                    Tell(pin, level);
                }
            }
        }
    }

    /// <summary>Sends a message.</summary>
    internal void Send(uint vector)
    {
        lock (_lock)
        {
            if (_open)
            {
                vm.SignalMsi(vector);
            }
            else if (vector < Eiointc.Vectors)
            {
                _waiting.Add(vector);
            }
        }
    }

    /// <summary>Opens or closes it.</summary>
    internal void Open(bool open)
    {
        lock (_lock)
        {
            if (open == _open)
            {
                return;
            }

            _open = open;
            for (ulong high = _pins; high != 0; high &= high - 1)
            {
                Tell(BitOperations.TrailingZeroCount(high), open);
            }

            foreach (uint vector in _waiting.Where(_ => open))
            {
                vm.SignalMsi(vector);
            }

            _waiting.Clear();
        }
    }

    /// <summary>Gives the events back.</summary>
    public void Dispose()
    {
        foreach (EventFd rise in _events.Values)
        {
            rise.Dispose();
        }
    }

    private void Tell(int pin, bool level)
    {
        if (!_events.TryGetValue(pin, out EventFd? rise))
        {
            vm.SetIrqLine((uint)pin, level);
        }
        else if (level)
        {
            rise.Signal();
        }
    }
}
