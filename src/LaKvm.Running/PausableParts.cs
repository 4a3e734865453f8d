using LaKvm.Devices;

namespace LaKvm.Running;

/// <summary>What pauses behind the cores: all of it or nothing.</summary>
internal sealed class PausableParts(IReadOnlyList<IPausable> parts)
{
    private int _paused;

    /// <summary>Pauses one after another. False if one couldn't in time, or <paramref name="gaveUp"/>.</summary>
    internal bool Pause(Patience patience, Func<bool> gaveUp)
    {
        while (_paused < parts.Count)
        {
            if (parts[_paused].Pause(patience.Slice))
            {
                _paused++;
            }
            else if (patience.IsOver || gaveUp())
            {
                Resume();
                return false;
            }
        }

        return true;
    }

    /// <summary>Lets them go on, in the opposite order.</summary>
    internal void Resume()
    {
        while (_paused > 0)
        {
            parts[--_paused].Resume();
        }
    }
}
