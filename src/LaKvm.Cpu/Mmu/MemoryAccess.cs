using System.Runtime.CompilerServices;

namespace LaKvm.Cpu;

/// <summary>
/// Loads and stores by virtual address for instruction handlers: one compare of the last byte's page against the
/// software TLB, everything unusual in the slow path of <see cref="Core"/>. Values are 1, 2, 4, 8, 16 or 32 bytes.
/// </summary>
public static unsafe class MemoryAccess
{
    /// <summary>Loads a value; on a trap <paramref name="value"/> is default and nothing has changed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Trap Load<T>(Core core, CpuState* s, ulong va, out T value)
        where T : unmanaged
    {
        SoftTlbEntry* entry = CpuState.TlbEntry(s, va);
        if (((va + (ulong)(sizeof(T) - 1)) & ~0xFFFUL) == entry->ReadTag)
        {
            value = *(T*)(va + (ulong)entry->Addend);
            return Trap.None;
        }

        Unsafe.SkipInit(out value);
        return core.LoadSlow(va, sizeof(T), Unsafe.AsPointer(ref value));
    }

    /// <summary>Stores a value; on a trap memory has not changed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Trap Store<T>(Core core, CpuState* s, ulong va, T value)
        where T : unmanaged
    {
        SoftTlbEntry* entry = CpuState.TlbEntry(s, va);
        if (((va + (ulong)(sizeof(T) - 1)) & ~0xFFFUL) == entry->WriteTag)
        {
            *(T*)(va + (ulong)entry->Addend) = value;
            return Trap.None;
        }

        return core.StoreSlow(va, sizeof(T), &value);
    }

    /// <summary>
    /// Host address at which an atomic instruction may read and write <paramref name="size"/> aligned bytes, for host
    /// atomics; null with no trap where the address is not RAM. The caller reports a store with
    /// <see cref="Core.AtomicStored"/>.
    /// </summary>
    public static Trap AtomicPointer(Core core, CpuState* s, ulong va, int size, out byte* pointer)
    {
        SoftTlbEntry* entry = CpuState.TlbEntry(s, va);
        if ((va & (~0xFFFUL | (ulong)(size - 1))) == entry->WriteTag)
        {
            pointer = (byte*)(va + (ulong)entry->Addend);
            return Trap.None;
        }

        return core.AtomicPointerSlow(va, size, out pointer);
    }
}
