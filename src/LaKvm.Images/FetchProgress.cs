namespace LaKvm.Images;

/// <summary>The steps of a fetch, in order.</summary>
public enum FetchPhase
{
    /// <summary>The distribution's signed package lists are brought up to date.</summary>
    PackageLists,

    /// <summary>Packages are downloaded and checked.</summary>
    Packages,

    /// <summary>Kernel, modules and tools are taken out of the packages.</summary>
    Unpack,

    /// <summary>The initramfs is built and put into the cache.</summary>
    Build,
}

/// <summary>How far a fetch is.</summary>
/// <param name="Phase">The step it is in.</param>
/// <param name="Fraction">Part of the step that is done, 0 to 1.</param>
/// <param name="TotalBytes">Bytes of the whole step, or 0 where nobody knows.</param>
public readonly record struct FetchProgress(FetchPhase Phase, double Fraction, long TotalBytes = 0)
{
    /// <summary>Bytes of the step that are done; 0 where nobody knows.</summary>
    public long DoneBytes => (long)(Fraction * TotalBytes);
}
