namespace LaKvm.Cpu;

/// <summary>
/// What the core tells its engine about code that it may have decoded. Called on the core's own thread.
/// </summary>
public interface ICodeCache
{
    /// <summary>Instructions of this 4 KiB physical page have changed: forget what was decoded from it.</summary>
    void InvalidatePage(ulong physicalPage);

    /// <summary>Virtual addresses may now lead elsewhere: forget everything keyed by virtual address.</summary>
    void InvalidateTranslations();
}
