namespace LaKvm.Cpu;

/// <content>What a <see cref="CheckingEngine"/> needs of the core.</content>
public sealed unsafe partial class Core
{
    /// <summary>
    /// The software TLB that is not in use: while a stretch is recorded, the one of its second execution.
    /// </summary>
    private SoftTlb? _otherSoftTlb;

    private Rehearsal? _rehearsal;
    private bool _recordingTlb;

    /// <summary>Prepares the core for executing stretches twice.</summary>
    internal Rehearsal BeginChecking()
    {
        _otherSoftTlb = new SoftTlb();
        SelectAddressSpace(_hostCsr);
        SelectAddressSpace(_guestCsr);
        return _rehearsal = new Rehearsal(this);
    }

    /// <summary>
    /// Stores that are recorded take the slow path, which a software TLB of their own makes them take; the other one
    /// keeps its fast paths, which are to be checked.
    /// </summary>
    internal void SelectSoftTlb(bool recording)
    {
        if (_recordingTlb != recording)
        {
            (_softTlb, _otherSoftTlb) = (_otherSoftTlb!, _softTlb);
            _recordingTlb = recording;
        }

        State->Tlb = _softTlb.Table(CurrentTable);
    }

    internal void CopyBanks(out ReadOnlySpan<ulong> host, out ReadOnlySpan<ulong> guest)
    {
        host = new(_hostCsr.Values, Csr.BankSize);
        guest = new(_guestCsr.Values, Csr.BankSize);
    }

    internal void RestoreBanks(ReadOnlySpan<ulong> host, ReadOnlySpan<ulong> guest)
    {
        host.CopyTo(new(_hostCsr.Values, Csr.BankSize));
        guest.CopyTo(new(_guestCsr.Values, Csr.BankSize));
    }
}
