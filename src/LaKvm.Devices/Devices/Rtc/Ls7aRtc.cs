namespace LaKvm.Devices;

/// <summary>
/// The 7A bridge's clock (7A1000 manual, "RTC"): TOY, a calendar, and RTC, a 32768 Hz counter, with three match
/// registers each. A match holds the interrupt until that match register is written. Battery backed: both run from
/// power-on, with the calendar at the host's UTC, also while the machine is paused; a match waits for the pause to end.
/// </summary>
public sealed class Ls7aRtc : IBusDevice, IDeviceState, IPausable, IDisposable
{
    /// <summary>Ticks of the RTC counter in a second.</summary>
    public const int CounterFrequency = 32768;

    /// <summary>RTCCTRL bit: the calendar runs.</summary>
    public const uint ToyEnable = 1 << 11;

    /// <summary>RTCCTRL bit: the counter runs.</summary>
    public const uint RtcEnable = 1 << 13;

    /// <summary>RTCCTRL bit: the 32768 Hz oscillator runs.</summary>
    public const uint OscillatorEnable = 1 << 8;

    private const ulong ToyTrim = 0x20, ToyWrite0 = 0x24, ToyWrite1 = 0x28, ToyRead0 = 0x2c, ToyRead1 = 0x30,
        ToyMatch0 = 0x34, Control = 0x40, RtcTrim = 0x60, RtcWrite0 = 0x64, RtcRead0 = 0x68, RtcMatch0 = 0x6c;

    private const int Matches = 3;

    // A due time further away is looked at again after this long; also keeps timers in their range.
    private static readonly TimeSpan _longestWait = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly IInterruptLine _line;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly uint[] _toyMatch = new uint[Matches];
    private readonly uint[] _rtcMatch = new uint[Matches];
    private readonly DateTime?[] _toyDue = new DateTime?[Matches];
    private readonly long?[] _rtcDue = new long?[Matches];
    private uint _control, _toyTrim, _rtcTrim;
    private int _matched;
    private bool _paused;
    private TimeSpan _toyOffset;
    private long _counterOffset;
    private (uint Fields, DateTime At)? _halfWritten;

