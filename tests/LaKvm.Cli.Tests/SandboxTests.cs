using System.Text.RegularExpressions;
using LaKvm.Linux;

namespace LaKvm.Cli.Tests;

/// <summary>What a guest that has broken out of its machine can still do.</summary>
public class SandboxTests
{
    private const int Self = 4711;
    private const uint Eperm = SystemCallFilter.Fail | 1, Enosys = SystemCallFilter.Fail | 38;

    [Theory]
    [InlineData("run", 2)]
    [InlineData("host", 2)]
    [InlineData("run --sandbox on", 2)]
    [InlineData("run --sandbox off", 0)]
    public void Every_thread_of_a_run_is_confined_by_default(string command, int seccomp)
    {
        using var kernel = new TestKernel(TestKernel.Print("up") + "3: b 3b\n");
        using var lakvm = new LakvmProcess([.. command.Split(' '), "--cpus", "2", "--kernel", kernel.Path]);
        lakvm.Expect("up", TimeSpan.FromSeconds(30));

        string[] threads = [.. Directory.GetDirectories($"/proc/{lakvm.Id}/task")
            .Select(task => File.ReadAllText($"{task}/status"))];

        threads.Should().HaveCountGreaterThan(4);
        foreach (string status in threads)
        {
            Regex.Match(status, @"^Seccomp:\s+(\d)", RegexOptions.Multiline).Groups[1].Value.Should()
                .Be($"{seccomp}", status);
        }
    }

    [Theory]
    [InlineData("execve", 59, 0, 0, 0, Eperm)]
    [InlineData("execveat", 322, 0, 0, 0, Eperm)]
    [InlineData("fork", 57, 0, 0, 0, Eperm)]
    [InlineData("clone of a process", 56, 17, 0, 0, Eperm)]
    [InlineData("clone of a thread", 56, 0x3d0f00, 0, 0, SystemCallFilter.Allow)]
    [InlineData("clone3", 435, 0, 0, 0, Enosys)]
    [InlineData("openat to read", 257, -100, 0, 0x80000, SystemCallFilter.Allow)]
    [InlineData("openat to write", 257, -100, 0, 0x80001, Eperm)]
    [InlineData("openat to read and write", 257, -100, 0, 2, Eperm)]
    [InlineData("openat to create", 257, -100, 0, 0x40, Eperm)]
    [InlineData("openat to cut", 257, -100, 0, 0x200, Eperm)]
    [InlineData("openat of a nameless file", 257, -100, 0, 0x410000, Eperm)]
    [InlineData("open to write", 2, 0, 1, 0, Eperm)]
    [InlineData("openat2", 437, 0, 0, 0, Enosys)]
    [InlineData("unlink", 87, 0, 0, 0, Eperm)]
    [InlineData("rename", 82, 0, 0, 0, Eperm)]
    [InlineData("socket", 41, 2, 2, 0, Eperm)]
    [InlineData("connect", 42, 5, 0, 0, Eperm)]
    [InlineData("ptrace", 101, 16, 1, 0, Eperm)]
    [InlineData("kill of another", 62, 1, 9, 0, Eperm)]
    [InlineData("kill of itself", 62, Self, 6, 0, SystemCallFilter.Allow)]
    [InlineData("kill of all", 62, -1, 9, 0, Eperm)]
    [InlineData("process_vm_writev of another", 311, 1, 0, 0, Eperm)]
    [InlineData("process_vm_writev of itself", 311, Self, 0, 0, SystemCallFilter.Allow)]
    [InlineData("typing for the shell", 16, 0, 0x5412, 0, Eperm)]
    [InlineData("terminal settings", 16, 0, 0x5402, 0, SystemCallFilter.Allow)]
    [InlineData("prctl that dumps", 157, 4, 1, 0, Eperm)]
    [InlineData("mount", 165, 0, 0, 0, Eperm)]
    [InlineData("io_uring_setup", 425, 0, 0, 0, Eperm)]
    [InlineData("a call that does not exist yet", 600, 0, 0, 0, Eperm)]
    [InlineData("mprotect", 10, 0, 0, 5, SystemCallFilter.Allow)]
    public void Filter_answers(string what, int number, long first, long second, long third, uint answer) =>
        Run(new SystemCallFilter(Self, MachineNeeds.None), SystemCallFilter.X64, (uint)number, first, second, third)
            .Should().Be(answer, what);

    [Fact]
    public void Filter_lets_a_machine_with_a_network_connect_to_the_internet_only()
    {
        var filter = new SystemCallFilter(Self, MachineNeeds.Network);

        Run(filter, SystemCallFilter.X64, 41, 2, 1, 0).Should().Be(SystemCallFilter.Allow, "TCP");
        Run(filter, SystemCallFilter.X64, 41, 1, 1, 0).Should()
            .Be(Eperm, "Unix sockets lead to the desktop and to daemons");
        Run(filter, SystemCallFilter.X64, 59, 0, 0, 0).Should().Be(Eperm);
    }

    [Theory]
    [InlineData("openat2", 437, 0, SystemCallFilter.Allow)]
    [InlineData("renameat2", 316, 0, SystemCallFilter.Allow)]
    [InlineData("mknodat of a pipe", 259, 0x11a4, SystemCallFilter.Allow)]
    [InlineData("mknodat of a disk", 259, 0x61a4, Eperm)]
    [InlineData("mknodat of a terminal", 259, 0x21a4, Eperm)]
    [InlineData("openat to write", 257, 1, Eperm)]
    [InlineData("rename by path", 82, 0, Eperm)]
    [InlineData("execve", 59, 0, Eperm)]
    [InlineData("socket", 41, 0, Eperm)]
    public void Filter_lets_a_machine_with_a_share_change_files(string what, int number, long third, uint answer) =>
        Run(new SystemCallFilter(Self, MachineNeeds.Share), SystemCallFilter.X64, (uint)number, 0, 0, third)
            .Should().Be(answer, what);

    [Fact]
    public void Filter_lets_only_a_machine_with_a_user_network_listen()
    {
        const uint listen = 50, accept = 288;
        foreach (uint number in (uint[])[listen, accept])
        {
            Run(new SystemCallFilter(Self, MachineNeeds.Network), SystemCallFilter.X64, number, 3).Should().Be(Eperm);
            Run(new SystemCallFilter(Self, MachineNeeds.Listening), SystemCallFilter.X64, number, 3)
                .Should().Be(SystemCallFilter.Allow);
        }
    }

    [Fact]
    public void Filter_ends_a_process_that_calls_as_another_architecture() =>
        Run(new SystemCallFilter(Self, MachineNeeds.None), 0x4000_0003, 1, 0, 0, 0).Should().Be(SystemCallFilter.Kill);

    /// <summary>What the kernel does with the program and a call (struct seccomp_data).</summary>
    private static uint Run(SystemCallFilter filter, uint architecture, uint number, params long[] arguments)
    {
        uint accumulator = 0;
        for (int next = 0; ; next++)
        {
            SystemCallFilter.Instruction step = filter.Program[next];
            switch (step.Code)
            {
                case 0x20:
                    accumulator = step.Constant switch { 0 => number, 4 => architecture, var at =>
                        (uint)arguments[(at - 16) / 8] };
                    break;
                case 0x54:
                    accumulator &= step.Constant;
                    break;
                case 0x15:
                    next += accumulator == step.Constant ? step.IfTrue : step.IfFalse;
                    break;
                default:
                    step.Code.Should().Be(0x06);
                    return step.Constant;
            }
        }
    }
}
