using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Accesses to guest-physical addresses without memory, and the completion of what user space was asked for.</summary>
public sealed unsafe partial class KvmVcpu
{
    private PendingRead _pendingRead;
    private int _pendingRegister;
    private int _pendingSize;
    private bool _pendingSigned;

    /// <summary>What the next KVM_RUN has to finish.</summary>
    private enum PendingRead : byte
    {
        None,
        Mmio,
        WideMmio,
        Iocsr,
        Hypercall,
    }

    /// <summary>An access that no memory slot answers: in-kernel devices first, then user space.</summary>
    private int EmulateAccess(ulong gpa, bool write)
    {
        if (!write && _registers.Pc == gpa)
        {
            QueueException(Trap.Adef); // the guest jumped to where there is no memory
            return ResumeGuest;
        }

        uint word = _exitBadi;
        MmioInstruction access = MmioInstruction.Decode(word);
        if (access.Size == 0 || access.Store != write)
        {
            Vm.Log.Report(
                $"instruction 0x{word:x8} cannot access the device address 0x{gpa:x}: only plain loads and stores can");
            QueueException(Trap.Adem);
            return ResumeGuest;
        }

        if (access.Register != MmioRegister.General)
        {
            return EmulateWideAccess(gpa, access, word);
        }

        return write ? EmulateStore(gpa, access, Rd(word)) : EmulateLoad(gpa, access, Rd(word));
    }

    private int EmulateStore(ulong gpa, MmioInstruction access, int rd)
    {
        ulong data = Low(_registers.Gpr[rd], access.Size);
        _registers.Pc += 4;
        Trace(TraceEvent.Mmio, gpa, data, (ulong)TraceAccess.Write);
        if (Vm.MmioBus.Write(this, gpa, access.Size, data))
        {
            return ResumeGuest;
        }

        ExitForMmio(gpa, access.Size, data, write: true);
        return ResumeHost;
    }

    private int EmulateLoad(ulong gpa, MmioInstruction access, int rd)
    {
        if (Vm.MmioBus.Read(this, gpa, access.Size, out ulong data))
        {
            FinishLoad(rd, access.Size, access.Signed, data);
            Trace(TraceEvent.Mmio, gpa, data);
            return ResumeGuest;
        }

        Trace(TraceEvent.Mmio, gpa, 0, (ulong)TraceAccess.ReadUnsatisfied);
        ExitForMmio(gpa, access.Size, 0, write: false);
        _pendingRead = PendingRead.Mmio;
        _pendingRegister = rd;
        _pendingSize = access.Size;
        _pendingSigned = access.Signed;
        return ResumeHost;
    }

    private void ExitForMmio(ulong gpa, int size, ulong data, bool write)
    {
        KvmRun* run = RunPage;
        run->ExitReason = KvmExitReason.Mmio;
        run->PhysicalAddress = gpa;
        run->Data = data;
        run->Length = (uint)size;
        run->IsWrite = write ? (byte)1 : (byte)0;
    }

    private void FinishLoad(int rd, int size, bool signed, ulong data)
    {
        WriteGpr(rd, signed ? SignExtend(data, size) : Low(data, size));
        _registers.Pc += 4;
    }

    /// <summary>
    /// Takes over what user space has put into the run page since the last exit. False if it is needed once more before the
    /// guest can go on: the run page then says for what.
    /// </summary>
    private bool CompleteUserspaceExit()
    {
        KvmRun* run = RunPage;
        PendingRead pending = _pendingRead;
        _pendingRead = PendingRead.None;
        switch (pending)
        {
            case PendingRead.WideMmio:
                return CompleteWidePart(run->Data) == ResumeGuest;
            case PendingRead.Mmio:
                FinishLoad(_pendingRegister, _pendingSize, _pendingSigned, run->Data);
                Trace(TraceEvent.Mmio, run->PhysicalAddress, run->Data);
                break;
            case PendingRead.Iocsr:
                WriteGpr(_pendingRegister, SignExtend(run->Data, _pendingSize));
                Trace(TraceEvent.Iocsr, run->PhysicalAddress, run->Data);
                break;
            case PendingRead.Hypercall:
                _registers.Pc += 4;
                WriteGpr(HypercallResult, run->HypercallResult);
                Trace(TraceEvent.Hypercall, UserCode, run->HypercallArguments[0], run->HypercallResult);
                break;
        }

        return true;
    }
}
