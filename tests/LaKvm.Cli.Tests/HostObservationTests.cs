using System.Text.Json;

namespace LaKvm.Cli.Tests;

/// <summary>--stat and --trace of a bare machine, whose own hypervisor runs a guest.</summary>
public sealed class HostObservationTests : IDisposable
{
    /// <summary>
    /// Root mode with a window on low addresses; its refill handler maps guest-physical addresses to themselves. After
    /// 200 exits it switches the machine off.
    /// </summary>
    private const string Hypervisor = """
            ori     $t0, $zero, 1
            csrwr   $t0, 0x180              # DMW0: where the refill's ertn, which switches paging on, leads
            la.local $t0, refill
            csrwr   $t0, 0x88               # TLBRENTRY
            ori     $t0, $zero, 14
            csrwr   $t0, 0x8e               # TLBREHI.PS: pages of 16 KiB
            la.local $t0, exit
            csrwr   $t0, 0xc                # EENTRY
            ori     $t0, $zero, 14
            csrwr   $t0, 0x1e               # STLBPS
            li.w    $t0, 0x50002
            csrwr   $t0, 0x50               # GSTAT: guest 5, which ertn returns to
            li.w    $t0, 0x51000
            csrwr   $t0, 0x15               # GTLBC
            la.local $t0, guest
            csrwr   $t0, 6                  # ERA
            ori     $s2, $zero, 200
            ertn
        guest:
            ori     $t1, $zero, 2
        again:
            cpucfg  $t2, $t1
            hvcl    0x100
            csrrd   $t2, 0x80               # IMPCTL1, which a guest has not
            iocsrrd.w $t2, $t1
            b       again

            .align  12
        exit:
            csrwr   $t0, 0x30
            csrrd   $t0, 6
            addi.d  $t0, $t0, 4
            csrwr   $t0, 6
            csrrd   $t0, 0x30
            addi.d  $s2, $s2, -1
            beqz    $s2, off
            ertn
        off:

        """ + TestKernel.PowerOff + """
            .align  12
        refill:
            csrwr   $t0, 0x8b
            csrrd   $t0, 0x89               # TLBRBADV
            srli.d  $t0, $t0, 15
            slli.d  $t0, $t0, 15
            ori     $t0, $t0, 3
            csrwr   $t0, 0x8c               # TLBRELO0
            csrrd   $t0, 0x89
            srli.d  $t0, $t0, 15
            slli.d  $t0, $t0, 1
            ori     $t0, $t0, 1
            slli.d  $t0, $t0, 14
            ori     $t0, $t0, 3
            csrwr   $t0, 0x8d               # TLBRELO1
            tlbfill
            csrrd   $t0, 0x8b
            ertn
        """;

    private readonly string _file = $"{Path.GetTempFileName()}.json";
    private readonly TestKernel _kernel = new(Hypervisor);

    public void Dispose()
    {
        _kernel.Dispose();
        File.Delete(_file);
    }

    [Theory]
    [InlineData("translator")]
    [InlineData("interpreter")]
    public void Statistics_count_and_time_the_guest_s_exits_by_kind(string engine)
    {
        Run("--stat", _file, "--engine", engine);

        JsonElement all = JsonDocument.Parse(File.ReadAllText(_file)).RootElement;
        all.GetProperty("cores").GetInt32().Should().Be(1);
        all.GetProperty("guest_ns").GetUInt64().Should().BePositive();
        Dictionary<string, JsonElement> exits = all.GetProperty("exits").EnumerateArray()
            .ToDictionary(exit => exit.GetProperty("kind").GetString()!);
        foreach (string kind in new[] { "cpucfg", "hypercall", "csr", "iocsr" })
        {
            exits[kind].GetProperty("count").GetInt32().Should().BeInRange(49, 50, "the last one does not come back");
            ulong[] times = [.. new[] { "min_ns", "p50_ns", "p90_ns", "p99_ns", "max_ns" }
                .Select(name => exits[kind].GetProperty(name).GetUInt64())];
            times.Should().BeInAscendingOrder();
            times[0].Should().BePositive();
        }

        exits.Keys.Should().BeEquivalentTo("cpucfg", "hypercall", "csr", "iocsr", "second-stage-refill");
        exits["second-stage-refill"].GetProperty("count").GetInt32().Should().Be(1, "one page is the guest's code");
        all.GetProperty("places").EnumerateArray().Should().HaveCountGreaterThanOrEqualTo(4);
    }

    [Fact]
    public void Table_is_shown_at_the_end()
    {
        string errors = Run("--stat", "--cpus", "2");

        errors.Should().Contain("seconds, 2 cores\n").And.MatchRegex("hypercall +(49|50) ")
            .And.NotContain("KVM's counters");
    }

    [Fact]
    public void Trace_has_a_row_for_each_core_with_the_guest_s_exits()
    {
        Run("--trace", _file, "--cpus", "2");

        JsonElement[] events = [.. JsonDocument.Parse(File.ReadAllText(_file)).RootElement
            .GetProperty("traceEvents").EnumerateArray()];
        events.Where(e => Text(e, "ph") == "M").Select(e => Text(e.GetProperty("args"), "name")).Should()
            .Equal("core 0", "core 1");
        JsonElement[] exits = [.. events.Where(e => Text(e, "ph") == "X" && Text(e, "name") == "CSR")];
        exits.Should().HaveCount(50);
        exits[0].GetProperty("args").GetProperty("instruction").GetString().Should().StartWith("csrrd $t2, ");
        exits[0].GetProperty("args").GetProperty("csr").GetString().Should().Be("0x80");
        events.Should().Contain(e => Text(e, "name") == "guest").And.Contain(e => Text(e, "name") == "kvm_reenter");
    }

    [Fact]
    public void Machine_without_a_guest_has_no_exits()
    {
        using var plain = new TestKernel(TestKernel.Print("x") + TestKernel.PowerOff);
        (int code, string output, _) = LakvmProcess.Run(
            "host", "--kernel", plain.Path, "--memory", "64", "--stat", _file);

        (code, output).Should().Be((0, "x"));
        JsonDocument.Parse(File.ReadAllText(_file)).RootElement.GetProperty("exits").GetArrayLength().Should().Be(0);
    }

    private string Run(params string[] options)
    {
        (int code, _, string errors) = LakvmProcess.Run(
            ["host", "--kernel", _kernel.Path, "--memory", "64", .. options]);
        code.Should().Be(0, errors);
        return errors;
    }

    private static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
}
