namespace LaKvm.Hypervisor;

/// <summary>Which pages the guest has written: a bitmap for each slot, or a ring for each vCPU.</summary>
public sealed class DirtyLog
{
    private const ulong ManualProtect = 1, InitiallySet = 2;

    private readonly KvmVm _vm;
    private readonly HostPages _pages;
    private ulong _manualProtect;

    internal DirtyLog(KvmVm vm)
    {
        _vm = vm;
        _pages = vm.Machine.Pages;
    }

    /// <summary>Bytes of each vCPU's dirty ring; 0 while rings are not in use.</summary>
    public uint RingBytes { get; private set; }

    /// <summary>Whether all pages count as dirty when logging starts, so that the first clear protects them.</summary>
    internal bool IsInitiallySet => (_manualProtect & InitiallySet) != 0;

    /// <summary>
    /// Chooses who protects pages again: bit 0 leaves that to <see cref="Clear"/>, bit 1 also makes all pages
    /// dirty from the start (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2). EINVAL for other bits or bit 1 alone.
    /// </summary>
    public Errno SetManualProtect(ulong mode)
    {
        if ((mode & ~(ManualProtect | InitiallySet)) != 0 || mode == InitiallySet)
        {
            return Errno.Inval;
        }

        _manualProtect = mode;
        return Errno.None;
    }

    /// <summary>
    /// Uses rings instead of bitmaps, for all vCPUs to come. Size is a power of two, at least a page and at most 1 MiB
    /// (E2BIG); only once and before the first vCPU.
    /// </summary>
    public Errno EnableRing(ulong bytes)
    {
        ulong least = Math.Max(_pages.PageSize, DirtyRing.ReservedBytes);
        if ((bytes & (bytes - 1)) != 0 || bytes < least)
        {
            return Errno.Inval;
        }

        if (bytes > KvmLimits.DirtyRingMaxBytes)
        {
            return Errno.TooBig;
        }

        return _vm.BeforeVcpus(() =>
        {
            if (RingBytes != 0)
            {
                return Errno.Inval;
            }

            RingBytes = (uint)bytes;
            return Errno.None;
        });
    }

    /// <summary>
    /// Copies a slot's bitmap (KVM_GET_DIRTY_LOG). Without manual protection the pages are clean and protected
    /// afterwards.
    /// </summary>
    /// <param name="slotId">Slot.</param>
    /// <param name="bitmap">Receives the bits, a word for each 64 pages begun.</param>
    public Errno Get(uint slotId, Span<ulong> bitmap)
    {
        lock (_vm.Memory.Lock)
        {
            Errno error = FindLoggedSlot(slotId, out MemorySlot? slot);
            if (error != Errno.None)
            {
                return error;
            }

            ulong[] log = slot!.DirtyBitmap!;
            if (bitmap.Length < log.Length)
            {
                return Errno.Fault;
            }

            if ((_manualProtect & ManualProtect) != 0)
            {
                log.CopyTo(bitmap);
                return Errno.None;
            }

            bool flush = false;
            lock (_vm.Mmu.Lock)
            {
                for (int i = 0; i < log.Length; i++)
                {
                    bitmap[i] = log[i] == 0 ? 0 : Interlocked.Exchange(ref log[i], 0);
                    flush |= bitmap[i] != 0;
                    WriteProtectMasked(slot, (ulong)i * 64, bitmap[i]);
                }
            }

            FlushIf(flush);
            return Errno.None;
        }
    }

    /// <summary>Number of bitmap words of a slot, or 0 if it is not logged.</summary>
    public int BitmapWords(uint slotId)
    {
        lock (_vm.Memory.Lock)
        {
            return FindLoggedSlot(slotId, out MemorySlot? slot) == Errno.None ? slot!.BitmapWords : 0;
        }
    }

    /// <summary>
    /// Makes the pages of the bits clean and protects them (KVM_CLEAR_DIRTY_LOG). Useful under manual protection, but
    /// allowed always.
    /// </summary>
    /// <param name="slotId">Slot.</param>
    /// <param name="firstPage">First page, a multiple of 64.</param>
    /// <param name="pages">Number of pages: a multiple of 64, or up to the slot's end.</param>
    /// <param name="bitmap">Bits to clear.</param>
    public Errno Clear(uint slotId, ulong firstPage, ulong pages, ReadOnlySpan<ulong> bitmap)
    {
        lock (_vm.Memory.Lock)
        {
            Errno error = CheckClear(slotId, firstPage, pages, out MemorySlot? slot);
            if (error != Errno.None)
            {
                return error;
            }

            if ((ulong)bitmap.Length * 64 < pages)
            {
                return Errno.Fault;
            }

            bool flush = false;
            lock (_vm.Mmu.Lock)
            {
                for (ulong i = 0; i < (pages + 63) / 64; i++)
                {
                    ulong cleared = ClearBits(ref slot!.DirtyBitmap![(firstPage / 64) + i], bitmap[(int)i]);
                    flush |= cleared != 0;
                    WriteProtectMasked(slot, firstPage + (i * 64), cleared);
                }
            }

            FlushIf(flush);
            return Errno.None;
        }
    }

