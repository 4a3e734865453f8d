namespace LaKvm.Running;

/// <summary>
/// What may be asked of a machine: pause, resume, step, save, reset, stop. Any thread, in every state; requests are
/// served one after another, and none waits for ever. Those that wait are not for the machine's own threads, nor for
/// handlers of <see cref="Changed"/>.
/// </summary>
public interface IMachineLife
{
    /// <summary>Where the machine is in its life.</summary>
    MachineState State { get; }

    /// <summary>
    /// Tells each new state, in order, on a thread of the machine's: a handler returns soon and asks for nothing that
    /// waits. A pause for <see cref="WhilePaused"/> is no new state.
    /// </summary>
    event Action<MachineState>? Changed;

    /// <summary>
    /// The state that <see cref="Changed"/> has told last: a pause for <see cref="WhilePaused"/> does not show in it.
    /// </summary>
    MachineState Told { get; }

    /// <summary>
    /// Whether the machine's own software has ended the run, by switching it off or asking for a reset; known when it
    /// has ended.
    /// </summary>
    bool EndedInside { get; }

    /// <summary>Which cores have paused the machine, and why; none if it was asked to, and while it runs.</summary>
    IReadOnlyList<CpuStop> Stops { get; }

    /// <summary>
    /// Brings all cores, then clock and devices to rest. Before the run begins: it will begin paused.
    /// </summary>
    /// <param name="patience">How long to wait; 2 seconds by default.</param>
    /// <returns>
    /// Whether the machine is paused, or will begin so. If not, it has ended, or something could not come to rest in
    /// time, as a core that writes to a terminal nobody reads: then it goes on.
    /// </returns>
    bool Pause(TimeSpan? patience = null);

    /// <summary>Lets everything go on. False if the machine has ended.</summary>
    bool Resume();

    /// <summary>
    /// Lets a core of the paused machine execute some instructions while the others rest; clock and devices go on
    /// meanwhile. Returns when the machine has paused again: <see cref="Stops"/> tells whether the step was completed,
    /// or ended by a breakpoint or by a request to pause. Only these end the wait of an idle core.
    /// </summary>
    /// <returns>False if the machine was not paused, has ended, or was asked to resume meanwhile.</returns>
    bool Step(int cpu, long instructions = 1);

    /// <summary>
    /// Does something on the calling thread while the machine is paused and nobody else can make it go on: saving its
    /// state, for one. Then the machine is again what it was before.
    /// </summary>
    /// <param name="work">What to do; its token tells that the machine is to end, which waits for it.</param>
    /// <param name="patience">How long to wait for the pause; 2 seconds by default.</param>
    /// <returns>Whether it was done; not if the machine doesn't run or cannot pause.</returns>
    bool WhilePaused(Action<CancellationToken> work, TimeSpan? patience = null);

    /// <summary>Ends the run, asking for a new machine. Does not wait.</summary>
    void Reset();

    /// <summary>Ends the run. Does not wait.</summary>
    void Stop();
}
