using System.Numerics;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>hvcl: services for paravirtualized guests, breakpoints of a debugger, calls to user space.</summary>
internal static unsafe class HypercallExit
{
    /// <summary>Instruction that a debugger plants: hvcl 0x101.</summary>
    internal const uint DebugInstruction = 0x002b_8101;

    private const uint CodeMask = 0x7fff, ServiceCode = 0x100, DebugCode = 0x101, UserCode = 0x102;
    private const ulong FunctionIpi = 1, FunctionNotify = 2;
    private const ulong StealTimeId = 1 << 2;
    private const ulong Success = 0, Unknown = unchecked((ulong)-1), InvalidParameter = unchecked((ulong)-2);
    private const int A0 = 4;

    /// <summary>Answers the call, or leaves it to user space.</summary>
    internal static ExitOutcome Handle(in ExitInfo exit, KvmVcpu vcpu)
    {
        switch (exit.Badi & CodeMask)
        {
            case DebugCode when vcpu.Debug.HasBreakpoints:
                vcpu.RunPage->ExitReason = KvmExitReason.Debug;
                return ExitOutcome.ResumeHost;
            case UserCode when vcpu.HasFeature(PvFeatures.UserHypercall):
                vcpu.Statistics.Count(VcpuStat.HypercallExits);
                return AskUser(vcpu);
            case ServiceCode:
                vcpu.Statistics.Count(VcpuStat.HypercallExits);
                return Finish(exit, vcpu, CallService(vcpu));
            default:
                return Finish(exit, vcpu, Unknown);
        }
    }

    /// <summary>User space has answered a call.</summary>
    internal static void Complete(KvmVcpu vcpu)
    {
        KvmRun* run = vcpu.RunPage;
        vcpu.Registers.Pc += 4;
        vcpu.Registers.Write(A0, run->HypercallResult);
        vcpu.Tracer.Trace(TraceEvent.Hypercall, UserCode, run->HypercallArguments[0], run->HypercallResult);
    }

    private static ExitOutcome Finish(in ExitInfo exit, KvmVcpu vcpu, ulong result)
    {
        vcpu.Tracer.Trace(TraceEvent.Hypercall, exit.Badi & CodeMask, vcpu.Registers.Gpr[A0], result);
        vcpu.Registers.Write(A0, result);
        vcpu.Registers.Pc += 4;
        return ExitOutcome.ResumeGuest;
    }

    private static ExitOutcome AskUser(KvmVcpu vcpu)
    {
        KvmRun* run = vcpu.RunPage;
        run->ExitReason = KvmExitReason.Hypercall;
        run->HypercallNumber = UserCode;
        for (int i = 0; i < 6; i++)
        {
            run->HypercallArguments[i] = vcpu.Registers.Gpr[A0 + i];
        }

        run->HypercallResult = Unknown;
        run->HypercallFlags = 0;
        vcpu.Pending.Kind = PendingKind.Hypercall;
        return ExitOutcome.ResumeHost;
    }

    private static ulong CallService(KvmVcpu vcpu)
    {
        ulong* gpr = vcpu.Registers.Gpr;
        switch (gpr[A0])
        {
            case FunctionIpi when vcpu.HasFeature(PvFeatures.Ipi):
                SendIpis(vcpu.Vm, gpr[A0 + 1], gpr[A0 + 3]);
                SendIpis(vcpu.Vm, gpr[A0 + 2], gpr[A0 + 3] + 64);
                return Success;
            case FunctionNotify when vcpu.HasFeature(PvFeatures.StealTime) && gpr[A0 + 1] == StealTimeId:
                return vcpu.Steal.Accept(gpr[A0 + 2]) ? Success : InvalidParameter;
            default:
                return Unknown;
        }
    }

    /// <summary>SWI0 for the vCPUs of a bitmap over physical ids.</summary>
    private static void SendIpis(KvmVm vm, ulong bitmap, ulong first)
    {
        for (; bitmap != 0; bitmap &= bitmap - 1)
        {
            vm.VcpuByPhysicalId(first + (ulong)BitOperations.TrailingZeroCount(bitmap))?.SetIrq(Estat.Swi0, true);
        }
    }
}
