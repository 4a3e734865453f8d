namespace LaKvm.Cpu;

/// <summary>
/// Sees what a core does, as it does it (<see cref="CoreDebug.Observer"/>): called on the core's thread, and only where
/// the core leaves its fast paths anyway. It may read the core's state but must not change it. Each member does nothing
/// unless an observer says otherwise.
/// </summary>
public interface ICoreObserver
{
    /// <summary>
    /// The instruction at the PC, or its fetch, raises an exception. The state is still that of before the exception's
    /// entry;
    /// <see cref="CpuState.TrapAddress"/> is the address that it is about, where it is about one.
    /// </summary>
    /// <param name="core">The core.</param>
    /// <param name="code">Which exception.</param>
    /// <param name="word">The instruction, or 0 if it was not fetched.</param>
    /// <param name="toRoot">Whether it is root mode's: from a guest that is an exit.</param>
    void Raising(Core core, Trap code, uint word, bool toRoot)
    {
    }

    /// <summary>An interrupt was taken; the PC is at its handler.</summary>
    /// <param name="core">The core.</param>
    /// <param name="number">Bit of ESTAT.IS.</param>
    /// <param name="pc">Where it came: the PC before.</param>
    /// <param name="fromGuest">Whether guest mode was running.</param>
    /// <param name="toRoot">Whether it is root mode's: from a guest that is an exit.</param>
    void Interrupted(Core core, int number, ulong pc, bool fromGuest, bool toRoot)
    {
    }

    /// <summary>An ertn was executed; the PC is where it leads.</summary>
    /// <param name="core">The core.</param>
    /// <param name="fromRoot">Whether root mode executed it: if guest mode runs now, it was entered.</param>
    void Returned(Core core, bool fromRoot)
    {
    }

    /// <summary>A register of a device was read or written: MMIO by its physical address, or IOCSR.</summary>
    void DeviceAccessed(Core core, in DeviceAccess access)
    {
    }

    /// <summary>Whether <see cref="Translated"/> is to be called: what it gets takes time to make.</summary>
    bool SeesTranslations => false;

    /// <summary>Code was translated to the host's (docs/translator.md).</summary>
    /// <param name="core">The core.</param>
    /// <param name="pc">Where it begins.</param>
    /// <param name="stage">What was done last.</param>
    /// <param name="text">What has become of the code by that.</param>
    void Translated(Core core, ulong pc, string stage, string text)
    {
    }

    /// <summary>An entry of a TLB was written.</summary>
    void TlbWritten(Core core, TlbKind kind, in TlbView entry)
    {
    }

    /// <summary>invtlb was executed (manual volume 1, 4.2.4.7), or something that does the same.</summary>
    /// <param name="core">The core.</param>
    /// <param name="operation">Its kind.</param>
    /// <param name="tags">ASID in bits 9:0, in root mode GID in bits 23:16.</param>
    /// <param name="address">Virtual or, for the second stage, guest-physical address.</param>
    void TlbInvalidated(Core core, int operation, ulong tags, ulong address)
    {
    }
}

/// <summary>An access of a core to a device.</summary>
/// <param name="Address">Physical address, or that of an IOCSR register.</param>
/// <param name="Size">Bytes: 1, 2, 4 or 8.</param>
/// <param name="Value">What was read or written, zero-extended.</param>
/// <param name="IsWrite">Whether it was written.</param>
/// <param name="IsIocsr">Whether it was iocsrrd or iocsrwr.</param>
public readonly record struct DeviceAccess(ulong Address, int Size, ulong Value, bool IsWrite, bool IsIocsr);

/// <summary>Several observers of one core, in their order.</summary>
internal sealed class CoreObservers(ICoreObserver first, ICoreObserver second) : ICoreObserver
{
    /// <summary>The two without one; itself if that is none of them.</summary>
    public ICoreObserver Without(ICoreObserver observer) =>
        first == observer ? second : second == observer ? first
        : new CoreObservers(Remove(first, observer), Remove(second, observer));

    public bool SeesTranslations => first.SeesTranslations || second.SeesTranslations;

    public void Translated(Core core, ulong pc, string stage, string text)
    {
        first.Translated(core, pc, stage, text);
        second.Translated(core, pc, stage, text);
    }

    public void Raising(Core core, Trap code, uint word, bool toRoot)
    {
        first.Raising(core, code, word, toRoot);
        second.Raising(core, code, word, toRoot);
    }

    public void Interrupted(Core core, int number, ulong pc, bool fromGuest, bool toRoot)
    {
        first.Interrupted(core, number, pc, fromGuest, toRoot);
        second.Interrupted(core, number, pc, fromGuest, toRoot);
    }

    public void Returned(Core core, bool fromRoot)
    {
        first.Returned(core, fromRoot);
        second.Returned(core, fromRoot);
    }

    public void DeviceAccessed(Core core, in DeviceAccess access)
    {
        first.DeviceAccessed(core, access);
        second.DeviceAccessed(core, access);
    }

    public void TlbWritten(Core core, TlbKind kind, in TlbView entry)
    {
        first.TlbWritten(core, kind, entry);
        second.TlbWritten(core, kind, entry);
    }

    public void TlbInvalidated(Core core, int operation, ulong tags, ulong address)
    {
        first.TlbInvalidated(core, operation, tags, address);
        second.TlbInvalidated(core, operation, tags, address);
    }

    private static ICoreObserver Remove(ICoreObserver from, ICoreObserver observer) =>
        from is CoreObservers several ? several.Without(observer) : from;
}
