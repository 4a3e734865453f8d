using System.Diagnostics;

namespace LaKvm.Running;

/// <summary>
/// How long to wait for something, by the host's clock; <see cref="Timeout.InfiniteTimeSpan"/> for ever.
/// </summary>
internal readonly struct Patience(TimeSpan whole)
{
    /// <summary>How long to wait before it is looked again whether the machine is to end.</summary>
    private static readonly TimeSpan _longestSlice = TimeSpan.FromMilliseconds(50);

    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Whether it is over.</summary>
    internal bool IsOver => Left == TimeSpan.Zero;

    /// <summary>How long to wait at once.</summary>
    internal TimeSpan Slice => Left < _longestSlice ? Left : _longestSlice;

    private TimeSpan Left
    {
        get
        {
            if (whole == Timeout.InfiniteTimeSpan)
            {
                return TimeSpan.MaxValue;
            }

            TimeSpan left = whole - Stopwatch.GetElapsedTime(_start);
            return left > TimeSpan.Zero ? left : TimeSpan.Zero;
        }
    }
}
