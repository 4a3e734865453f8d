using LaKvm.Memory;

namespace LaKvm.Hypervisor;

/// <summary>
/// What user space maps of a vCPU: the run page at page 0, the VM's ring of coalesced MMIO, the vCPU's dirty ring;
/// nothing can be accessed between and behind them.
/// </summary>
public sealed unsafe class VcpuSharedPages : IDisposable
{
    private readonly SharedPageRun _own;
    private readonly SharedPageRun _coalesced;
    private readonly ulong _unit;

    internal VcpuSharedPages(HostMachine machine, SharedPageRun coalesced, uint dirtyRingBytes)
    {
        _unit = machine.Pages.PageSize;
        _own = machine.SharedPages.Allocate(_unit + dirtyRingBytes);
        _coalesced = coalesced;
        Run = (KvmRun*)_own.Pointer;
    }

    /// <summary>The run page.</summary>
    internal KvmRun* Run { get; }

    /// <summary>The dirty ring's memory.</summary>
    internal byte* Ring => _own.Pointer + _unit;

    private ulong RingBytes => _own.Size - _unit;

    /// <summary>
    /// mmap of the vCPU. Null where there is nothing at all. To be undone by <see cref="SharedMemory.Unmap"/>.
    /// </summary>
    /// <param name="page">First page.</param>
    /// <param name="size">Bytes, rounded up to pages.</param>
    public byte* Map(ulong page, ulong size)
    {
        bool exists = page <= KvmLimits.CoalescedMmioPageOffset || IsRingPage(page);
        if (size == 0 || size > int.MaxValue || !exists)
        {
            return null;
        }

        ulong start = page * _unit;
        size = (size + _unit - 1) & ~(_unit - 1);
        byte* view = SharedMemory.Reserve(size);
        try
        {
            Show(_own, 0, _unit, 0);
            Show(_coalesced, 0, _unit, KvmLimits.CoalescedMmioPageOffset * _unit);
            Show(_own, _unit, RingBytes, KvmLimits.DirtyRingPageOffset * _unit);
            return view;
        }
        catch
        {
            SharedMemory.Unmap(view, size);
            throw;
        }

        void Show(SharedPageRun memory, ulong from, ulong length, ulong at)
        {
            ulong first = Math.Max(at, start);
            ulong end = Math.Min(at + length, start + size);
            if (first < end)
            {
                memory.ShowAt(view + (first - start), from + (first - at), end - first);
            }
        }
    }

    /// <summary>
    /// Physical address of a page of what a mapping shows, for a program that runs on the machine; null where there is
    /// nothing.
    /// </summary>
    public ulong? PhysicalPage(ulong page) => page switch
    {
        0 => _own.Physical,
        KvmLimits.CoalescedMmioPageOffset => _coalesced.Physical,
        _ => IsRingPage(page) ? _own.Physical + ((page - KvmLimits.DirtyRingPageOffset + 1) * _unit) : null,
    };

    /// <summary>Whether a page of a mapping is the dirty ring's.</summary>
    public bool IsRingPage(ulong page) =>
        page >= KvmLimits.DirtyRingPageOffset && page - KvmLimits.DirtyRingPageOffset < RingBytes / _unit;

    /// <summary>Frees the vCPU's own pages.</summary>
    public void Dispose() => _own.Dispose();
}
