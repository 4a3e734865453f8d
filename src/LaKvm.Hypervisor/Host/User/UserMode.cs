using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// A thread's user code: LoongArch instructions in root mode at PLV3, on the machine's cores, above C# that owns PLV0.
/// The thread has a core from <see cref="Run"/> to <see cref="GiveUpCore"/>.
/// </summary>
public sealed unsafe class UserMode : IHostWork, IDisposable
{
    private const ulong PrmdForUser = 3 | Crmd.Ie;
    private const ulong Units = GuestFpu.Fpe | GuestFpu.Sxe | GuestFpu.Asxe;
    private const ulong EloValid = 1, EloDirty = 2, EloUser = 3 << 2, EloCached = 1 << 4, EloNx = 1UL << 62;
    private const int InvalidateAddress = 5;

    private readonly HostMachine _machine;
    private readonly HostThread _thread;
    private readonly UserTranslation _translation;
    private readonly CoreOwner _owner = new();
    private readonly RequestSet _mode = new();
    private HostCpu? _cpu;
    private int _lastCpu = -1;
    private ulong _guestTag;

    /// <summary>Makes the user side of the thread that calls, or of one that is about to begin.</summary>
    public UserMode(HostMachine machine, HostThread thread, UserTranslation translation)
    {
        (_machine, _thread, _translation) = (machine, thread, translation);
        thread.User = this;
        translation.Add(this);
    }

    /// <summary>The registers, while the thread is not in user code.</summary>
    public UserRegisters Registers { get; } = new();

    private HostAddressSpace Space => _translation.Space;

    /// <summary>
    /// Runs user code until it raises an exception that is not simply a page to bring in, or the thread has a signal
    /// that it does not block; then <see cref="UserTrap.Code"/> is none. The thread still has its core then.
    /// </summary>
    public UserTrap Run()
    {
        _thread.Enter(this);
        if (_cpu == null)
        {
            Load();
        }
        else
        {
            Registers.Load(_cpu.Core.State);
        }

        UserTrap trap;
        do
        {
            trap = _thread.IsSignalPending() ? default : Execute();
        }
        while (GoesOn(ref trap));

        Registers.Save(_cpu!.Core.State);
        _thread.Leave();
        return trap;
    }

    /// <summary>Gives the core to others, if the thread has one (see <see cref="HostThread.GiveUpCore"/>).</summary>
    public void GiveUpCore()
    {
        if (_cpu is { } cpu)
        {
            Unload(cpu);
            cpu.Release();
        }
    }

    /// <summary>Lets threads that wait for a core go first (sched_yield); true if there were any.</summary>
    public bool Yield()
    {
        if (_cpu == null || !_machine.Scheduler.HasWaiters)
        {
            return false;
        }

        Exchange();
        return true;
    }

    /// <summary>Ends the thread's user side.</summary>
    public void Dispose()
    {
        GiveUpCore();
        _translation.Remove(this);
        Registers.Dispose();
    }

    void IHostWork.Signalled() => TellToLeave();

    /// <summary>
    /// Passes the core on to a vCPU that the thread is going to run; null if it has none that the vCPU may have.
    /// </summary>
    internal HostCpu? PassCore(RegisterSet heir)
    {
        if (_cpu is not { } cpu)
        {
            return null;
        }

        if (!HostScheduler.MayRunOn(_thread.Affinity, cpu))
        {
            GiveUpCore();
            return null;
        }

        Unload(cpu);
        cpu.Pass(heir);
        return cpu;
    }

    /// <summary>Takes the core over from the vCPU that the thread has run.</summary>
    internal void TakeCore(HostCpu cpu)
    {
        cpu.Pass(_owner);
        Load(cpu, 0);
    }

    /// <summary>Makes the thread leave user code, if it is there. Any thread.</summary>
    internal void TellToLeave()
    {
        _mode.TellToLeave(out bool first);
        if (first)
        {
            Volatile.Read(ref _cpu)?.SendIpi();
        }
    }

    /// <summary>Waits until the thread has left user code, if it was told to. Any thread.</summary>
    internal void WaitUntilOutside() => _mode.WaitUntilOutsideGuest();

    /// <summary>
    /// The refill of a pair of pages: what is not there gets an invalid entry, which raises an exception of its own.
    /// While the address space is being changed nothing is there, so that the thread waits for that outside.
    /// </summary>
    internal void Refill(Core core)
    {
        ulong pageSize = Space.Pages.PageSize;
        ulong pair = core.ReadCsr(Csr.Tlbrbadv) & ~((2 * pageSize) - 1);
        core.ExchangeCsr(Csr.Tlbrelo0, EntryOf(pair), ulong.MaxValue);
        core.ExchangeCsr(Csr.Tlbrelo1, EntryOf(pair + pageSize), ulong.MaxValue);
        core.TlbFill();
        core.Ertn();
    }

