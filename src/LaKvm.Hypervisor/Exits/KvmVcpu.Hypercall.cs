using System.Numerics;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>hvcl: services for paravirtualized guests, breakpoints of a debugger, calls to user space.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const uint CodeMask = 0x7fff, ServiceCode = 0x100, DebugCode = 0x101, UserCode = 0x102;
    private const ulong FunctionIpi = 1, FunctionNotify = 2;
    private const ulong StealTimeId = 1 << 2;
    private const ulong Success = 0, Unknown = unchecked((ulong)-1), InvalidParameter = unchecked((ulong)-2);
    private const int A0 = 4, HypercallResult = A0;
    private const uint DebugEnable = 0x1, DebugSoftwareBreakpoint = 0x10000;

    /// <summary>Instruction that a debugger plants: hvcl 0x101.</summary>
    internal const uint DebugInstruction = 0x002b_8101;

    private uint _guestDebug;

    /// <summary>
    /// KVM_SET_GUEST_DEBUG: with bit 0, planted breakpoints exit; without it nothing else counts. Bit 16 asks for them too,
    /// stepping has no effect.
    /// </summary>
    public void SetGuestDebug(uint control) => _guestDebug = (control & DebugEnable) != 0 ? control : 0;

    private int HandleHypercall()
    {
        switch (_exitBadi & CodeMask)
        {
            case DebugCode when (_guestDebug & (DebugEnable | DebugSoftwareBreakpoint)) != 0:
                RunPage->ExitReason = KvmExitReason.Debug;
                return ResumeHost;
            case UserCode when HasFeature(PvFeatures.UserHypercall):
                Statistics.Count(VcpuStat.HypercallExits);
                return ExitForHypercall();
            case ServiceCode:
                Statistics.Count(VcpuStat.HypercallExits);
                return FinishHypercall(CallService());
            default:
                return FinishHypercall(Unknown);
        }
    }

    private int FinishHypercall(ulong result)
    {
        Trace(TraceEvent.Hypercall, _exitBadi & CodeMask, _registers.Gpr[A0], result);
        _registers.Gpr[HypercallResult] = result;
        _registers.Pc += 4;
        return ResumeGuest;
    }

    private int ExitForHypercall()
    {
        KvmRun* run = RunPage;
        run->ExitReason = KvmExitReason.Hypercall;
        run->HypercallNumber = UserCode;
        for (int i = 0; i < 6; i++)
        {
            run->HypercallArguments[i] = _registers.Gpr[A0 + i];
        }

        run->HypercallResult = Unknown;
        run->HypercallFlags = 0;
        _pendingRead = PendingRead.Hypercall;
        return ResumeHost;
    }

    private ulong CallService()
    {
        ulong* gpr = _registers.Gpr;
        switch (gpr[A0])
        {
            case FunctionIpi when HasFeature(PvFeatures.Ipi):
                SendIpis(gpr[A0 + 1], gpr[A0 + 3]);
                SendIpis(gpr[A0 + 2], gpr[A0 + 3] + 64);
                return Success;
            case FunctionNotify when HasFeature(PvFeatures.StealTime) && gpr[A0 + 1] == StealTimeId:
                return AcceptStealTimeAddress(gpr[A0 + 2]) ? Success : InvalidParameter;
            default:
                return Unknown;
        }
    }

    /// <summary>SWI0 for the vCPUs of a bitmap over physical ids.</summary>
    private void SendIpis(ulong bitmap, ulong first)
    {
        for (; bitmap != 0; bitmap &= bitmap - 1)
        {
            Vm.VcpuByPhysicalId(first + (ulong)BitOperations.TrailingZeroCount(bitmap))?.SetIrq(Estat.Swi0, true);
        }
    }
}
