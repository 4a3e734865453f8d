using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Hypervisor;

/// <summary>
/// Device accesses of floating-point and vector instructions, which Linux's KVM refuses. What is wider than 8 bytes
/// goes to the device in parts, low address first, each on its own to user space where nobody in the hypervisor answers
/// it.
/// </summary>
internal static unsafe class WideMmioExit
{
    private const int PartBytes = 8, VectorWords = 4;

    /// <summary>Begins an access.</summary>
    internal static ExitOutcome Handle(in ExitInfo exit, KvmVcpu vcpu, MmioInstruction access)
    {
        vcpu.Pending = new() { Word = exit.Badi, Access = access, Gpa = exit.Badv };
        if (access.Store)
        {
            Gather(vcpu, ref vcpu.Pending);
            vcpu.Registers.Pc += 4;
        }

        return Continue(vcpu, ref vcpu.Pending);
    }

    /// <summary>User space has answered a part.</summary>
    internal static ExitOutcome Complete(KvmVcpu vcpu)
    {
        ref PendingAccess pending = ref vcpu.Pending;
        if (!pending.Access.Store)
        {
            ulong data = vcpu.RunPage->Data;
            pending.Data[pending.Done / PartBytes] = data;
            vcpu.Tracer.Trace(TraceEvent.Mmio, pending.Gpa + (ulong)pending.Done, data);
        }

        pending.Done += PartBytes;
        return Continue(vcpu, ref pending);
    }

    /// <summary>Transfers the parts that remain, up to the first one that user space has to answer.</summary>
    private static ExitOutcome Continue(KvmVcpu vcpu, ref PendingAccess pending)
    {
        MmioInstruction access = pending.Access;
        for (; pending.Done < access.Size; pending.Done += PartBytes)
        {
            if (!Transfer(vcpu, ref pending))
            {
                pending.Kind = PendingKind.WideMmio;
                return ExitOutcome.ResumeHost;
            }
        }

        pending.Kind = PendingKind.None;
        if (!access.Store)
        {
            Scatter(vcpu, pending);
            vcpu.Registers.Pc += 4;
        }

        return ExitOutcome.ResumeGuest;
    }

    /// <summary>Transfers a part; false if user space is asked for it.</summary>
    private static bool Transfer(KvmVcpu vcpu, ref PendingAccess pending)
    {
        bool store = pending.Access.Store;
        ulong gpa = pending.Gpa + (ulong)pending.Done;
        int size = Math.Min(PartBytes, pending.Access.Size - pending.Done);
        ref ulong part = ref pending.Data[pending.Done / PartBytes];
        bool answered = store
            ? vcpu.Vm.Buses.Mmio.Write(vcpu, gpa, size, part)
            : vcpu.Vm.Buses.Mmio.Read(vcpu, gpa, size, out part);
        TraceAccess kind = store ? TraceAccess.Write : answered ? TraceAccess.Read : TraceAccess.ReadUnsatisfied;
        vcpu.Tracer.Trace(TraceEvent.Mmio, gpa, part, (ulong)kind);
        if (!answered)
        {
            MmioExit.Ask(vcpu, gpa, size, store ? part : 0, store);
        }

        return answered;
    }

    private static ulong* Register(KvmVcpu vcpu, in PendingAccess pending)
    {
        Residency residency = vcpu.Residency;
        if (!residency.IsLoaded)
        {
            residency.Synchronize();
            return residency.Fpu.Register(null, pending.Register);
        }

        return residency.Fpu.Register(residency.Core, pending.Register);
    }

    private static void Gather(KvmVcpu vcpu, ref PendingAccess pending)
    {
        ulong* register = Register(vcpu, pending);
        int size = pending.Access.Size;
        if (pending.Access.Register == MmioRegister.OneElement)
        {
            byte* element = (byte*)register + (Decoder.Decode(pending.Word).A * size);
            pending.Data[0] = ReadBytes(element, size);
            return;
        }

        for (int i = 0; i * PartBytes < size; i++)
        {
            pending.Data[i] = RegisterData.Low(register[i], Math.Min(PartBytes, size));
        }
    }

    private static void Scatter(KvmVcpu vcpu, in PendingAccess pending)
    {
        ulong* register = Register(vcpu, pending);
        MmioInstruction access = pending.Access;
        ReadOnlySpan<ulong> data = pending.Data;
        switch (access.Register)
        {
            case MmioRegister.Float:
                register[0] = access.Size == 4 ? Fp32.Box((uint)data[0]) : data[0];
                break;
            case MmioRegister.Vector:
                data[..(access.Size / PartBytes)].CopyTo(new Span<ulong>(register, VectorWords));
                break;
            default:
                // A result of vldrepl clears what is above it, as the core's own does.
                for (int i = 0; i < VectorWords * PartBytes; i++)
                {
                    ((byte*)register)[i] = i < access.Width ? (byte)(data[0] >> (8 * (i % access.Size))) : (byte)0;
                }

                break;
        }
    }

    private static ulong ReadBytes(byte* from, int size)
    {
        ulong value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (ulong)from[i] << (8 * i);
        }

        return value;
    }
}
