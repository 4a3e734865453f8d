using LaKvm.Control;

namespace LaKvm.Web;

/// <summary>What the web serves of a run.</summary>
/// <param name="Desk">Its machines and their commands.</param>
/// <param name="Console">The guest's console.</param>
/// <param name="Statistics">Its counters.</param>
public sealed record WebMachine(MachineDesk Desk, ConsoleHub Console, IMachineStatistics Statistics);
