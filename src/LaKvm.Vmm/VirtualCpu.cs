using LaKvm.Devices;
using LaKvm.Ioctl;
using LaKvm.Running;

namespace LaKvm.Vmm;

/// <summary>A vCPU in the machine's run loop: KVM_RUN, and what the guest wants of user space.</summary>
internal sealed class VirtualCpu(Vcpu vcpu, int id, MmioBus mmio, IocsrBus iocsr, AddressErrors addressErrors)
    : IMachineCpu
{
    public string Name => $"vCPU {id}";

    public void Interrupt() => vcpu.RequestExit();

    /// <summary>
    /// An access that user space has answered is only complete when KVM_RUN has been called once more, which then
    /// does nothing else.
    /// </summary>
    public CpuStop? Run(CpuTurn turn)
    {
        vcpu.AllowRun();
        vcpu.InstructionsLeft = turn.Instructions;
        CpuStop? stop = null;
        bool isComplete = true;
        while (stop == null && !(turn.MustEnd && isComplete))
        {
            VcpuExit exit = vcpu.Run();
            isComplete = exit.Kind is not (VcpuExitKind.Mmio or VcpuExitKind.Iocsr);
            stop = Serve(exit, turn);
        }

        return stop;
    }

    private CpuStop? Serve(VcpuExit exit, CpuTurn turn)
    {
        switch (exit.Kind)
        {
            case VcpuExitKind.Mmio when !mmio.Answers(exit.Address, exit.Size):
                RaiseAddressError(exit, turn);
                return null;
            case VcpuExitKind.Mmio when exit.IsWrite:
                mmio.Write(exit.Address, exit.Size, exit.Data);
                return null;
            case VcpuExitKind.Mmio:
                vcpu.SetReadData(mmio.Read(exit.Address, exit.Size));
                return null;
            case VcpuExitKind.Iocsr when exit.IsWrite:
                iocsr.Write(id, (uint)exit.Address, exit.Size, exit.Data);
                return null;
            case VcpuExitKind.Iocsr:
                vcpu.SetReadData(iocsr.Read(id, (uint)exit.Address, exit.Size));
                return null;
            case VcpuExitKind.Debug:
                return StopFor(vcpu.DebugStop);
            case VcpuExitKind.Interrupted:
                return null;
            default:
                throw new InvalidOperationException($"KVM_RUN of vCPU {id} returned with {exit.Kind}.");
        }
    }

    private CpuStop StopFor(VcpuDebugStop stop) => stop.Reason switch
    {
        VcpuDebugReason.Breakpoint => new CpuStop(id, CpuStopKind.Breakpoint, stop.Address),
        VcpuDebugReason.Watchpoint => new CpuStop(id, CpuStopKind.Watchpoint, stop.Address),
        _ => new CpuStop(id, CpuStopKind.InstructionCount),
    };

    private void RaiseAddressError(VcpuExit exit, CpuTurn turn)
    {
        addressErrors.Raise(vcpu, exit);
        if (turn.MustEnd)
        {
            vcpu.RequestExit(); // made while the access was completed, and taken back with that
        }
    }
}
