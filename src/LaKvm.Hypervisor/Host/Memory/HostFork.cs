namespace LaKvm.Hypervisor;

/// <summary>
/// fork: a child gets the same mappings, and shares the pages of private ones until either side writes.
/// </summary>
internal static class HostFork
{
    /// <summary>
    /// Fills a child's empty address space, with the parent's lock held. False if there is no memory for what must be
    /// copied now.
    /// </summary>
    internal static bool Copy(HostMappings parent, HostMappings child)
    {
        foreach (HostMappingArea area in parent.Areas.All)
        {
            if (!area.IsNotInherited && !CopyArea(parent, area, child))
            {
                return false;
            }
        }

        return true;
    }

    private static bool CopyArea(HostMappings parent, HostMappingArea area, HostMappings child)
    {
        if (!area.IsDevice)
        {
            area.EndLinear();
        }

        HostMappingArea copy = area with { Table = child.Table };
        child.Insert(copy);
        bool complete = true;
        if (!area.IsDevice && !area.IsShared) // a shared mapping's pages are found again when they are touched
        {
            parent.Invalidate(area.Start, area.End, () =>
            {
                for (ulong at = area.Start; complete
                    && parent.Table.Next(ref at, area.End); at += parent.Pages.PageSize)
                {
                    complete = parent.Paging.Share(area, at, copy, at);
                }
            });
        }

        return complete;
    }
}
