using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using LaKvm.Memory;

namespace LaKvm.Cpu;

/// <summary>
/// Lets a core execute a stretch of instructions twice: first for record, then, from the same state, for comparison.
/// What other threads want of the core waits meanwhile. What cannot be done twice (devices, time, TLB changes, stores
/// to pages with code) spoils the stretch: it counts as executed after the first time.
/// </summary>
internal sealed unsafe class Rehearsal : IDisposable
{
    private readonly Core _core;
    private readonly CpuState* _before = (CpuState*)NativeMemory.AlignedAlloc(CpuState.SizeInBytes, 64);
    private readonly CpuState* _expected = (CpuState*)NativeMemory.AlignedAlloc(CpuState.SizeInBytes, 64);
    private readonly ulong[][] _banksBefore = [new ulong[Csr.BankSize], new ulong[Csr.BankSize]];
    private readonly ulong[][] _banksExpected = [new ulong[Csr.BankSize], new ulong[Csr.BankSize]];
    private readonly List<StoredBytes> _stores = [];
    private readonly List<(int Bit, bool Level)> _lines = [];
    private readonly Lock _gate = new();
    private int _thread;
    private int _attention;
    private bool _isActive;

    /// <summary>Prepares <paramref name="core"/>.</summary>
    public Rehearsal(Core core)
    {
        _core = core;
        core.SoftTlbs.BeginRecording();
        core.Modes.SelectAddressSpace(core.Modes.Root);
        core.Modes.SelectAddressSpace(core.Modes.Guest);
        core.Outside.Rehearse(this);
    }

    /// <summary>Whether the stretch is being executed for the first time: stores are recorded.</summary>
    public bool IsRecording { get; private set; }

    /// <summary>Whether the first execution did what cannot be done again.</summary>
    public bool IsSpoiled { get; private set; }

    /// <summary>The state at the stretch's beginning.</summary>
    public CpuState* Before => _before;

    /// <summary>Begins a stretch; false if the core has to look for attention first.</summary>
    public bool Begin()
    {
        lock (_gate)
        {
            if (Volatile.Read(ref _core.State->Attention) != 0)
            {
                return false;
            }

            _isActive = true;
            _thread = Environment.CurrentManagedThreadId;
        }

        Save(_before, _banksBefore);
        Record();
        return true;
    }

    /// <summary>Goes back to the stretch's beginning, to execute it the second time; false if it is spoiled.</summary>
    public bool Rewind()
    {
        IsRecording = false;
        UseSoftTlbs(recording: false);
        if (IsSpoiled)
        {
            return false;
        }

        Save(_expected, _banksExpected);
        foreach (ref StoredBytes store in CollectionsMarshal.AsSpan(_stores))
        {
            store.Expected = store.Read();
        }

        Restore();
        return true;
    }

    /// <summary>Goes back to the beginning, to execute the first time once more.</summary>
    public void Restart()
    {
        IsRecording = false;
        Restore();
        Record();
    }

    /// <summary>Lets other threads have the core again.</summary>
    public void End()
    {
        IsRecording = false;
        lock (_gate)
        {
            _isActive = false;
            foreach ((int bit, bool level) in _lines)
            {
                _core.SetInterruptLine(bit, level);
            }

            _lines.Clear();
            _ = Interlocked.Or(ref _core.State->Attention, _attention);
            _attention = 0;
        }
    }

    /// <summary>In what the second execution differs from the first, one line each; empty if in nothing.</summary>
    public IReadOnlyList<string> Differences()
    {
        var found = new List<string>();
        StateComparison.Compare(_expected, _core.State, found);
        StateComparison.CompareBank("", _banksExpected[0], BankOf(_core.Modes.Root), found);
        StateComparison.CompareBank("guest ", _banksExpected[1], BankOf(_core.Modes.Guest), found);
        foreach (StoredBytes store in _stores)
        {
            if (store.Read() is var actual && actual != store.Expected)
            {
                found.Add(
                    $"memory {store.Physical(_core.Memory):x}: {Hex(actual, store.Size)}, not "
                    + $"{Hex(store.Expected, store.Size)}");
            }
        }

        return found;
    }

