using System.Runtime.InteropServices;

namespace LaKvm.Hypervisor;

/// <summary>Telling the guest how long its vCPU waited for a core, in a structure in guest memory.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const ulong StealValid = 1, StealReserved = 0x3e, StealAddressMask = ~0x3fUL;

    /// <summary>Guest-physical address of the structure, with its valid bit.</summary>
    private ulong _stealAddress;
    private ulong _lastSteal;
    private bool _preempted;

    /// <summary>Address and valid bit, as user space and the guest give them.</summary>
    public ulong StealTimeAddress => _stealAddress;

    /// <summary>Whether the guest may be told.</summary>
    public bool HasStealTime => HasFeature(PvFeatures.StealTime);

    private bool HasFeature(PvFeatures feature) => (Vm.PvFeatures & feature) != 0;

    /// <summary>
    /// Sets where the structure is, for user space: EINVAL for reserved bits or an address without memory.
    /// </summary>
    public Errno SetStealTimeAddress(ulong value)
    {
        bool hasMemory = (value & StealValid) == 0 || Vm.HvaOf(value & StealAddressMask, write: true) != 0;
        return hasMemory && AcceptStealTimeAddress(value) ? Errno.None : Errno.Inval;
    }

    /// <summary>The same for the guest, which may name memory that comes later. False for reserved bits.</summary>
    private bool AcceptStealTimeAddress(ulong value)
    {
        if ((value & StealReserved) != 0)
        {
            return false;
        }

        _stealAddress = value;
        if (HasStealAddress)
        {
            _lastSteal = _stealDelay;
            SetRequest(KvmRequest.StealUpdate);
        }

        return true;
    }

    private bool HasStealAddress => (_stealAddress & StealValid) != 0;

    private void RequestStealUpdate()
    {
        if (HasStealAddress)
        {
            SetRequest(KvmRequest.StealUpdate);
        }
    }

    /// <summary>Adds what was waited since the last time. The guest sees an odd version while the values change.</summary>
    private void UpdateStealTime()
    {
        if (!TryReadSteal(out StealTime steal, out ulong hva))
        {
            return;
        }

        _preempted = false;
        steal.Preempted = 0;
        steal.Version |= 1;
        WriteSteal(hva, steal);
        steal.Steal += _stealDelay - _lastSteal;
        _lastSteal = _stealDelay;
        steal.Version++;
        WriteSteal(hva, steal);
        MarkStealDirty();
    }

    /// <summary>The vCPU loses its core although it could run: other vCPUs need not wait for it.</summary>
    private void MarkPreempted()
    {
        // Between two looks at the ring only a few pages may be added to it: this hint can do without.
        if (HasFeature(PvFeatures.Preempt) && DirtyRing is not { IsSoftFull: true } && TryReadSteal(out StealTime steal, out ulong hva))
        {
            _preempted = true;
            steal.Preempted = 1;
            WriteSteal(hva, steal);
            MarkStealDirty();
        }
    }

    private bool TryReadSteal(out StealTime steal, out ulong hva)
    {
        steal = default;
        hva = !HasStealAddress ? 0 : Vm.HvaOf(_stealAddress & StealAddressMask, write: true);
        return hva != 0 && Vm.AddressSpace.CopyFrom(hva, MemoryMarshal.AsBytes(new Span<StealTime>(ref steal)));
    }

    private void WriteSteal(ulong hva, StealTime steal) =>
        Vm.AddressSpace.CopyTo(hva, MemoryMarshal.AsBytes(new ReadOnlySpan<StealTime>(ref steal)));

    private void MarkStealDirty()
    {
        ulong gfn = _stealAddress >> _machine.Pages.PageShift;
        if (Vm.Slots.Find(gfn) is { } slot)
        {
            Vm.MarkPageDirty(slot, gfn, this);
        }
    }
}
