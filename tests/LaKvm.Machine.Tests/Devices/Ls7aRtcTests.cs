using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

public class Ls7aRtcTests : DeviceContract
{
    private const ulong ToyTrim = 0x20, ToyWrite0 = 0x24, ToyWrite1 = 0x28, ToyRead0 = 0x2c, ToyRead1 = 0x30,
        ToyMatch = 0x34, Control = 0x40, RtcTrim = 0x60, RtcWrite = 0x64, RtcRead = 0x68, RtcMatch = 0x6c;

    private readonly ManualTime _time = new(new DateTime(2024, 2, 28, 23, 59, 58).AddMilliseconds(300));
    private readonly RecordingLine _line = new();
    private readonly Ls7aRtc _rtc;

    public Ls7aRtcTests() => _rtc = new Ls7aRtc(_line, _time);

    protected override IEnumerable<ulong> Holes => [0, 0x1c, 0x44, 0x5c, 0x78, 0xfc];

    protected override IEnumerable<ulong> Volatile => [ToyRead0, ToyRead1, RtcRead];

    protected override DeviceUnderTest Make()
    {
        var rtc = new Ls7aRtc(new RecordingLine(), new ManualTime(new DateTime(2024, 1, 1)));
        return new DeviceUnderTest(rtc, 0x100, AccessWidths.Word, rtc.Reset);
    }

    private uint Read(ulong offset) => (uint)_rtc.Read(offset, 4);

    private void Write(ulong offset, uint value) => _rtc.Write(offset, 4, value);

    private static uint Toy(int month, int day, int hour, int minute, int second, int tenth = 0) =>
        ((uint)month << 26) | ((uint)day << 21) | ((uint)hour << 16) | ((uint)minute << 10)
        | ((uint)second << 4) | (uint)tenth;

    private static uint Match(int year, int month, int day, int hour, int minute, int second) =>
        ((uint)((year - 1900) & 63) << 26) | ((uint)month << 22) | ((uint)day << 17) | ((uint)hour << 12)
        | ((uint)minute << 6) | (uint)second;

    [Fact]
    public void Calendar_starts_at_the_hosts_time_and_runs()
    {
        Read(ToyRead0).Should().Be(Toy(2, 28, 23, 59, 58, 3));
        Read(ToyRead1).Should().Be(124);
        _time.Advance(TimeSpan.FromSeconds(2.5));
        Read(ToyRead0).Should().Be(Toy(2, 29, 0, 0, 0, 8));
    }

    [Fact]
    public void Calendar_is_set_with_two_writes()
    {
        Write(ToyWrite0, Toy(7, 4, 12, 30, 15));
        Write(ToyWrite1, 99);
        Read(ToyRead0).Should().Be(Toy(7, 4, 12, 30, 15));
        Read(ToyRead1).Should().Be(99);
        _time.Advance(TimeSpan.FromMinutes(1));
        Read(ToyRead0).Should().Be(Toy(7, 4, 12, 31, 15));
    }

    [Fact]
    public void Leap_day_survives_until_its_year_is_written()
    {
        Write(ToyWrite1, 123);
        Write(ToyWrite0, Toy(2, 29, 1, 2, 3));
        Write(ToyWrite1, 128);
        Read(ToyRead0).Should().Be(Toy(2, 29, 1, 2, 3));
        Read(ToyRead1).Should().Be(128);
    }

    [Theory]
    [InlineData(0, 1, 0, 0, 0)]
    [InlineData(1, 0, 0, 0, 0)]
    public void Impossible_dates_leave_the_calendar_alone(int month, int day, int hour, int minute, int second)
    {
        uint before = Read(ToyRead0);
        Write(ToyWrite0, Toy(month, day, hour, minute, second));
        Read(ToyRead0).Should().Be(before);
        Write(ToyWrite1, 0xffffffff);
        Read(ToyRead1).Should().Be(124);
    }

    [Theory]
    [InlineData(ToyTrim)]
    [InlineData(RtcTrim)]
    [InlineData(ToyMatch)]
    [InlineData(ToyMatch + 4)]
    [InlineData(ToyMatch + 8)]
    [InlineData(RtcMatch)]
    [InlineData(RtcMatch + 4)]
    [InlineData(RtcMatch + 8)]
    [InlineData(Control)]
    public void Storage_register_holds_what_is_written(ulong offset)
    {
        uint reset = offset == Control ? 0x2900u : 0;
        Read(offset).Should().Be(reset);
        Write(offset, 0x8765_4321);
        Read(offset).Should().Be(0x8765_4321);
        _rtc.Reset();
        Read(offset).Should().Be(reset);
    }

