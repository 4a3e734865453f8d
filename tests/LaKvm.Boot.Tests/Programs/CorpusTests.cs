namespace LaKvm.Boot.Tests.Programs;

/// <summary>
/// Real programs, compiled in several ways, print in the booted guest what they print on this computer.
/// </summary>
[Trait("Category", "Slow")]
public sealed class CorpusTests(Corpus corpus) : IClassFixture<Corpus>
{
    /// <summary>The interpreter is slow, so it runs the variants with the most kinds of instructions.</summary>
    public static TheoryData<string, int, string, string[]> Machines() => new()
    {
        { "host", 4, "translator", Corpus.Variants },
        { "run", 4, "translator", Corpus.Variants },
        { "host", 2, "interpreter", ["gcc-O3-lasx"] },
        { "run", 2, "interpreter", ["clang-O3-lasx"] },
    };

    [Theory]
    [MemberData(nameof(Machines))]
    public void Programs_print_in_the_guest_what_they_print_here(
        string command, int cpus, string engine, string[] variants)
    {
        string[] options = ["--cpus", $"{cpus}", "--memory", "1G", "--engine", engine, "--drive",
            $"{corpus.Image},snapshot"];
        using var guest = new GuestShell([command, .. options]);
        guest.Run("dmesg -n 1; modprobe ext4; mkdir /mnt; mount -t ext4 /dev/vda /mnt && echo mounted").Should()
            .Contain("mounted");

        foreach (string variant in variants)
        {
            Dictionary<string, string> printed = Corpus.Sections(guest.Run($"/mnt/{variant}"));

            corpus.Expected.Where(program => printed.GetValueOrDefault(program.Key) != program.Value)
                .Select(
                program => $"{program.Key}: {printed.GetValueOrDefault(program.Key)} instead of {program.Value}")
                .Should().BeEmpty("this is {0} under lakvm {1}", variant, command);
        }

        guest.Type("poweroff -f");
        guest.WaitForExit().Should().Be(0);
    }
}