    /// <summary>Makes a running clock.</summary>
    /// <param name="line">Its interrupt.</param>
    /// <param name="time">Wall clock, monotonic clock and timers.</param>
    public Ls7aRtc(IInterruptLine line, TimeProvider time)
    {
        _line = line;
        _time = time;
        _timer = time.CreateTimer(_ => Check(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        Reset();
    }

    /// <summary>As after switching the machine on: alarms are off; the time goes on.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _control = OscillatorEnable | ToyEnable | RtcEnable;
            _toyTrim = _rtcTrim = 0;
            _halfWritten = null;
            Array.Clear(_toyMatch);
            Array.Clear(_rtcMatch);
            Array.Clear(_toyDue);
            Array.Clear(_rtcDue);
            _matched = 0;
            _line.Set(false);
        }
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        lock (_lock)
        {
            return offset switch
            {
                ToyTrim => _toyTrim,
                ToyRead0 => ToyRuns ? ToyFormat.Pack(Now) : 0,
                ToyRead1 => ToyRuns ? ToyFormat.Year(Now) : 0,
                >= ToyMatch0 and < ToyMatch0 + (4 * Matches) => _toyMatch[(offset - ToyMatch0) / 4],
                Control => _control,
                RtcTrim => _rtcTrim,
                RtcRead0 => RtcRuns ? (uint)Counter : 0,
                >= RtcMatch0 and < RtcMatch0 + (4 * Matches) => _rtcMatch[(offset - RtcMatch0) / 4],
                _ => 0,
            };
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        lock (_lock)
        {
            WriteRegister(offset, (uint)value);
        }

        Check();
    }

    /// <inheritdoc/>
    public bool Pause(TimeSpan patience)
    {
        lock (_lock)
        {
            _paused = true;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Resume()
    {
        lock (_lock)
        {
            _paused = false;
        }

        Check();
    }

    /// <summary>Stops the timer.</summary>
    public void Dispose() => _timer.Dispose();

    private bool ToyRuns => (_control & (ToyEnable | OscillatorEnable)) == (ToyEnable | OscillatorEnable);

    private bool RtcRuns => (_control & (RtcEnable | OscillatorEnable)) == (RtcEnable | OscillatorEnable);

    private DateTime Now => _time.GetUtcNow().UtcDateTime + _toyOffset;

    private long Counter =>
        (long)((Int128)_time.GetTimestamp() * CounterFrequency / _time.TimestampFrequency) + _counterOffset;

    private void WriteRegister(ulong offset, uint value)
    {
        switch (offset)
        {
            case ToyTrim:
                _toyTrim = value;
                break;
            case ToyWrite0 when ToyRuns:
                _halfWritten = (value, _time.GetUtcNow().UtcDateTime);
                SetToy(ToyFormat.Unpack(value, ToyFormat.Year(Now)), TimeSpan.Zero);
                break;
            case ToyWrite1 when ToyRuns:
                WriteYear(value);
                break;
            case >= ToyMatch0 and < ToyMatch0 + (4 * Matches):
                _toyMatch[(offset - ToyMatch0) / 4] = value;
                Release((int)(offset - ToyMatch0) / 4);
                break;
            case Control:
                _control = value;
                break;
            case RtcTrim:
                _rtcTrim = value;
                break;
            case RtcWrite0 when RtcRuns:
                _counterOffset += value - Counter;
                break;
            case >= RtcMatch0 and < RtcMatch0 + (4 * Matches):
                _rtcMatch[(offset - RtcMatch0) / 4] = value;
                Release(Matches + ((int)(offset - RtcMatch0) / 4));
                break;
        }

        Plan();
    }

    /// <summary>
    /// Software sets the time with two writes. The day is kept as it was written until the year comes: 29 February
    /// exists only together with its year.
    /// </summary>
    private void WriteYear(uint year)
    {
        DateTime host = _time.GetUtcNow().UtcDateTime;
        (uint fields, DateTime at) = _halfWritten ?? (ToyFormat.Pack(Now), host);
        _halfWritten = null;
        SetToy(ToyFormat.Unpack(fields, year), host - at);
    }

    private void SetToy(DateTime? time, TimeSpan elapsed)
    {
        if (time is { } valid)
        {
            _toyOffset = valid + elapsed - _time.GetUtcNow().UtcDateTime;
        }
    }

    private void Release(int match)
    {
        _matched &= ~(1 << match);
        _line.Set(_matched != 0);
    }

    /// <summary>Works out when each match is due. A match register of 0 is off.</summary>
    private void Plan()
    {
        DateTime now = Now;
        long counter = Counter;
        for (int i = 0; i < Matches; i++)
        {
            _toyDue[i] = ToyRuns && _toyMatch[i] != 0 ? ToyFormat.NextMatch(_toyMatch[i], now) : null;
            // The comparison is of 32 bits, so the match is at most one turn of the counter away.
            _rtcDue[i] = RtcRuns && _rtcMatch[i] != 0 ? counter + (_rtcMatch[i] - (uint)counter) : null;
        }
    }

    /// <summary>Latches the matches that are due and sets the timer for the next.</summary>
    private void Check()
    {
        lock (_lock)
        {
            if (_paused)
            {
                return;
            }

            DateTime now = Now;
            long counter = Counter;
            TimeSpan wait = Timeout.InfiniteTimeSpan;
            for (int i = 0; i < Matches; i++)
            {
                if (_toyDue[i] is { } due && Latch(i, due - now, ref wait))
                {
                    _toyDue[i] = null;
                }

                if (_rtcDue[i] is { } tick
                    && Latch(Matches + i, TimeSpan.FromSeconds((double)(tick - counter) / CounterFrequency), ref wait))
                {
                    _rtcDue[i] = null;
                }
            }

            _line.Set(_matched != 0);
            _timer.Change(wait, Timeout.InfiniteTimeSpan);
        }
    }

    private bool Latch(int match, TimeSpan remaining, ref TimeSpan wait)
    {
        if (remaining <= TimeSpan.Zero)
        {
            _matched |= 1 << match;
            return true;
        }

        // A timer may be a little early: never ask for nothing.
        TimeSpan sleep = remaining < TimeSpan.FromMilliseconds(1) ? TimeSpan.FromMilliseconds(1) : remaining;
        sleep = sleep > _longestWait ? _longestWait : sleep;
        wait = wait == Timeout.InfiniteTimeSpan || sleep < wait ? sleep : wait;
        return false;
    }
}