    [Theory]
    [InlineData(Ls7aRtc.ToyEnable)]
    [InlineData(Ls7aRtc.OscillatorEnable)]
    public void Stopped_calendar_reads_as_zero_and_cannot_be_set(uint bit)
    {
        Write(Control, 0x2900 & ~bit);
        Write(ToyWrite0, Toy(7, 4, 12, 30, 15));
        Write(ToyWrite1, 99);
        Read(ToyRead0).Should().Be(0);
        Read(ToyRead1).Should().Be(0);
        Write(Control, 0x2900);
        Read(ToyRead1).Should().Be(124);
    }

    [Fact]
    public void Counter_runs_at_32768_hertz_and_can_be_set()
    {
        Read(RtcRead).Should().Be(0);
        _time.Advance(TimeSpan.FromSeconds(3));
        Read(RtcRead).Should().Be(3 * 32768);
        Write(RtcWrite, 0xffff_fff0);
        Read(RtcRead).Should().Be(0xffff_fff0);
        _time.Advance(TimeSpan.FromSeconds(1));
        Read(RtcRead).Should().Be(32768 - 16);
        Write(Control, 0x0900);
        Read(RtcRead).Should().Be(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Calendar_match_holds_the_interrupt_until_it_is_written(int match)
    {
        Write(ToyMatch + ((ulong)match * 4), Match(2024, 2, 29, 0, 0, 5));
        _time.Advance(TimeSpan.FromSeconds(6));
        _line.Level.Should().BeFalse();
        _time.Advance(TimeSpan.FromSeconds(1));
        _line.Level.Should().BeTrue();
        _time.Advance(TimeSpan.FromDays(1));
        _line.Level.Should().BeTrue();
        Write(ToyMatch + ((ulong)((match + 1) % 3) * 4), 0);
        _line.Level.Should().BeTrue();
        Write(ToyMatch + ((ulong)match * 4), 0);
        _line.Level.Should().BeFalse();
    }

    [Fact]
    public void Calendar_match_far_away_is_not_missed()
    {
        Write(ToyMatch, Match(2026, 12, 31, 23, 59, 59));
        _time.Advance(new DateTime(2026, 12, 31, 23, 59, 58) - _time.GetUtcNow().UtcDateTime);
        _line.Level.Should().BeFalse();
        _time.Advance(TimeSpan.FromSeconds(1.1));
        _line.Level.Should().BeTrue();
    }

    [Fact]
    public void Calendar_match_in_the_past_and_impossible_dates_never_come()
    {
        Write(ToyMatch, Match(2024, 2, 28, 23, 59, 50));
        Write(ToyMatch + 4, Match(2025, 2, 30, 0, 0, 0));
        _time.Advance(TimeSpan.FromDays(1000));
        _line.Level.Should().BeFalse();
    }

    [Fact]
    public void Setting_the_calendar_moves_the_match()
    {
        Write(ToyMatch, Match(2030, 1, 1, 0, 0, 0));
        Write(ToyWrite0, Toy(12, 31, 23, 59, 59));
        Write(ToyWrite1, 129);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        _line.Level.Should().BeTrue();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Counter_match_holds_the_interrupt_until_it_is_written(int match)
    {
        ulong register = RtcMatch + ((ulong)match * 4);
        Write(RtcWrite, 0xffff_0000);
        Write(register, 0x8000);
        _time.Advance(TimeSpan.FromSeconds(2.9));
        _line.Level.Should().BeFalse();
        _time.Advance(TimeSpan.FromSeconds(0.2));
        _line.Level.Should().BeTrue();
        Write(register, 0);
        _line.Level.Should().BeFalse();
    }

    [Fact]
    public void Matches_do_not_come_while_stopped()
    {
        Write(Control, 0);
        Write(RtcMatch, 32768);
        Write(ToyMatch, Match(2024, 2, 29, 0, 0, 5));
        _time.Advance(TimeSpan.FromSeconds(100));
        _line.Level.Should().BeFalse();
    }

    [Fact]
    public void Reset_turns_alarms_off_and_keeps_the_time()
    {
        Write(ToyWrite1, 99);
        Write(RtcMatch, 32768);
        _time.Advance(TimeSpan.FromSeconds(2));
        _rtc.Reset();
        _line.Level.Should().BeFalse();
        Read(ToyRead1).Should().Be(99);
    }
}
