using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using LaKvm.Control;

namespace LaKvm.Web;

/// <summary>Counters, for programs of one's own and for Prometheus.</summary>
internal static class StatisticsEndpoints
{
    /// <summary>The media type of Prometheus's text format.</summary>
    private const string Prometheus = "text/plain; version=0.0.4; charset=utf-8";

    internal static void AddTo(List<Endpoint> endpoints, WebMachine machine)
    {
        endpoints.Add(new("GET", "/api/v1/statistics", "exits by kind, and where vCPUs' time went, in nanoseconds",
            context => Answer.JsonAsync(context, Json(machine.Statistics.Sample()))));
        endpoints.Add(new("GET", "/metrics", "the same as Prometheus reads it",
            context => Answer.TextAsync(context, Prometheus, Metrics(machine)))
        {
            Type = "text/plain",
        });
    }

    private static JsonObject Json(StatisticsSample sample) => new()
    {
        ["ns"] = sample.Nanoseconds,
        ["exits"] = new JsonArray([.. sample.Exits.Select(exit => new JsonObject
        {
            ["kind"] = exit.Kind,
            ["count"] = exit.Count,
            ["ns"] = exit.Nanoseconds,
            ["p50_ns"] = exit.Median,
            ["p99_ns"] = exit.Percentile99,
            ["max_ns"] = exit.Maximum,
        })]),
        ["vcpus"] = new JsonArray([.. sample.Vcpus.Select(vcpu => new JsonObject
        {
            ["guest"] = vcpu.Guest,
            ["exit"] = vcpu.Exit,
            ["user"] = vcpu.User,
            ["idle"] = vcpu.Idle,
        })]),
    };

    private static string Metrics(WebMachine machine)
    {
        StatisticsSample sample = machine.Statistics.Sample();
        var text = new StringBuilder();
        bool runs = machine.Desk.Execute("info status").Json?["running"]?.GetValue<bool>() ?? false;
        Describe(text, "lakvm_running", "gauge", "Whether the machine runs.");
        text.Append($"lakvm_running {(runs ? 1 : 0)}\n");
        Describe(text, "lakvm_console_bytes_total", "counter", "Bytes that the guest has sent to its console.");
        text.Append($"lakvm_console_bytes_total {machine.Console.Sent}\n");
        Describe(text, "lakvm_exits_total", "counter", "Exits of the guest, by kind.");
        foreach (ExitSample exit in sample.Exits)
        {
            text.Append($"lakvm_exits_total{{kind=\"{exit.Kind}\"}} {exit.Count}\n");
        }

        Describe(text, "lakvm_exit_seconds_total", "counter", "Time outside of the guest, by kind of exit.");
        foreach (ExitSample exit in sample.Exits)
        {
            text.Append($"lakvm_exit_seconds_total{{kind=\"{exit.Kind}\"}} {Seconds(exit.Nanoseconds)}\n");
        }

        Describe(text, "lakvm_vcpu_seconds_total", "counter", "Where a vCPU's time went.");
        for (int id = 0; id < sample.Vcpus.Count; id++)
        {
            VcpuSample vcpu = sample.Vcpus[id];
            Append("guest", vcpu.Guest);
            Append("exit", vcpu.Exit);
            Append("user", vcpu.User);
            Append("idle", vcpu.Idle);

            void Append(string place, ulong time) =>
                text.Append($"lakvm_vcpu_seconds_total{{vcpu=\"{id}\",place=\"{place}\"}} {Seconds(time)}\n");
        }

        return text.ToString();
    }

    private static void Describe(StringBuilder text, string name, string type, string help) =>
        text.Append($"# HELP {name} {help}\n# TYPE {name} {type}\n");

    private static string Seconds(ulong nanoseconds) =>
        (nanoseconds / 1e9).ToString("F9", CultureInfo.InvariantCulture);
}
