using System.Runtime.InteropServices;
using LaKvm.Linux;

namespace LaKvm.User;

/// <summary>All open signalfds: whoever makes a signal wait tells them.</summary>
internal sealed class SignalFiles
{
    private readonly Lock _lock = new();
    private readonly List<SignalFile> _files = [];

    internal void Add(SignalFile file)
    {
        lock (_lock)
        {
            _files.Add(file);
        }
    }

    internal void Remove(SignalFile file)
    {
        lock (_lock)
        {
            _files.Remove(file);
        }
    }

    /// <summary>Signals wait that did not before: whoever reads one of the files looks again.</summary>
    internal void Changed()
    {
        lock (_lock)
        {
            foreach (SignalFile file in _files)
            {
                file.Refresh();
            }
        }
    }
}

/// <summary>A signalfd: signals of a set, which wait because they are blocked, can be read from it.</summary>
internal sealed class SignalFile : UserFile
{
    private const int RecordSize = 128;
    private const short Readable = 1;

    private readonly UserProcess _process;
    private readonly int _ready;

    /// <summary>Takes an eventfd that does not wait over, which tells whether there is something to read.</summary>
    internal SignalFile(UserProcess process, int ready, ulong set, int flags)
    {
        _process = process;
        _ready = ready;
        Set = set;
        Flags = 2 | (flags & NonBlockingFlag);
        process.Kernel.SignalFiles.Add(this);
        Refresh();
    }

    /// <inheritdoc/>
    public override string Name => "anon_inode:[signalfd]";

    /// <summary>The signals.</summary>
    internal ulong Set { get; set; }

    /// <inheritdoc/>
    internal override int Number => _ready;

    /// <summary>Makes the descriptor ready if a signal waits, else not.</summary>
    internal void Refresh()
    {
        Span<byte> count = stackalloc byte[sizeof(ulong)];
        DescriptorCalls.Read(_ready, count);
        if (((_process.Pending | _process.Threads.Aggregate(0UL, (set, t) => set | t.Signals.Pending)) & Set) != 0)
        {
            DescriptorCalls.Write(_ready, BitConverter.GetBytes(1UL));
        }
    }

    /// <inheritdoc/>
    internal override long Read(UserThread thread, Span<byte> buffer)
    {
        if (buffer.Length < RecordSize)
        {
            return Fail.Inval;
        }

        var records = new List<SignalInfo>();
        int room = buffer.Length / RecordSize;
        long result = Await(thread, Readable, () => Take(thread, records, room));
        for (int i = 0; i < records.Count; i++)
        {
            Span<byte> record = buffer.Slice(i * RecordSize, RecordSize);
            record.Clear();
            MemoryMarshal.Write(record, records[i].Number);
            MemoryMarshal.Write(record[8..], records[i].Code);
            MemoryMarshal.Write(record[12..], (uint)records[i].First);
        }

        return result;
    }

    /// <inheritdoc/>
    protected override void Release()
    {
        _process.Kernel.SignalFiles.Remove(this);
        _ = FileCalls.Close(_ready);
    }

    private long Take(UserThread thread, List<SignalInfo> records, int room)
    {
        while (records.Count < room && (thread.Signals.Take(Set) ?? thread.Process.TakePending(Set)) is { } info)
        {
            records.Add(info);
        }

        Refresh();
        return records.Count == 0 ? Fail.Again : records.Count * RecordSize;
    }
}
