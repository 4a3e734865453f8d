using System.Diagnostics;
using System.Globalization;

namespace LaKvm.Cli.Tests.Attacks;

/// <summary>
/// Hostile guests against the program: whatever they do, it can be stopped at any moment, does not grow, and does not
/// flood the log. Some seconds for each combination by default; LAKVM_ATTACK_MINUTES gives each of the 8 combinations
/// that many minutes. LAKVM_ATTACK_SEED is the first guest's seed, the next ones count up, and LAKVM_ATTACK_KIND the
/// only kind; a failure names both.
/// </summary>
public class AttackTests
{
    public static TheoryData<string, int, string> Combinations()
    {
        var cases = new TheoryData<string, int, string>();
        foreach (string command in (string[])["host", "run"])
        {
            foreach (int cpus in (int[])[1, 4])
            {
                cases.Add(command, cpus, "translator");
                cases.Add(command, cpus, "interpreter");
            }
        }

        return cases;
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(Combinations))]
    public void Hostile_guest_does_no_harm_and_can_be_stopped_at_any_moment(string command, int cpus, string engine)
    {
        AttackKind[] kinds = Kinds();
        int seed = FirstSeed();
        TimeSpan time = Time();
        var watch = Stopwatch.StartNew();
        for (int n = 0; n < kinds.Length || watch.Elapsed < time; n++, seed++)
        {
            using var run = new AttackRun(new AttackCase(command, cpus, engine, kinds[n % kinds.Length], seed));
            var moment = TimeSpan.FromMilliseconds(50 + new Random(seed).Next(n % 4 == 3 ? 4000 : 1200));
            if (n % 3 == 2)
            {
                run.RunUntilKey(moment);
            }
            else
            {
                run.RunUntilSignal(moment);
            }
        }
    }

    [Fact]
    public void Attack_is_made_by_its_seed()
    {
        foreach (AttackKind kind in Enum.GetValues<AttackKind>())
        {
            byte[] program = AttackGuest.Create(kind, 1);
            program.Should().Equal(AttackGuest.Create(kind, 1)).And.NotEqual(AttackGuest.Create(kind, 2));
            program.Length.Should().BeLessThan(0x1_0000, "the handlers know that much as the program");
        }
    }

    private static AttackKind[] Kinds() =>
        Enum.TryParse(Environment.GetEnvironmentVariable("LAKVM_ATTACK_KIND"), out AttackKind kind)
            ? [kind]
            : Enum.GetValues<AttackKind>();

    private static int FirstSeed() =>
        int.TryParse(Environment.GetEnvironmentVariable("LAKVM_ATTACK_SEED"), CultureInfo.InvariantCulture,
        out int seed)
            ? seed
            : Random.Shared.Next();

    private static TimeSpan Time() =>
        double.TryParse(Environment.GetEnvironmentVariable("LAKVM_ATTACK_MINUTES"), CultureInfo.InvariantCulture,
            out double minutes)
            ? TimeSpan.FromMinutes(minutes)
            : TimeSpan.Zero;
}
