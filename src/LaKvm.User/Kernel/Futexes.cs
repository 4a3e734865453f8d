using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>Where threads wait for a word of memory to change (futex(2)).</summary>
internal sealed class Futexes
{
    private readonly Lock _lock = new();
    private readonly Dictionary<FutexKey, LinkedList<Waiter>> _queues = [];

    /// <summary>
    /// Waits for a wake-up if the word still is what the caller saw: EAGAIN if not, ETIMEDOUT when the time is up.
    /// </summary>
    internal long Wait(UserThread thread, FutexKey key, ulong address, uint expected, uint bits, ulong? deadline)
    {
        var waiter = new Waiter(thread.Waker, bits) { Key = key };
        lock (_lock)
        {
            if (!thread.Memory.TryRead(address, out uint value))
            {
                return Fail.Fault;
            }

            if (value != expected)
            {
                return Fail.Again;
            }

            Queue(waiter);
        }

        long? result = thread.Wait(() => waiter.IsWoken ? 0 : null, deadline);
        lock (_lock)
        {
            if (waiter.IsWoken)
            {
                return 0; // a wake-up must not be lost, whatever came at the same time
            }

            Unqueue(waiter);
        }

        return result ?? Fail.TimedOut;
    }

    /// <summary>
    /// Wakes up to <paramref name="count"/> threads that wait for some of the bits; how many it were.
    /// </summary>
    internal long Wake(FutexKey key, uint count, uint bits)
    {
        lock (_lock)
        {
            return WakeLocked(key, count, bits);
        }
    }

    /// <summary>
    /// Wakes some threads and has others wait for another word. EAGAIN if <paramref name="expected"/> is given and not
    /// what the word is. Returns how many threads it were.
    /// </summary>
    internal long Requeue(
        HostAddressSpace memory, (FutexKey Key, ulong Address) from, uint wake, FutexKey to, uint move, uint? expected)
    {
        lock (_lock)
        {
            if (expected is { } wanted)
            {
                if (!memory.TryRead(from.Address, out uint value))
                {
                    return Fail.Fault;
                }

                if (value != wanted)
                {
                    return Fail.Again;
                }
            }

            long count = WakeLocked(from.Key, wake, uint.MaxValue);
            for (uint moved = 0; moved < move && _queues.TryGetValue(from.Key, out LinkedList<Waiter>? queue); moved++)
            {
                Waiter waiter = queue.First!.Value;
                Unqueue(waiter);
                waiter.Key = to;
                Queue(waiter);
                count++;
            }

            return count;
        }
    }

    /// <summary>
    /// FUTEX_WAKE_OP: changes the second word, and wakes threads at the first, and at the second if its old value
    /// compares as asked.
    /// </summary>
    internal long WakeOperation(
        HostAddressSpace memory, FutexKey first, uint wake, (FutexKey Key, ulong Address) second, uint wakeSecond,
            uint operation)
    {
        lock (_lock)
        {
            if (!memory.TryRead(second.Address, out uint old)
                || !memory.TryWrite(second.Address, Changed(old, operation)))
            {
                return Fail.Fault;
            }

            long count = WakeLocked(first, wake, uint.MaxValue);
            return Compares(old, operation) ? count + WakeLocked(second.Key, wakeSecond, uint.MaxValue) : count;
        }
    }

    private static uint Changed(uint old, uint operation)
    {
        const uint shift = 8;
        uint argument = (operation >> 12) & 0xfff, code = operation >> 28;
        argument = (code & shift) != 0 ? 1u << (int)argument : argument;
        return (code & 7) switch
        {
            0 => argument,
            1 => old + argument,
            2 => old | argument,
            3 => old & ~argument,
            _ => old ^ argument,
        };
    }

    private static bool Compares(uint old, uint operation)
    {
        int value = (int)old, argument = (int)(operation & 0xfff);
        return ((operation >> 24) & 0xf) switch
        {
            0 => value == argument,
            1 => value != argument,
            2 => value < argument,
            3 => value <= argument,
            4 => value > argument,
            _ => value >= argument,
        };
    }

    private long WakeLocked(FutexKey key, uint count, uint bits)
    {
        long woken = 0;
        if (!_queues.TryGetValue(key, out LinkedList<Waiter>? queue))
        {
            return 0;
        }

        for (LinkedListNode<Waiter>? node = queue.First, next; node != null && woken < count; node = next)
        {
            next = node.Next;
            if ((node.Value.Bits & bits) != 0)
            {
                Unqueue(node.Value);
                node.Value.WakeUp();
                woken++;
            }
        }

        return woken;
    }

    private void Queue(Waiter waiter)
    {
        if (!_queues.TryGetValue(waiter.Key, out LinkedList<Waiter>? queue))
        {
            queue = _queues[waiter.Key] = [];
        }

        queue.AddLast(waiter);
    }

    private void Unqueue(Waiter waiter)
    {
        LinkedList<Waiter> queue = _queues[waiter.Key];
        queue.Remove(waiter);
        if (queue.Count == 0)
        {
            _queues.Remove(waiter.Key);
        }
    }

    private sealed class Waiter(Waker waker, uint bits)
    {
        private volatile bool _woken;

        internal FutexKey Key { get; set; }

        internal uint Bits => bits;

        internal bool IsWoken => _woken;

        internal void WakeUp()
        {
            _woken = true;
            waker.Ring();
        }
    }
}

/// <summary>
/// Which word is meant: an address of an address space, or, where processes share the word, its physical address.
/// </summary>
internal readonly record struct FutexKey(HostAddressSpace? Space, ulong Address);
