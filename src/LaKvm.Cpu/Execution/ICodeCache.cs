namespace LaKvm.Cpu;

/// <summary>
/// What the core tells its engine about code that it may have decoded, called on the core's own thread. What an engine
/// keeps by virtual address it finds through the software TLB, which the core keeps up to date.
/// </summary>
public interface ICodeCache
{
    /// <summary>Instructions of this 4 KiB physical page have changed: forget what was decoded from it.</summary>
    void InvalidatePage(ulong physicalPage);

    /// <summary>
    /// From now on branches are executed by their handlers, which count them, or need not be. What was decoded is
    /// forgotten; no instruction is under way.
    /// </summary>
    void CountBranches(bool counts);
}
