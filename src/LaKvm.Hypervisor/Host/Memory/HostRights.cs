namespace LaKvm.Hypervisor;

/// <summary>What a program may do with memory (PROT_READ, PROT_WRITE, PROT_EXEC of mmap(2)).</summary>
[Flags]
public enum HostRights
{
    /// <summary>Nothing: the addresses are taken, that is all.</summary>
    None = 0,

    /// <summary>Loads.</summary>
    Read = 1,

    /// <summary>Stores.</summary>
    Write = 2,

    /// <summary>Fetches.</summary>
    Execute = 4,

    /// <summary>Loads and stores.</summary>
    ReadWrite = Read | Write,
}
