using System.Runtime.CompilerServices;
using LaKvm.Isa;
using static LaKvm.Translator.RegisterMap;

namespace LaKvm.Translator;

/// <summary>
/// Which vector registers of the guest are in host registers, inside a block: loaded when first read, written back at
/// the block's end and where something else looks at the state. A result gets a register of its own, so that what a
/// slow path has to see is still there.
/// </summary>
/// <remarks>
/// xmm0 to xmm3 are scratch. A host register holds the low 8, 16 or 32 bytes of the guest's; what is above them is in
/// the state. An LSX result that clears what is above it is held whole, so that one store writes it; where the upper
/// half is known to be 0, an LSX result that keeps it is, too.
/// </remarks>
internal sealed class VectorCache(Emitter emitter)
{
    /// <summary>The first host register that holds a guest's, and how many there are.</summary>
    public const int First = 4, Count = 12;

    private const int None = -1, LsxBytes = 16, LasxBytes = 32;

    private readonly Slot[] _slots = new Slot[Count];
    private readonly sbyte[] _slotOf = new sbyte[32];
    private int _clock;

    /// <summary>What is in the host registers now.</summary>
    public Snapshot Now
    {
        get
        {
            Snapshot now = default;
            for (int n = 0; n < Count; n++)
            {
                now[n] = _slots[n].IsUsed ? _slots[n].Held : default;
            }

            return now;
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_slots);
        Array.Fill(_slotOf, (sbyte)None);
    }

    /// <summary>The registers of the instruction before are no longer needed for it.</summary>
    public void NextInstruction()
    {
        for (int n = 0; n < Count; n++)
        {
            _slots[n].IsPinned = false;
        }
    }

    /// <summary>A host register with the low <paramref name="bytes"/> bytes of a guest's.</summary>
    public int Read(int guest, int bytes)
    {
        int n = _slotOf[guest];
        if (n == None || _slots[n].Held.Bytes < bytes)
        {
            bool isBoxed = n != None && _slots[n].IsBoxed;
            Drop(guest, keepBytes: 0);
            n = Allocate();
            emitter.LoadVector(bytes, First + n, Fpr(guest));
            Assign(n, guest, bytes, isDirty: false, isBoxed);
        }

        _slots[n].IsPinned = true;
        _slots[n].Stamp = ++_clock;
        return First + n;
    }

    /// <summary>Whether a guest register's value is in a host register.</summary>
    public bool Holds(int guest) => _slotOf[guest] != None;

    /// <summary>Whether it is known that bits 63:32 are all ones, as single-precision results have them.</summary>
    public bool IsBoxed(int guest) => _slotOf[guest] != None && _slots[_slotOf[guest]].IsBoxed;

    /// <summary>
    /// Nothing else comes into these host registers before the next call, even when the guest's are elsewhere by then.
    /// </summary>
    public void Keep(ReadOnlySpan<int> hosts)
    {
        for (int n = 0; n < Count; n++)
        {
            _slots[n].IsKept = hosts.Contains(First + n);
        }
    }

    /// <summary>A host register for a result.</summary>
    public int Fresh()
    {
        int n = Allocate();
        _slots[n] = new Slot { IsPinned = true };
        return First + n;
    }

    /// <summary>Makes a register of <see cref="Fresh"/> the low <paramref name="bytes"/> bytes of a guest's.</summary>
    public void Commit(int guest, int host, int bytes, bool isBoxed = false)
    {
        int before = _slotOf[guest];
        if (bytes == LsxBytes && before != None && _slots[before].HasZeroUpper)
        {
            CommitWhole(guest, host);
            return;
        }

        Drop(guest, bytes);
        Assign(host - First, guest, bytes, isDirty: true, isBoxed);
    }

