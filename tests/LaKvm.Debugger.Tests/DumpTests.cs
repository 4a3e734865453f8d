namespace LaKvm.Debugger.Tests;

/// <summary>What is around the cores, for people.</summary>
public sealed class DumpTests
{
    /// <summary>
    /// Unmasks pin 2 of the PCH-PIC, which asks at once (edge, vector 2), lets the EIOINTC hand vectors 0 to 31 to HWI1
    /// of core 0, and sends itself an IPI and a letter.
    /// </summary>
    private const string Program = """
            lu12i.w $s0, 0x10000            # PCH-PIC
            addi.d  $t0, $zero, -5
            st.d    $t0, $s0, 0x20          # mask: all but pin 2
            ori     $t0, $zero, 4
            st.d    $t0, $s0, 0x40          # pin 2 has a vector of its own
            st.d    $t0, $s0, 0x60          # edge
            ori     $t0, $zero, 2
            ori     $t1, $zero, 0x202
            st.b    $t0, $s0, 0x202         # vector
            li.w    $t1, 0x14c0
            iocsrwr.w $t0, $t1              # pin map: HWI1
            ori     $t0, $zero, 4
            li.w    $t1, 0x1600
            iocsrwr.w $t0, $t1              # vector 2 is enabled
            ori     $t0, $zero, 1
            li.w    $t1, 0x1c00
            ori     $t2, $zero, 0
            slli.d  $t2, $t0, 16
            iocsrwr.w $t2, $t1              # its route
            addi.d  $t0, $zero, -1
            li.w    $t1, 0x1004
            iocsrwr.w $t0, $t1              # IPI enable
            ori     $t0, $zero, 8
            li.w    $t1, 0x1008
            iocsrwr.w $t0, $t1              # IPI 3
            ori     $t0, $zero, 0x77
            li.w    $t1, 0x1020
            iocsrwr.w $t0, $t1              # mailbox 0
            ori     $t0, $zero, 5
            csrwr   $t0, 0x1e               # STLBPS
        done:
            b       done
        """;

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Interrupt_controllers_show_pins_vectors_routes_and_ipis(Level level)
    {
        using DebugBench bench = DebugBench.Create(level, Program, cpus: 2);
        using RspClient gdb = AtTheEnd(bench);

        string text = gdb.Monitor("info irq");

        text.Should().Contain("PCH-PIC: mask 0xfffffffffffffffb")
            .And.Contain("  pin 2 -> vector 2: edge")
            .And.Contain("EIOINTC: pin map 0x0000000000000002")
            .And.MatchRegex("  vector 2: enabled, route 0x01, pin map 0x2")
            .And.MatchRegex("  core 0: status 0x8 enable 0xffffffff mailboxes 0x77 0x0 0x0 0x0")
            .And.Contain("  core 1: status 0x0 ");
    }

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Memory_map_shows_ram_and_devices_by_address(Level level)
    {
        using DebugBench bench = DebugBench.Create(level, Program);
        using RspClient gdb = AtTheEnd(bench);

        string[] lines = gdb.Monitor("info mtree").Split('\n', StringSplitOptions.RemoveEmptyEntries);

        lines[0].Should().Be("0000000000000000-0000000003ffffff RAM");
        lines.Should().BeInAscendingOrder(StringComparer.Ordinal)
            .And.Contain(line => line.StartsWith("000000001fe001e0-"));
    }

    [Fact]
    public void Slots_and_second_stage_of_a_virtual_machine_are_shown()
    {
        using DebugBench bench = DebugBench.Create(Level.Run, Program);
        using RspClient gdb = AtTheEnd(bench);

        gdb.Monitor("info slots").Should()
            .MatchRegex("^slot 0: GPA 0000000000000000-0000000003ffffff at 0x[0-9a-f]+\nslot 1: [^\n]*, read-only\n$");
        gdb.Monitor("gpa-walk 0x200000").Should()
            .MatchRegex(@"^level 2\[0\] at 0x[0-9a-f]+ = 0x[0-9a-f]+\nlevel 1\[0\] [^\n]*\n(level 0[^\n]*\n)?page of ")
            .And.MatchRegex(@"physical 0x[0-9a-f]+\n$");
        gdb.Monitor("gpa-walk 0x40000000").Should().Contain(", nothing\nnot mapped\n");
        gdb.Monitor("gpa-walk 0xffffffffffff").Should().EndWith("not mapped\n");
    }

    [Fact]
    public void Bare_machine_has_no_slots()
    {
        using DebugBench bench = DebugBench.Create(Level.Host, Program);
        using RspClient gdb = AtTheEnd(bench);

        gdb.Monitor("info slots").Should().Be("None.\n");
    }

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Csrs_are_shown_with_their_fields(Level level)
    {
        using DebugBench bench = DebugBench.Create(level, Program);
        using RspClient gdb = AtTheEnd(bench);

        gdb.Monitor("info csrs csr_stlbps").Should().StartWith("csr_stlbps       0x01e 0000000000000005 PS=5\n");
        gdb.Monitor("info csrs csr_crmd").Should()
            .StartWith("csr_crmd         0x000 0000000000000008 PLV=0 IE=0 DA=1 PG=0 DATF=0 DATM=0 WE=0\n");
    }

    private static RspClient AtTheEnd(DebugBench bench)
    {
        bench.Start();
        RspClient gdb = bench.Connect();
        gdb.Begin();
        gdb.Ask($"Z0,{bench.Labels["done"]:x},4").Should().Be("OK");
        gdb.Ask("vCont;c").Should().Contain("swbreak");
        return gdb;
    }
}