    /// <summary>What <see cref="Clear"/> would say to a range.</summary>
    public Errno CheckClear(uint slotId, ulong firstPage, ulong pages)
    {
        lock (_vm.Memory.Lock)
        {
            return CheckClear(slotId, firstPage, pages, out _);
        }
    }

    private Errno CheckClear(uint slotId, ulong firstPage, ulong pages, out MemorySlot? slot)
    {
        Errno error = FindLoggedSlot(slotId, out slot);
        if (error is Errno.NxIo or Errno.Inval)
        {
            return error;
        }

        if ((firstPage & 63) != 0)
        {
            return Errno.Inval;
        }

        if (error != Errno.None)
        {
            return error;
        }

        bool outside = firstPage > slot!.Pages || pages > slot.Pages - firstPage
            || (firstPage + pages < slot.Pages && (pages & 63) != 0);
        return outside ? Errno.Inval : Errno.None;
    }

    /// <summary>Takes the harvested entries out of all rings and protects their pages. Returns their number.</summary>
    public Errno ResetRings(out int count)
    {
        count = 0;
        if (RingBytes == 0)
        {
            return Errno.Inval;
        }

        lock (_vm.Memory.Lock)
        {
            foreach (KvmVcpu vcpu in _vm.Vcpus)
            {
                count += vcpu.DirtyRing!.Reset(ProtectHarvested);
            }
        }

        FlushIf(count > 0);
        return Errno.None;
    }

    /// <summary>Notes that a page has been written, if its slot is logged.</summary>
    /// <param name="slot">Slot that holds the page.</param>
    /// <param name="gfn">Page.</param>
    /// <param name="vcpu">vCPU whose ring takes the page.</param>
    internal static void Mark(MemorySlot slot, ulong gfn, KvmVcpu vcpu)
    {
        if (!slot.IsDirtyTracked)
        {
            return;
        }

        ulong offset = gfn - slot.BaseGfn;
        if (vcpu.DirtyRing is { } ring)
        {
            ring.Push((uint)slot.Id, offset);
            if (ring.IsSoftFull)
            {
                vcpu.MakeRequest(KvmRequest.DirtyRingSoftFull, wake: false);
            }
        }
        else if (slot.DirtyBitmap != null)
        {
            Interlocked.Or(ref slot.DirtyBitmap[offset / 64], 1UL << (int)(offset & 63));
        }
    }

    internal ulong[]? NewBitmap(MemorySlot slot)
    {
        if ((slot.Flags & MemorySlotFlags.LogDirtyPages) == 0 || RingBytes != 0)
        {
            return null;
        }

        var bitmap = new ulong[slot.BitmapWords];
        if (IsInitiallySet)
        {
            Array.Fill(bitmap, ulong.MaxValue);
            bitmap[^1] = ulong.MaxValue >> (int)((64 - (slot.Pages & 63)) & 63);
        }

        return bitmap;
    }

    private Errno FindLoggedSlot(uint slotId, out MemorySlot? slot)
    {
        slot = null;
        if (RingBytes != 0)
        {
            return Errno.NxIo;
        }

        if (slotId >= KvmLimits.MemorySlots)
        {
            return Errno.Inval;
        }

        slot = _vm.Memory.ById(slotId);
        return slot?.DirtyBitmap != null ? Errno.None : Errno.NoEnt;
    }

    private static ulong ClearBits(ref ulong word, ulong bits) =>
        bits == 0 ? 0 : Interlocked.And(ref word, ~bits) & bits;

    private void ProtectHarvested(uint slotId, ulong offset, ulong mask)
    {
        if (_vm.Memory.ById(slotId) is { } slot && offset < slot.Pages)
        {
            lock (_vm.Mmu.Lock)
            {
                WriteProtectMasked(slot, offset, mask);
            }
        }
    }

    /// <summary>Under the MMU lock: protects those of the 64 pages from an offset on whose bit is set.</summary>
    private void WriteProtectMasked(MemorySlot slot, ulong offset, ulong mask)
    {
        if (mask == 0)
        {
            return;
        }

        ulong first = slot.BaseGfn + offset;
        var clean = new CleanOperation(first, mask, _pages.PageShift);
        _vm.Mmu.Walk(first, Math.Min(first + 64, slot.EndGfn), ref clean);
    }

    /// <summary>Protects all pages of a slot.</summary>
    internal void WriteProtect(MemorySlot slot)
    {
        CleanOperation clean = CleanOperation.All;
        lock (_vm.Mmu.Lock)
        {
            _vm.Mmu.Walk(slot.BaseGfn, slot.EndGfn, ref clean);
        }
    }

    private void FlushIf(bool changed)
    {
        if (changed)
        {
            _vm.FlushRemoteTlbs();
        }
    }
}