    private ulong EntryOf(ulong address)
    {
        if (address >= HostAddressSpace.UserEnd || Space.IsChanging)
        {
            return 0;
        }

        HostRights rights = Space.Peek(address, out ulong page);
        return rights == HostRights.None ? 0
            : page | EloValid | EloUser | EloCached
                | ((rights & HostRights.Write) != 0 ? EloDirty : 0)
                | ((rights & HostRights.Execute) == 0 ? EloNx : 0);
    }

    private void Load()
    {
        HostCpu cpu = _machine.Scheduler.Acquire(_owner, _thread, _lastCpu, out ulong delay);
        Load(cpu, delay);
    }

    /// <summary>Gives the core to whoever waits, and waits for another turn.</summary>
    private void Exchange()
    {
        HostCpu cpu = _cpu!;
        Unload(cpu);
        HostCpu next = _machine.Scheduler.Exchange(cpu, _owner, _thread, out ulong delay);
        Load(next, delay);
    }

    private void Load(HostCpu cpu, ulong delay)
    {
        _thread.AddRunDelay(delay);
        Core core = cpu.Core;
        cpu.Resident?.LoseFpu(cpu);
        Registers.Load(core.State);
        core.ExchangeCsr(Csr.Euen, Units, Units);
        // TLB instructions are about our own entries.
        _guestTag = core.ExchangeCsr(Csr.Gtlbc, 0, LvzFields.GstatGidMask);
        cpu.Refill.User = this;
        Volatile.Write(ref _cpu, cpu);
    }

    private void Unload(HostCpu cpu)
    {
        Core core = cpu.Core;
        Volatile.Write(ref _cpu, null);
        cpu.Refill.User = null;
        core.ExchangeCsr(Csr.Gtlbc, _guestTag, LvzFields.GstatGidMask);
        core.ExchangeCsr(Csr.Euen, 0, Units);
        _lastCpu = cpu.Id;
    }

    /// <summary>Into user code and back; nothing if the thread was told to leave meanwhile.</summary>
    private UserTrap Execute()
    {
        HostCpu cpu = _cpu!;
        Core core = cpu.Core;
        _mode.EnterGuest();
        cpu.UserTlb.Select(core, _translation);
        if (_thread.IsSignalPending() || cpu.NeedResched || !_mode.MayStayInGuest)
        {
            _mode.LeaveGuest();
            return default;
        }

        core.ExchangeCsr(Csr.Era, Registers.Pc, ulong.MaxValue);
        core.ExchangeCsr(Csr.Prmd, PrmdForUser, Crmd.PlvMask | Crmd.Ie);
        core.Ertn();
        cpu.RunToExit();
        _mode.LeaveGuest();
        Registers.Pc = core.ReadCsr(Csr.Era);
        ulong status = core.ReadCsr(Csr.Estat);
        return new UserTrap(
            (Trap)((status & Estat.CodeMask) >> Estat.EcodeShift), core.ReadCsr(Csr.Badv), (uint)core.ReadCsr(Csr.Badi),
            Errno.None);
    }

    /// <summary>
    /// What nobody else need know of: interrupts, a turn that is over, a page that can be brought in.
    /// </summary>
    private bool GoesOn(ref UserTrap trap)
    {
        HostCpu cpu = _cpu!;
        if (trap.Code == Trap.None)
        {
            cpu.TakeInterrupts();
            if (cpu.NeedResched)
            {
                Registers.Save(cpu.Core.State);
                Exchange();
            }

            return !_thread.IsSignalPending();
        }

        if (!trap.IsPageFault)
        {
            return false;
        }

        trap = trap with { Error = Resolve(trap) };
        if (trap.Error != Errno.None)
        {
            return false;
        }

        cpu.Core.InvalidateTlb(InvalidateAddress, (ulong)_translation.Asid, trap.Address);
        return true;
    }

    /// <summary>
    /// Brings the page in that an exception asks for: ENOENT where nothing is mapped, EPERM where the mapping's rights
    /// do not allow it, EFAULT where the mapped object has nothing, ENOMEM.
    /// </summary>
    private Errno Resolve(in UserTrap trap)
    {
        HostRights needed = trap.Code switch
        {
            Trap.Pis or Trap.Pme => HostRights.Write,
            Trap.Pif or Trap.Pnx => HostRights.Execute,
            _ => HostRights.Read | HostRights.Write | HostRights.Execute, // whatever is given, loads are
        };
        if (trap.Address >= HostAddressSpace.UserEnd || Space.RightsAt(trap.Address) is not { } rights)
        {
            return Errno.NoEnt;
        }

        if ((rights & needed) == 0)
        {
            return Errno.Perm;
        }

        Errno error = Space.Pin(trap.Address, needed == HostRights.Write, out ulong page, out _);
        if (error == Errno.None)
        {
            Space.Unpin(page);
        }

        return error;
    }

    /// <summary>Stands for the thread where a core has an owner; nothing of it stays in a core.</summary>
    private sealed class CoreOwner : RegisterSet
    {
        internal override void Save(CoreContext cpu)
        {
        }

        internal override void Restore(CoreContext cpu)
        {
        }
    }
}
