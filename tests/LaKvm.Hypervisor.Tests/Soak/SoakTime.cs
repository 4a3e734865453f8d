using System.Globalization;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// How long the random tests run: some seconds each by default; LAKVM_SOAK_MINUTES gives each engine (each fuzzer) that
/// many minutes. LAKVM_SOAK_SEED repeats a run as far as threads can be repeated.
/// </summary>
internal static class SoakTime
{
    /// <summary>Length of a test that is one of <paramref name="share"/> that split the minutes.</summary>
    internal static TimeSpan Of(double defaultSeconds, int share) =>
        double.TryParse(Environment.GetEnvironmentVariable("LAKVM_SOAK_MINUTES"), CultureInfo.InvariantCulture,
            out double minutes) && minutes > 0
            ? TimeSpan.FromMinutes(minutes / share)
            : TimeSpan.FromSeconds(defaultSeconds);

    /// <summary>Seed of this run, to be named by whatever fails.</summary>
    internal static int Seed() =>
        int.TryParse(Environment.GetEnvironmentVariable("LAKVM_SOAK_SEED"), CultureInfo.InvariantCulture, out int seed)
            ? seed
            : Random.Shared.Next();
}
