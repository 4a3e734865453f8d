using System.Numerics;
using LaKvm.Machine;

namespace LaKvm.Vmm;

/// <summary>
/// What the board's devices say to KVM's controllers: changes of pins, and messages. While it is closed KVM sees all pins
/// low, and messages wait.
/// </summary>
internal sealed class InterruptGate(Ioctl.Vm vm)
{
    private readonly Lock _lock = new();
    private readonly SortedSet<uint> _waiting = [];
    private ulong _pins;
    private bool _open;

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
                    vm.SetIrqLine((uint)pin, level);
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
                vm.SetIrqLine((uint)BitOperations.TrailingZeroCount(high), open);
            }

            foreach (uint vector in _waiting.Where(_ => open))
            {
                vm.SignalMsi(vector);
            }

            _waiting.Clear();
        }
    }
}
