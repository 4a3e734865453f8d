using System.Text.Json.Nodes;

namespace LaKvm.Control;

/// <summary>Something that has happened to the machine, by the names that QMP has for it.</summary>
/// <param name="Name">STOP, RESUME, RESET, SHUTDOWN, POWERDOWN.</param>
/// <param name="Data">More about it; null where there is nothing to say.</param>
public sealed record MachineEvent(string Name, JsonObject? Data)
{
    /// <summary>When it happened.</summary>
    public DateTimeOffset Time { get; } = DateTimeOffset.UtcNow;

    /// <summary>A reset or an end: whether the guest wanted it, and what it was.</summary>
    internal static MachineEvent Of(string name, bool byGuest, string reason) =>
        new(name, new JsonObject { ["guest"] = byGuest, ["reason"] = reason });
}
