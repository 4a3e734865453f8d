namespace LaKvm.Hypervisor;

/// <summary>The second half of an exit that user space was asked for.</summary>
internal static class PendingExit
{
    /// <summary>
    /// Takes over what user space has put into the run page since the exit. If it is needed once more before the guest
    /// can go on, the run page then says for what.
    /// </summary>
    internal static ExitOutcome Complete(KvmVcpu vcpu)
    {
        ref PendingAccess pending = ref vcpu.Pending;
        PendingKind kind = pending.Kind;
        pending.Kind = PendingKind.None;
        switch (kind)
        {
            case PendingKind.WideMmio:
                return WideMmioExit.Complete(vcpu);
            case PendingKind.Mmio:
                MmioExit.CompleteLoad(pending, vcpu);
                break;
            case PendingKind.Iocsr:
                GsprExit.CompleteIocsrRead(pending, vcpu);
                break;
            default:
                HypercallExit.Complete(vcpu);
                break;
        }

        return ExitOutcome.ResumeGuest;
    }
}
