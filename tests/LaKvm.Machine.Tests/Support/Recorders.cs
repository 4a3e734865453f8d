using LaKvm.Cpu;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

internal sealed class RecordingLine : IInterruptLine
{
    public bool Level { get; private set; }

    public int Rises { get; private set; }

    public void Set(bool level)
    {
        Rises += level && !Level ? 1 : 0;
        Level = level;
    }
}

internal sealed class RecordingCores : ICoreInterrupts
{
    private readonly Dictionary<int, uint> _lines = [];

    public int Changes { get; private set; }

    public uint this[int core]
    {
        get
        {
            lock (_lines)
            {
                return _lines.GetValueOrDefault(core);
            }
        }
    }

    public void SetLine(int core, int estatBit, bool level)
    {
        lock (_lines)
        {
            uint old = _lines.GetValueOrDefault(core);
            _lines[core] = level ? old | (1u << estatBit) : old & ~(1u << estatBit);
            Changes++;
        }
    }
}

internal sealed class RecordingVectors : IVectorSink
{
    /// <summary>Vectors whose last message has not been taken back.</summary>
    public HashSet<int> High { get; } = [];

    /// <summary>Every message, of pins.</summary>
    public List<int> Sent { get; } = [];

    public List<int> Triggered { get; } = [];

    public void SetLevel(int vector, bool level)
    {
        _ = level ? High.Add(vector) : High.Remove(vector);
        if (level)
        {
            Sent.Add(vector);
        }
    }

    public void Trigger(int vector)
    {
        lock (Triggered)
        {
            Triggered.Add(vector);
        }
    }
}

internal sealed class RecordingControl : IMachineControl
{
    public int PowerOffs { get; private set; }

    public int Reboots { get; private set; }

    public void PowerOff() => PowerOffs++;

    public void Reboot() => Reboots++;
}

internal sealed class RecordingSerial : ISerialBackend
{
    public List<byte> Sent { get; } = [];

    public void Write(byte value) => Sent.Add(value);
}

internal sealed class FixedClock : IClock
{
    public ulong Ticks { get; set; }
}

/// <summary>A time that moves only when told to; timers run during <see cref="Advance"/>.</summary>
internal sealed class ManualTime(DateTime start) : TimeProvider
{
    private readonly List<ManualTimer> _timers = [];
    private DateTime _now = DateTime.SpecifyKind(start, DateTimeKind.Utc);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => new(_now);

    public override long GetTimestamp() => (_now - start).Ticks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        _timers.Add(timer);
        return timer;
    }

    public void Advance(TimeSpan by)
    {
        DateTime end = _now + by;
        while (_timers.Where(t => t.Due <= end).MinBy(t => t.Due) is { } timer)
        {
            _now = timer.Due!.Value > _now ? timer.Due.Value : _now;
            timer.Fire();
        }

        _now = end;
    }

    private sealed class ManualTimer(ManualTime time, TimerCallback callback, object? state) : ITimer
    {
        public DateTime? Due { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            Due = dueTime == Timeout.InfiniteTimeSpan ? null : time._now + dueTime;
            return true;
        }

        public void Fire()
        {
            Due = null;
            callback(state);
        }

        public void Dispose() => Due = null;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>Chance that a test makes.</summary>
internal sealed class Dice(Dice.Throw fill) : IRandomSource
{
    internal delegate void Throw(Span<byte> bytes);

    public void Fill(Span<byte> bytes) => fill(bytes);
}
