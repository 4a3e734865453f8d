namespace LaKvm.Devices;

/// <summary>
/// How the 7A's clock packs a date (7A1000 manual, "RTC"): the counter keeps the year in a register of its own, counted
/// from 1900; a match register has its low six bits.
/// </summary>
internal static class ToyFormat
{
    private const int FirstYear = 1900;

    /// <summary>
    /// TOYREAD0: [31:26] month, [25:21] day, [20:16] hour, [15:10] minute, [9:4] second, [3:0] tenths.
    /// </summary>
    internal static uint Pack(DateTime time) =>
        ((uint)time.Month << 26) | ((uint)time.Day << 21) | ((uint)time.Hour << 16) | ((uint)time.Minute << 10)
        | ((uint)time.Second << 4) | (uint)(time.Millisecond / 100);

    /// <summary>TOYREAD1.</summary>
    internal static uint Year(DateTime time) => (uint)(time.Year - FirstYear);

    /// <summary>
    /// The time of both registers; fields beyond their range carry into the next. Null beyond year 9999.
    /// </summary>
    internal static DateTime? Unpack(uint fields, uint year) => Compose(
        year, fields >> 26, (fields >> 21) & 31, (fields >> 16) & 31, (fields >> 10) & 63, (fields >> 4) & 63)
        ?.AddMilliseconds((fields & 15) * 100);

    /// <summary>
    /// When a match register ([31:26] year, [25:22] month, [21:17] day, [16:12] hour, [11:6] minute, [5:0] second) is
    /// next met, or null if never.
    /// </summary>
    internal static DateTime? NextMatch(uint match, DateTime now)
    {
        uint month = (match >> 22) & 15, day = (match >> 17) & 31;
        uint hour = (match >> 12) & 31, minute = (match >> 6) & 63, second = match & 63;
        uint year = (Year(now) & ~63u) | (match >> 26);
        for (int cycle = 0; cycle < 2; cycle++, year += 64)
        {
            DateTime? time = Compose(year, month, day, hour, minute, second);
            if (time == null || time.Value.Month != month || time.Value.Day != day || time.Value.Hour != hour
                || time.Value.Minute != minute || time.Value.Second != second)
            {
                // No such date this time round, as 29 February; the 64 years after may have it.
                continue;
            }

            if (time.Value.AddSeconds(1) > now)
            {
                return time;
            }
        }

        return null;
    }

    private static DateTime? Compose(uint year, uint month, uint day, uint hour, uint minute, uint second)
    {
        // The last years are left out so that no carry can pass the calendar's end.
        const uint years = 9990 - FirstYear;
        if (year > years || month == 0 || day == 0)
        {
            return null;
        }

        return new DateTime(FirstYear + (int)year, 1, 1, 0, 0, 0, DateTimeKind.Utc)
            .AddMonths((int)month - 1).AddDays(day - 1).AddHours(hour).AddMinutes(minute).AddSeconds(second);
    }
}
