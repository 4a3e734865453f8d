using LaKvm.Hypervisor;

namespace LaKvm.User;

/// <summary>
/// A file in memory, privately: each page is read when it is touched, and is the mapping's own. Mappings that share a
/// file for reading are made so too; they do not see what is written to the file later.
/// </summary>
internal sealed unsafe class FilePages(HostFile file, HostPages? known) : HostMemoryObject
{
    private HostPages? _pages = known;

    /// <inheritdoc/>
    public override bool GivesCopies => true;

    /// <inheritdoc/>
    public override Errno GetPage(ulong offset, out ulong page)
    {
        page = _pages!.Allocate();
        if (page == 0)
        {
            return Errno.NoMem;
        }

        var target = new Span<byte>(_pages.Pointer(page), (int)_pages.PageSize);
        long done = 0, count;
        while ((count = file.ReadAt(target[(int)done..], (long)offset + done)) > 0 && done < target.Length)
        {
            done += count;
        }

        _pages.Memory.Written(page, _pages.PageSize);
        if (done == 0)
        {
            _pages.Put(page);
            page = 0;
            return Errno.Fault;
        }

        return Errno.None;
    }

    /// <inheritdoc/>
    public override void Attach(HostAddressSpace space)
    {
        _pages ??= space.Pages;
        file.TryHold();
    }

    /// <inheritdoc/>
    public override void Detach(HostAddressSpace space) => file.Drop();
}
