using LaKvm.Diagnostics;

namespace LaKvm.Cpu;

/// <summary>What a core's parts know of the machine around the core.</summary>
internal sealed class Surroundings(ICoreBus bus, IClock clock)
{
    private ICoreBus _unobserved = bus;

    /// <summary>What the core reaches outside of RAM.</summary>
    public ICoreBus Bus { get; private set; } = bus;

    /// <summary>The stable counter's source.</summary>
    public IClock Clock { get; private set; } = clock;

    /// <summary>Where is reported what software does wrong.</summary>
    public GuestErrorLog Errors { get; set; } = GuestErrorLog.Silent;

    /// <summary>Where stretches are executed twice, what takes care of that; else null.</summary>
    public Rehearsal? Rehearsal { get; private set; }

    /// <summary>Something happens that cannot be done twice.</summary>
    public void CannotRepeat() => Rehearsal?.Spoil();

    /// <summary>Stretches are going to be executed twice: using a device or asking for the time spoils one.</summary>
    public void Rehearse(Rehearsal rehearsal)
    {
        Rehearsal = rehearsal;
        Clock = new RehearsedClock(Clock, rehearsal);
        Bus = _unobserved = new RehearsedBus(_unobserved, rehearsal);
    }

    /// <summary>From now on this observer, or nobody, sees the accesses of the core that this surrounds.</summary>
    public void Observe(Core core, ICoreObserver? observer) =>
        Bus = observer == null ? _unobserved : new ObservedBus(_unobserved, core, observer);
}
