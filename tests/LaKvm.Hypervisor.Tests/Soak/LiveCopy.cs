using System.Runtime.InteropServices;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>How a live copy learns of written pages.</summary>
public enum DirtyMode
{
    /// <summary>KVM_GET_DIRTY_LOG protects again.</summary>
    Bitmap,

    /// <summary>KVM_CLEAR_DIRTY_LOG does, piece by piece.</summary>
    Manual,

    /// <summary>The same, with all pages dirty from the start.</summary>
    ManualInitiallySet,

    /// <summary>A ring for each vCPU.</summary>
    Ring,
}

/// <summary>
/// Copies the running guest as a migration does: everything once, then round after round what has been written since,
/// and at the end, with the guest stopped, the rest. Then copy and guest must be equal.
/// </summary>
internal sealed unsafe class LiveCopy
{
    private const uint RingBytes = 0x4000;
    private const uint LogDirty = 1;

    private readonly TortureMachine _machine;
    private readonly DirtyMode _mode;
    private readonly Random _random;
    private readonly byte[][] _copies = new byte[3][];
    private readonly HashSet<ulong>[] _ringPages = [[], [], []];
    private readonly uint[] _ringIndex = new uint[TortureGuest.Vcpus];
    private readonly Lock _ringLock = new();
    private readonly DirtyGfn*[] _rings = new DirtyGfn*[TortureGuest.Vcpus];

    internal LiveCopy(TortureMachine machine, DirtyMode mode)
    {
        _machine = machine;
        _mode = mode;
        _random = new Random(machine.Seed + 1);
        if (mode == DirtyMode.Ring)
        {
            machine.Vm.EnableCapability(KvmCap.DirtyLogRingAcqRel, RingBytes);
            machine.RingFull = HarvestRings;
        }
        else if (mode != DirtyMode.Bitmap)
        {
            machine.Vm.EnableCapability(KvmCap.ManualDirtyLogProtect2, mode == DirtyMode.Manual ? 1UL : 3);
        }
    }

    /// <summary>Copies that were complete and equal.</summary>
    internal int Completed { get; private set; }

    /// <summary>Pages copied again because they had been written.</summary>
    internal long Recopied { get; private set; }

    /// <summary>To be called when the vCPUs exist.</summary>
    internal void MapRings()
    {
        for (int i = 0; _mode == DirtyMode.Ring && i < _rings.Length; i++)
        {
            _rings[i] = (DirtyGfn*)_machine.Process.Map(_machine.Cpus[i].Fd, 64, RingBytes);
        }
    }

    /// <summary>Copies the guest once, from beginning to end.</summary>
    internal void CopyGuest()
    {
        for (uint slot = 0; slot < _copies.Length; slot++)
        {
            _copies[slot] = new byte[_machine.Memory[slot].Size];
            _machine.Vm.SetMemoryRegion(slot, _machine.SlotBase[slot], _machine.Memory[slot], LogDirty);
            if (_mode != DirtyMode.ManualInitiallySet)
            {
                Read(slot, 0, _copies[slot]);
            }
        }

        for (int rounds = _random.Next(1, 6); rounds > 0 && _machine.Failures.IsEmpty; rounds--)
        {
            CopyDirty();
            Thread.Sleep(_random.Next(20));
        }

        _machine.Paused(() =>
        {
            CopyDirty();
            Compare();
        });
        for (uint slot = 0; slot < _copies.Length; slot++)
        {
            _machine.Vm.SetMemoryRegion(slot, _machine.SlotBase[slot], _machine.Memory[slot]);
        }

        Completed++;
    }

    private void CopyDirty()
    {
        if (_mode == DirtyMode.Ring)
        {
            HarvestRings();
        }

        for (uint slot = 0; slot < _copies.Length; slot++)
        {
            foreach (ulong page in _mode == DirtyMode.Ring ? TakeRingPages(slot) : TakeBitmap(slot))
            {
                int offset = checked((int)(page * _machine.Page));
                Read(slot, (ulong)offset, _copies[slot].AsSpan(offset, (int)_machine.Page));
                Recopied++;
            }
        }
    }

    private List<ulong> TakeBitmap(uint slot)
    {
        ulong pages = _machine.Memory[slot].Size / _machine.Page;
        ulong[] bits = _machine.Vm.GetDirtyLog(slot, pages);
        for (ulong at = 0; _mode != DirtyMode.Bitmap && at < pages;)
        {
            ulong count = Math.Min((ulong)_random.Next(1, 5) * 64, pages - at);
            _machine.Vm.ClearDirtyLog(slot, at, (uint)count, bits.AsSpan((int)(at / 64), (int)((count + 63) / 64)));
            at += count;
        }

        var dirty = new List<ulong>();
        for (ulong page = 0; page < pages; page++)
        {
            if ((bits[page / 64] >> (int)(page % 64) & 1) != 0)
            {
                dirty.Add(page);
            }
        }

        return dirty;
    }

    private List<ulong> TakeRingPages(uint slot)
    {
        lock (_ringLock)
        {
            List<ulong> pages = [.. _ringPages[slot]];
            _ringPages[slot].Clear();
            return pages;
        }
    }

    /// <summary>Takes what the rings hold, and has it protected again; copied is it later.</summary>
    private void HarvestRings()
    {
        const uint entries = RingBytes / 16;
        lock (_ringLock)
        {
            for (int i = 0; i < _rings.Length; i++)
            {
                while (true)
                {
                    DirtyGfn* entry = _rings[i] + (_ringIndex[i] & (entries - 1));
                    if (Volatile.Read(ref entry->Flags) != DirtyGfn.Dirty)
                    {
                        break;
                    }

                    if (entry->Slot < _ringPages.Length)
                    {
                        _ringPages[entry->Slot].Add(entry->Offset);
                    }

                    Volatile.Write(ref entry->Flags, DirtyGfn.Reset);
                    _ringIndex[i]++;
                }
            }

            _machine.Vm.ResetDirtyRings();
        }
    }

    private void Compare()
    {
        for (uint slot = 0; slot < _copies.Length; slot++)
        {
            var now = new byte[_copies[slot].Length];
            Read(slot, 0, now);
            int at = now.AsSpan().CommonPrefixLength(_copies[slot]);
            if (at < now.Length)
            {
                at &= ~7;
                throw new InvalidOperationException(
                    $"lost dirty page: slot {slot}, offset {at:x}, copy {Word(_copies[slot], at):x}, guest "
                    + $"{Word(now, at):x}");
            }
        }
    }

    /// <summary>Reading brings pages back from swap, for which there may be no room just now.</summary>
    private void Read(uint slot, ulong offset, Span<byte> target)
    {
        while (!_machine.Memory[slot].Read(offset, target))
        {
            Thread.Sleep(1);
        }
    }

    private static ulong Word(byte[] bytes, int at) => MemoryMarshal.Read<ulong>(bytes.AsSpan(at));
}
