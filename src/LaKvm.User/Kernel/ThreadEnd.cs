namespace LaKvm.User;

/// <summary>What a thread owes others when it ends: its locks, and the word that says that it lives.</summary>
internal static class ThreadEnd
{
    private const int MostLocks = 2048;
    private const uint OwnerMask = 0x3fff_ffff, Waiters = 0x8000_0000, OwnerDied = 0x4000_0000;

    internal static void Tidy(UserThread thread)
    {
        if (thread.RobustList != 0)
        {
            GiveUpLocks(thread);
        }

        if (thread.ClearChildId != 0)
        {
            thread.Memory.TryWrite(thread.ClearChildId, 0u);
            WakeShared(thread, thread.ClearChildId); // whoever joins a thread waits as for a word that is shared
        }
    }

    /// <summary>
    /// Marks the locks that the thread holds as those of an owner that died (robust futexes): a ring of entries, the
    /// distance from an entry to its lock, and an entry that was being changed.
    /// </summary>
    private static void GiveUpLocks(UserThread thread)
    {
        ulong head = thread.RobustList;
        if (!thread.Memory.TryRead(head, out ulong entry) || !thread.Memory.TryRead(head + 8, out ulong distance)
            || !thread.Memory.TryRead(head + 16, out ulong changing))
        {
            return;
        }

        for (int i = 0; i < MostLocks && entry != head; i++)
        {
            if (entry != changing)
            {
                GiveUp(thread, (entry & ~1UL) + distance);
            }

            if (!thread.Memory.TryRead(entry & ~1UL, out entry))
            {
                return;
            }
        }

        if (changing != 0)
        {
            GiveUp(thread, (changing & ~1UL) + distance);
        }
    }

    private static void GiveUp(UserThread thread, ulong address)
    {
        if (thread.Memory.TryRead(address, out uint word) && (word & OwnerMask) == (uint)thread.Id)
        {
            thread.Memory.TryWrite(address, (word & Waiters) | OwnerDied);
            if ((word & Waiters) != 0)
            {
                thread.Process.Kernel.Futexes.Wake(new FutexKey(thread.Memory, address), 1, uint.MaxValue);
                WakeShared(thread, address);
            }
        }
    }

    private static void WakeShared(UserThread thread, ulong address)
    {
        if (ThreadGroup.SharedKey(thread, address) is { } shared)
        {
            thread.Process.Kernel.Futexes.Wake(shared, 1, uint.MaxValue);
        }
    }
}
