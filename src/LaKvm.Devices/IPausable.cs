namespace LaKvm.Devices;

/// <summary>
/// A part of a machine that does something by itself, on a thread or timer of its own, and can be made to rest. Called
/// while no core runs.
/// </summary>
public interface IPausable
{
    /// <summary>
    /// Returns once nothing happens any more that software could notice, until <see cref="Resume"/>; what comes from
    /// outside meanwhile waits there, or here.
    /// </summary>
    /// <param name="patience">How long to wait for a request in work.</param>
    /// <returns>False if that was not long enough: the part goes on as if it had not been asked.</returns>
    bool Pause(TimeSpan patience);

    /// <summary>Goes on; what has come due meanwhile happens now.</summary>
    void Resume();
}
