using LaKvm.Cpu;
using LaKvm.Devices;

namespace LaKvm.Machine;

/// <summary>
/// A core's wait in idle: looks for a reason to go on for a while before it sleeps, because to put a thread to sleep
/// and wake it takes the host some 50 us, and holds up the core that sends the interrupt. Each wait teaches how long
/// looking pays, as in KVM's halt polling.
/// </summary>
internal sealed class IdleWait(Core core, HostShare share)
{
    /// <summary>Ticks (10 ns).</summary>
    private const ulong First = 1_000, Longest = 20_000;

    /// <summary>A look that took so long was interrupted by the host: others need the processor.</summary>
    private const ulong Preempted = 5_000;

    private ulong _window;

    /// <summary>How often the core's thread went to sleep.</summary>
    public long Sleeps { get; private set; }

    /// <summary>Waits until an interrupt, a timer or a stop request has come.</summary>
    public void Wait()
    {
        ulong start = core.Ticks;
        if (_window != 0 && Look(start))
        {
            return;
        }

        Sleeps++;
        share.Leave();
        core.WaitForInterrupt();
        share.Enter();
        Learn(core.Ticks - start);
    }

    private bool Look(ulong start)
    {
        ulong last = start;
        while (share.HasRoom)
        {
            if (core.MustWake)
            {
                return true;
            }

            Thread.SpinWait(10);
            ulong now = core.Ticks;
            if (now - last > Preempted)
            {
                _window = 0;
                return false;
            }

            if (now - start >= _window)
            {
                return false;
            }

            last = now;
        }

        return false;
    }

    private void Learn(ulong waited)
    {
        if (waited > Longest)
        {
            _window = _window > First ? _window / 2 : 0;
        }
        else if (waited > _window)
        {
            _window = Math.Clamp(_window * 2, First, Longest);
        }
    }
}
