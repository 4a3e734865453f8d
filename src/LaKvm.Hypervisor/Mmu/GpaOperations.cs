namespace LaKvm.Hypervisor;

/// <summary>Unmaps: the entries lead nowhere.</summary>
internal unsafe struct FlushOperation(VmStatistics statistics, List<ulong>? freedTables) : IGpaOperation
{
    public readonly List<ulong>? FreedTables => freedTables;

    public readonly bool Apply(GpaPageTable table, GpaPte* entry, int level, ulong gpa)
    {
        statistics.CountMapping(level, -1);
        GpaPageTable.Write(entry, table.Invalid(level));
        return true;
    }
}

/// <summary>
/// Write-protects: the next store exits. A mask selects among the 64 small pages from a base on; a huge page is
/// protected if it is met at all.
/// </summary>
internal readonly unsafe struct CleanOperation(ulong baseGfn, ulong mask, int pageShift) : IGpaOperation
{
    public List<ulong>? FreedTables => null;

    public static CleanOperation All => new(0, 0, 0);

    public bool Apply(GpaPageTable table, GpaPte* entry, int level, ulong gpa)
    {
        if (level == 0 && mask != 0 && ((mask >> (int)((gpa >> pageShift) - baseGfn)) & 1) == 0)
        {
            return false;
        }

        GpaPte value = GpaPageTable.Read(entry);
        if ((value & GpaPte.DirtyMask) == 0)
        {
            return false;
        }

        GpaPageTable.Write(entry, value & ~GpaPte.DirtyMask);
        return true;
    }
}

/// <summary>Makes old: the next access exits and makes the page young again.</summary>
internal readonly unsafe struct OldOperation : IGpaOperation
{
    public List<ulong>? FreedTables => null;

    public bool Apply(GpaPageTable table, GpaPte* entry, int level, ulong gpa)
    {
        GpaPte value = GpaPageTable.Read(entry);
        if ((value & GpaPte.Accessed) == 0)
        {
            return false;
        }

        GpaPageTable.Write(entry, value & ~GpaPte.Accessed);
        return true;
    }
}