    /// <summary>The stretch cannot be executed again.</summary>
    public void Spoil() => IsSpoiled |= IsRecording;

    /// <summary>Memory is going to be changed.</summary>
    public void Store(byte* pointer, int size)
    {
        if (IsRecording)
        {
            _stores.Add(new StoredBytes((nint)pointer, size));
        }
    }

    /// <summary>Whether a request of another thread is kept for the end of the stretch.</summary>
    public bool Defers(int attention)
    {
        lock (_gate)
        {
            bool defers = _isActive && _thread != Environment.CurrentManagedThreadId;
            _attention |= defers ? attention : 0;
            return defers;
        }
    }

    /// <summary>The same for an interrupt line.</summary>
    public bool Defers(int bit, bool level)
    {
        lock (_gate)
        {
            bool defers = _isActive && _thread != Environment.CurrentManagedThreadId;
            if (defers)
            {
                _lines.Add((bit, level));
            }

            return defers;
        }
    }

    public void Dispose()
    {
        NativeMemory.AlignedFree(_before);
        NativeMemory.AlignedFree(_expected);
    }

    private static string Hex(Vector256<byte> bytes, int size) => Convert.ToHexStringLower(BytesOf(ref bytes)[..size]);

    private static Span<byte> BytesOf(ref Vector256<byte> bytes) =>
        MemoryMarshal.CreateSpan(ref Unsafe.As<Vector256<byte>, byte>(ref bytes), Vector256<byte>.Count);

    /// <summary>The stored CSRs, without what reads and writes of them do.</summary>
    private static Span<ulong> BankOf(Mode mode) => new(mode.Values, Csr.BankSize);

    private void UseSoftTlbs(bool recording)
    {
        _core.SoftTlbs.Use(recording);
        _core.Modes.UseTable();
    }

    private void Record()
    {
        _stores.Clear();
        IsSpoiled = false;
        IsRecording = true;
        UseSoftTlbs(recording: true);
    }

    private void Save(CpuState* state, ulong[][] banks)
    {
        *state = *_core.State;
        BankOf(_core.Modes.Root).CopyTo(banks[0]);
        BankOf(_core.Modes.Guest).CopyTo(banks[1]);
    }

    private void Restore()
    {
        for (int n = _stores.Count - 1; n >= 0; n--)
        {
            _stores[n].Undo();
        }

        *_core.State = *_before;
        _banksBefore[0].CopyTo(BankOf(_core.Modes.Root));
        _banksBefore[1].CopyTo(BankOf(_core.Modes.Guest));
        UseSoftTlbs(recording: false);
    }

    /// <summary>Bytes that were stored to: what was there, and what is there behind the stretch.</summary>
    private struct StoredBytes(nint pointer, int size)
    {
        private readonly Vector256<byte> _old = Read(pointer, size);

        public readonly int Size => size;

        public Vector256<byte> Expected { get; set; }

        public readonly Vector256<byte> Read() => Read(pointer, size);

        public readonly void Undo()
        {
            Vector256<byte> old = _old;
            BytesOf(ref old)[..size].CopyTo(new Span<byte>((void*)pointer, size));
        }

        public readonly ulong Physical(PhysicalMemory memory)
        {
            foreach (RamBlock block in memory.Blocks)
            {
                if ((ulong)(pointer - (nint)block.Pointer) < block.Size)
                {
                    return block.Base + (ulong)(pointer - (nint)block.Pointer);
                }
            }

            return 0;
        }

        private static Vector256<byte> Read(nint pointer, int size)
        {
            Vector256<byte> bytes = default;
            new ReadOnlySpan<byte>((void*)pointer, size).CopyTo(BytesOf(ref bytes));
            return bytes;
        }
    }
}
