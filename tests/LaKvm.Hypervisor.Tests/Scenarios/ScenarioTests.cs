using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Running;
using LaKvm.Tests.Support;

namespace LaKvm.Hypervisor.Tests.Scenarios;

/// <summary>
/// The scenarios of guests/kvm-client on our hypervisor: the lines must be those that Linux's KVM gave.
/// </summary>
public sealed class ScenarioTests
{
    public static TheoryData<string> Files => [.. ScenarioFiles.All];

    [Theory]
    [MemberData(nameof(Files))]
    public void Hypervisor_answers_like_Linux_except_where_the_list_says_why(string file)
    {
        string script = ScenarioFiles.Script(file), answers = Answers(script);
        Keep(file, script, answers);
        string[] actual = answers.Split('\n');
        string[] linux = ScenarioFiles.Expected(file).Split('\n');

        IEnumerable<string> expected = Deviations.Apply(linux, out IReadOnlyList<string> unused, file);

        actual.Should().Equal(expected);
        unused.Should().BeEmpty("a deviation that no longer exists must leave the list");
    }

    private static string Answers(string script)
    {
        using var machine = new HostMachine(2, 256UL << 20, new MonotonicClock(), core => new InterpreterEngine(core));
        using var process = new HostProcess(machine);
        using var client = new FacadeClient(process);
        return client.Run(script);
    }

    /// <summary>
    /// For a person who looks for a difference: LAKVM_SCENARIOS names a directory for scripts and answers.
    /// </summary>
    private static void Keep(string file, string script, string answers)
    {
        if (Environment.GetEnvironmentVariable("LAKVM_SCENARIOS") is { } directory)
        {
            File.WriteAllText(Path.Combine(directory, file + ".script"), script);
            File.WriteAllText(Path.Combine(directory, file + ".answers"), answers);
        }
    }
}
