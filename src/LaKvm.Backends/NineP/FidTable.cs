using System.Diagnostics.CodeAnalysis;
using LaKvm.Linux;

namespace LaKvm.Backends.NineP;

/// <summary>
/// The numbers that a client has given to files; a bounded count of them, since each is an open file here.
/// </summary>
/// <param name="limit">Most numbers.</param>
internal sealed class FidTable(int limit) : IDisposable
{
    private readonly Dictionary<uint, Fid> _fids = [];

    /// <summary>Numbers in use.</summary>
    internal int Count => _fids.Count;

    /// <summary>What a number stands for.</summary>
    internal bool TryGet(uint number, [NotNullWhen(true)] out Fid? fid) => _fids.TryGetValue(number, out fid);

    /// <summary>Whether a number may be given to something: 0, or the error.</summary>
    internal int CheckFree(uint number) =>
        _fids.ContainsKey(number) ? LinuxError.BadDescriptor : _fids.Count < limit ? 0 : LinuxError.SystemFiles;

    /// <summary>Gives a number to a file; what it stood for is closed.</summary>
    internal void Set(uint number, Fid fid)
    {
        Remove(number)?.Dispose();
        _fids[number] = fid;
    }

    /// <summary>Takes a number back; the caller closes what it stood for.</summary>
    internal Fid? Remove(uint number) => _fids.Remove(number, out Fid? fid) ? fid : null;

    /// <summary>Forgets all numbers.</summary>
    internal void Clear()
    {
        foreach (Fid fid in _fids.Values)
        {
            fid.Dispose();
        }

        _fids.Clear();
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();
}
