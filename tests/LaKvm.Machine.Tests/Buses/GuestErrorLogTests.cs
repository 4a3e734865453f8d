using LaKvm.Diagnostics;

namespace LaKvm.Machine.Tests.Buses;

public sealed class GuestErrorLogTests : IDisposable
{
    private readonly List<string> _lines = [];
    private readonly ManualTime _time = new(DateTime.UnixEpoch);
    private readonly GuestErrorLog _log;

    public GuestErrorLogTests() => _log = new GuestErrorLog(_lines.Add, _time);

    public void Dispose() => GuestErrorLog.Enter(null);

    [Fact]
    public void No_second_has_more_than_ten_lines_wherever_it_begins()
    {
        var when = new List<int>();
        for (int tenth = 0; tenth < 50; tenth++)
        {
            for (int n = 0; n < 7; n++)
            {
                int before = _lines.Count;
                _log.Report($"line {n}");
                when.AddRange(Enumerable.Repeat(tenth, _lines.Count - before));
            }

            _time.Advance(TimeSpan.FromMilliseconds(100));
        }

        when.Should().HaveCount(50, "ten a second are let through");
        Enumerable.Range(0, 40).Should().OnlyContain(start => when.Count(t => t >= start && t < start + 10) <= 10);
    }

    [Fact]
    public void Lines_that_are_not_let_through_are_counted_and_told_of()
    {
        for (int i = 0; i < 25; i++)
        {
            _log.Report($"wrong");
        }

        _log.Suppressed.Should().Be(15);
        _time.Advance(TimeSpan.FromSeconds(1));
        _log.Report($"wrong again");
        _log.Report($"and again");

        _lines[^2..].Should().Equal("wrong again (15 lines before this one were not shown)", "and again");
    }

    [Fact]
    public void What_was_not_told_at_the_end_is_told_then()
    {
        for (int i = 0; i < 13; i++)
        {
            _log.Report("wrong");
        }

        _log.Dispose();
        _log.Dispose();

        _lines.Should().HaveCount(11).And.EndWith("3 more lines about the guest were not shown");
    }

    [Fact]
    public void Line_that_is_not_let_through_is_not_put_together()
    {
        int made = 0;
        for (int i = 0; i < 100; i++)
        {
            _log.Report($"wrong {Make()}");
        }

        made.Should().Be(GuestErrorLog.LinesPerSecond);
        GuestErrorLog.Silent.Report($"wrong {Make()}");
        made.Should().Be(GuestErrorLog.LinesPerSecond);

        int Make() => ++made;
    }

    [Fact]
    public void Line_says_core_address_and_symbol_of_the_thread_s_guest()
    {
        GuestErrorLog.Enter(new Place(3, 0x9000_0000_0020_0010));
        _log.Report($"wrong");
        _log.Symbols = new OneSymbol();
        _log.Report("wrong");
        GuestErrorLog.Enter(null);
        _log.Report("wrong");

        _lines.Should().Equal(
            "core 3, PC 0x9000000000200010: wrong", "core 3, PC 0x9000000000200010 (start+0x10): wrong", "wrong");
    }

    [Fact]
    public void What_is_reported_once_is_reported_once_at_each_place()
    {
        for (int i = 0; i < 5; i++)
        {
            _log.ReportOnce("stuck", 1, 0x1000, () => "first");
            _log.ReportOnce("stuck", 2, 0x2000, () => "second");
            _log.ReportOnce("entry", 1, 0x3000, () => "third");
        }

        _lines.Should().Equal("PC 0x1000: first", "PC 0x2000: second", "PC 0x3000: third");
    }

    [Fact]
    public void All_threads_together_have_ten_lines()
    {
        Parallel.For(0, 1000, i => _log.Report($"line {i}"));

        _lines.Should().HaveCount(GuestErrorLog.LinesPerSecond);
        _log.Suppressed.Should().Be(990);
    }

    private sealed record Place(int CoreNumber, ulong GuestPc) : IGuestPlace;

    private sealed class OneSymbol : ISymbols
    {
        public string? Find(ulong address) => $"start+0x{address & 0xfff:x}";

        public (ulong Address, ulong Length)? RangeOf(string name) => null;
    }
}