    /// <summary>
    /// Makes a register of <see cref="Fresh"/> the result of an instruction; what computed its low
    /// <paramref name="bytes"/> bytes has cleared the host register above them, as all VEX encodings do.
    /// </summary>
    public void CommitResult(in Instruction i, int host, int bytes, bool isBoxed = false)
    {
        if (i.Opcode.Info().ClearsUpper)
        {
            CommitWhole(i.D, host);
        }
        else
        {
            Commit(i.D, host, bytes, isBoxed);
        }
    }

    /// <summary>Makes a register of <see cref="Fresh"/>, whose upper half is 0, the whole of a guest's.</summary>
    public void CommitWhole(int guest, int host)
    {
        Drop(guest, LasxBytes);
        Assign(host - First, guest, LasxBytes, isDirty: true, isBoxed: false);
        _slots[host - First].HasZeroUpper = true;
    }

    /// <summary>Writes to the state what only host registers hold.</summary>
    public void WriteBack()
    {
        for (int n = 0; n < Count; n++)
        {
            Spill(n);
        }
    }

    /// <summary>
    /// Emits the stores that make the state complete where <paramref name="held"/> is in the host registers.
    /// </summary>
    public void EmitSpill(in Snapshot held)
    {
        for (int n = 0; n < Count; n++)
        {
            if (held[n].IsDirty)
            {
                emitter.StoreVector(held[n].Bytes, Fpr(held[n].Guest), First + n);
            }
        }
    }

    /// <summary>Emits the loads that bring <paramref name="held"/> into the host registers.</summary>
    public void EmitReload(in Snapshot held)
    {
        for (int n = 0; n < Count; n++)
        {
            if (held[n].Bytes != 0)
            {
                emitter.LoadVector(held[n].Bytes, First + n, Fpr(held[n].Guest));
            }
        }
    }

    private void Assign(int n, int guest, int bytes, bool isDirty, bool isBoxed)
    {
        _slots[n] = new Slot
        {
            IsUsed = true, IsPinned = true, IsBoxed = isBoxed, Stamp = ++_clock,
                Held = new((byte)guest, (byte)bytes, isDirty),
        };
        _slotOf[guest] = (sbyte)n;
    }

    /// <summary>
    /// Forgets a guest register; its value is kept in the state unless <paramref name="keepBytes"/> replace it.
    /// </summary>
    private void Drop(int guest, int keepBytes)
    {
        int n = _slotOf[guest];
        if (n == None)
        {
            return;
        }

        if (_slots[n].Held.Bytes > keepBytes)
        {
            Spill(n);
        }

        _slots[n].IsUsed = false;
        _slotOf[guest] = None;
    }

    private void Spill(int n)
    {
        ref Slot slot = ref _slots[n];
        if (slot.IsUsed && slot.Held.IsDirty)
        {
            emitter.StoreVector(slot.Held.Bytes, Fpr(slot.Held.Guest), First + n);
            slot.Held = slot.Held with { IsDirty = false };
        }
    }

    /// <summary>A register that is free, or the one that was not used for the longest time.</summary>
    private int Allocate()
    {
        int best = None;
        for (int n = 0; n < Count; n++)
        {
            if (_slots[n].IsPinned || _slots[n].IsKept)
            {
                continue;
            }

            if (!_slots[n].IsUsed)
            {
                return n;
            }

            best = best == None || _slots[n].Stamp < _slots[best].Stamp ? n : best;
        }

        Drop(_slots[best].Held.Guest, keepBytes: 0);
        return best;
    }

    /// <summary>What a host register holds; nothing if <see cref="Bytes"/> is 0.</summary>
    internal readonly record struct Held(byte Guest, byte Bytes, bool IsDirty);

    /// <summary>What each of the host registers holds.</summary>
    [InlineArray(Count)]
    internal struct Snapshot
    {
        private Held _first;
    }

    private struct Slot
    {
        public Held Held;
        public int Stamp;
        public bool IsUsed, IsPinned, IsBoxed, IsKept, HasZeroUpper;
    }
}
