namespace LaKvm.Cpu;

/// <summary>
/// The software TLBs of a core: one set, or two where stretches are executed twice. Then stores that are recorded take
/// the slow path, which a set of their own makes them take; the other one keeps its fast paths, which are to be
/// checked.
/// </summary>
internal sealed unsafe class SoftTlbs : IDisposable
{
    private SoftTlb _used = new();

    /// <summary>
    /// The set that is not in use: while a stretch is recorded, the one of its second execution.
    /// </summary>
    private SoftTlb? _other;

    /// <summary>Whether the set for recording is in use.</summary>
    public bool IsRecording { get; private set; }

    /// <summary>Makes the second set.</summary>
    public void BeginRecording() => _other = new SoftTlb();

    /// <summary>Chooses the set.</summary>
    public void Use(bool recording)
    {
        if (IsRecording != recording)
        {
            (_used, _other) = (_other!, _used);
            IsRecording = recording;
        }
    }

    /// <summary>First way of a table.</summary>
    public SoftTlbEntry* Table(int table) => _used.Table(table);

    /// <summary>Installs a page; see <see cref="SoftTlbTable.Fill"/>.</summary>
    public void Fill(int table, ulong va, byte* host, bool read, bool write, bool execute, bool local) =>
        _used.Fill(table, va, host, read, write, execute, local);

    /// <summary>Changes the address space of root (0) or guest (1) mode.</summary>
    public void Select(int vm, int asid)
    {
        _used.Select(vm, asid);
        _other?.Select(vm, asid);
    }

    /// <summary>Drops what was cached of translations in root (0) or guest (1) mode.</summary>
    public void FlushMode(int vm)
    {
        _used.FlushMode(vm);
        _other?.FlushMode(vm);
    }

    /// <summary>See <see cref="SoftTlb.FlushRange"/>.</summary>
    public void FlushRange(int vm, int asid, ulong va, ulong length)
    {
        _used.FlushRange(vm, asid, va, length);
        _other?.FlushRange(vm, asid, va, length);
    }

    /// <summary>See <see cref="SoftTlb.ProtectCode"/>.</summary>
    public bool ProtectCode(byte* host) => _used.ProtectCode(host) | (_other?.ProtectCode(host) ?? false);

    /// <summary>Empties them, with what the engine knows about their pages.</summary>
    public void Clear()
    {
        _used.Clear();
        _other?.Clear();
    }

    /// <summary>Zeroes the engine's words.</summary>
    public void ClearEngineWords()
    {
        _used.ClearEngineWords();
        _other?.ClearEngineWords();
    }

    /// <summary>Empties them and returns to address space 0.</summary>
    public void Reset()
    {
        _used.Reset();
        _other?.Reset();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _used.Dispose();
        _other?.Dispose();
    }
}
