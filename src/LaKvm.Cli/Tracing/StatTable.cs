using System.Globalization;
using System.Text;
using LaKvm.Ioctl;

namespace LaKvm.Cli;

/// <summary>The table of --stat, as text.</summary>
internal static class StatTable
{
    private const int NameWidth = 24;
    private const double NanosecondsPerSecond = 1e9, NanosecondsPerMicrosecond = 1e3;

    /// <summary>
    /// Rates and means are those between two snapshots; totals, extremes and percentiles are those of the second.
    /// </summary>
    /// <param name="from">Beginning of the interval.</param>
    /// <param name="to">Its end.</param>
    /// <param name="seconds">Its length.</param>
    /// <param name="vcpus">Number of vCPUs: what 100 % of the time is.</param>
    internal static string Format(StatSnapshot from, StatSnapshot to, double seconds, int vcpus)
    {
        var text = new StringBuilder();
        AppendExits(text, from, to, seconds, seconds * vcpus * NanosecondsPerSecond);
        AppendPlaces(text, to);
        AppendCounters(text, from, to, seconds);
        return text.ToString();
    }

    private static void AppendExits(StringBuilder text, StatSnapshot from, StatSnapshot to, double seconds, double time)
    {
        ulong all = 0, allBefore = 0;
        foreach (ExitTotal exit in to.Exits)
        {
            all += exit.Count;
        }

        foreach (ExitTotal exit in from.Exits)
        {
            allBefore += exit.Count;
        }

        AppendLine(text, "exit", "total", "%total", "per s", "mean us", "%time", "min us", "p50 us", "p90 us",
            "p99 us", "max us");
        for (int i = 0; i < to.Exits.Length; i++)
        {
            (ExitTotal before, ExitTotal now) = (from.Exits[i], to.Exits[i]);
            if (now.Count == 0)
            {
                continue;
            }

            ulong count = now.Count - before.Count, nanoseconds = now.Nanoseconds - before.Nanoseconds;
            DurationHistogram durations = to.Durations[i];
            AppendLine(text, ExitNames.Of((ExitKind)i), $"{now.Count}", Percent(now.Count, all), Rate(count, seconds),
                count == 0 ? "" : Microseconds(nanoseconds / (double)count), Percent(nanoseconds, time),
                Microseconds(durations.Minimum), Microseconds(durations.Percentile(50)),
                Microseconds(durations.Percentile(90)), Microseconds(durations.Percentile(99)),
                Microseconds(durations.Maximum));
        }

        AppendLine(text, "all exits", $"{all}", "", Rate(all - allBefore, seconds), "", "");
        AppendLine(text, "in the guest", "", "", "", "", Percent(to.GuestNanoseconds - from.GuestNanoseconds, time));
    }

    private static void AppendPlaces(StringBuilder text, StatSnapshot to)
    {
        text.Append('\n');
        AppendLine(text, "most exits from", "total", "mean us");
        foreach ((ExitPlace place, string? symbol) in to.Places)
        {
            string mean = Microseconds(place.Total.Nanoseconds / (double)place.Total.Count);
            AppendLine(text, $"0x{place.Pc:x}", $"{place.Total.Count}", mean);
            text.Insert(text.Length - 1, $"  {ExitNames.Of(place.Kind)}{(symbol == null ? "" : $"  {symbol}")}");
        }
    }

    private static void AppendCounters(StringBuilder text, StatSnapshot from, StatSnapshot to, double seconds)
    {
        if (to.Counters.Count == 0)
        {
            return; // of a hypervisor that is the guest's
        }

        text.Append('\n');
        AppendLine(text, "KVM's counters", "total", "", "per s", "", "");
        foreach ((string name, ulong value) in to.Counters)
        {
            if (value != 0)
            {
                ulong before = Math.Min(from.Counters.GetValueOrDefault(name), value);
                AppendLine(text, name, $"{value}", "", Rate(value - before, seconds), "", "");
            }
        }
    }

    private static void AppendLine(StringBuilder text, string name, params ReadOnlySpan<string> columns)
    {
        var line = new StringBuilder(name.PadRight(NameWidth));
        for (int i = 0; i < columns.Length; i++)
        {
            line.Append(' ').Append(columns[i].PadLeft(i == 0 ? 11 : 9));
        }

        text.Append(line.ToString().TrimEnd()).Append('\n');
    }

    private static string Percent(double part, double whole) => whole > 0 ? Number(100 * part / whole, 1) : "";

    private static string Microseconds(double nanoseconds) => Number(nanoseconds / NanosecondsPerMicrosecond, 2);

    private static string Rate(ulong count, double seconds) => seconds > 0 ? Number(count / seconds, 0) : "";

    private static string Number(double value, int digits) =>
        value.ToString("F" + digits, CultureInfo.InvariantCulture);
}
