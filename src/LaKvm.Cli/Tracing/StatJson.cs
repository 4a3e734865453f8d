using System.Text;
using System.Text.Json;
using LaKvm.Ioctl;

namespace LaKvm.Cli;

/// <summary>The summary of --stat for programs. Times are nanoseconds.</summary>
internal static class StatJson
{
    /// <summary>What happened between two snapshots.</summary>
    internal static string Format(StatSnapshot from, StatSnapshot to, int vcpus, string unit)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("seconds", StatReporter.Seconds(from, to));
            json.WriteNumber($"{unit.ToLowerInvariant()}s", vcpus);
            json.WriteNumber("guest_ns", to.GuestNanoseconds - from.GuestNanoseconds);
            json.WriteStartArray("exits");
            for (int kind = 0; kind < to.Exits.Length; kind++)
            {
                WriteExit(json, (ExitKind)kind, to.Exits[kind], to.Durations[kind]);
            }

            json.WriteEndArray();
            json.WriteStartArray("places");
            foreach (StatPlace place in to.Places)
            {
                WritePlace(json, place);
            }

            json.WriteEndArray();
            json.WriteStartObject("counters");
            foreach ((string name, ulong value) in to.Counters)
            {
                json.WriteNumber(name, value);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.ToArray()) + "\n";
    }

    private static void WritePlace(Utf8JsonWriter json, StatPlace place)
    {
        json.WriteStartObject();
        json.WriteString("pc", $"0x{place.Exits.Pc:x}");
        json.WriteString("symbol", place.Symbol);
        json.WriteString("kind", ExitNames.WordOf(place.Exits.Kind));
        json.WriteNumber("count", place.Exits.Total.Count);
        json.WriteNumber("ns", place.Exits.Total.Nanoseconds);
        json.WriteEndObject();
    }

    private static void WriteExit(Utf8JsonWriter json, ExitKind kind, ExitTotal total, DurationHistogram durations)
    {
        if (total.Count == 0)
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString("kind", ExitNames.WordOf(kind));
        json.WriteNumber("count", total.Count);
        json.WriteNumber("ns", total.Nanoseconds);
        json.WriteNumber("min_ns", durations.Minimum);
        json.WriteNumber("p50_ns", durations.Percentile(50));
        json.WriteNumber("p90_ns", durations.Percentile(90));
        json.WriteNumber("p99_ns", durations.Percentile(99));
        json.WriteNumber("max_ns", durations.Maximum);
        json.WriteEndObject();
    }
}
