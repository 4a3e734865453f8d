using LaKvm.Cpu;
using LaKvm.Devices;

namespace LaKvm.Tests.Support;

/// <summary>Time and chance for machines that are to do the same every time.</summary>
internal sealed class FixedSources : IRandomSource, IClock
{
    /// <summary>Chance without surprises.</summary>
    internal static IRandomSource Random { get; } = new FixedSources();

    /// <summary>A counter that stands at 0.</summary>
    public ulong Ticks => 0;

    /// <summary>A machine's sources; time stands still, unless a clock is given.</summary>
    internal static MachineSources Create(IClock? clock = null) =>
        new(clock ?? new FixedSources(), new StandingCalendar(), Random);

    /// <summary>Each byte is one more than the one before.</summary>
    public void Fill(Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)i;
        }
    }

    private sealed class StandingCalendar : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long GetTimestamp() => 0;
    }
}
