using LaKvm.Cpu;
using LaKvm.Hypervisor;
using LaKvm.Isa;

namespace LaKvm.Debugger.Logging;

/// <summary>
/// Makes KVM's tracepoints of what a bare machine's core shows of a guest (LVZ), whichever hypervisor runs it: leaving
/// guest mode is kvm_exit with what the instruction tells, entering it kvm_reenter. What the hypervisor does meanwhile
/// cannot be seen, nor which guest it is that is entered.
/// </summary>
/// <param name="tracer">Takes the events; a core's number stands for the vCPU's.</param>
public sealed unsafe class CoreExits(KvmTracer tracer) : ICoreObserver
{
    /// <inheritdoc/>
    public void Raising(Core core, Trap code, uint word, bool toRoot)
    {
        if (toRoot && core.State->Vm != 0)
        {
            Send(core, TraceEvent.Exit, (ulong)code & 0x3f, word);
            if (code == Trap.Gspr)
            {
                SendDetail(core, Decoder.Decode(word));
            }
        }
    }

    /// <inheritdoc/>
    public void Interrupted(Core core, int number, ulong pc, bool fromGuest, bool toRoot)
    {
        if (fromGuest && toRoot)
        {
            tracer.Send(new TraceRecord(TraceEvent.Exit, KvmTracer.Now, core.Id, pc, 0, 0, 0));
        }
    }

    /// <inheritdoc/>
    public void Returned(Core core, bool fromRoot)
    {
        if (fromRoot && core.State->Vm != 0)
        {
            Send(core, TraceEvent.Reenter, 0, 0);
        }
    }

    /// <summary>
    /// What a privileged instruction wanted (manual volume 1, 4.2); its result is the hypervisor's affair.
    /// </summary>
    private void SendDetail(Core core, in Instruction i)
    {
        ulong* gpr = core.State->Gpr;
        switch (i.Opcode)
        {
            case Opcode.Cpucfg:
                Send(core, TraceEvent.ExitCpucfg, gpr[i.J], 0);
                break;
            case Opcode.Csrrd or Opcode.Csrwr or Opcode.Csrxchg:
                Send(core, TraceEvent.ExitCsr, (ulong)i.Imm, 0);
                break;
            case Opcode.Idle:
                Send(core, TraceEvent.ExitIdle, 0, 0);
                break;
            case Opcode.Cacop:
                Send(core, TraceEvent.ExitCache, 0, 0);
                break;
            case Opcode.IocsrrdB or Opcode.IocsrrdH or Opcode.IocsrrdW or Opcode.IocsrrdD:
                Send(core, TraceEvent.Iocsr, gpr[i.J], 0, TraceAccess.ReadUnsatisfied);
                break;
            case Opcode.IocsrwrB or Opcode.IocsrwrH or Opcode.IocsrwrW or Opcode.IocsrwrD:
                Send(core, TraceEvent.Iocsr, gpr[i.J], gpr[i.D], TraceAccess.Write);
                break;
            default:
                Send(core, TraceEvent.ExitGspr, i.Word, 0);
                break;
        }
    }

    private void Send(Core core, TraceEvent e, ulong a, ulong b, TraceAccess c = 0) =>
        tracer.Send(new TraceRecord(e, KvmTracer.Now, core.Id, core.State->Pc, a, b, (ulong)c));
}
