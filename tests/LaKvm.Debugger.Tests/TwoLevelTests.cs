namespace LaKvm.Debugger.Tests;

/// <summary>A bare machine on which a hypervisor of a few instructions runs a guest: two processes.</summary>
public sealed class TwoLevelTests : IDisposable
{
    private const int A0 = 4, Pc = 33;

    /// <summary>
    /// Root mode with a window on low addresses; its refill handler maps guest-physical addresses to themselves.
    /// </summary>
    private const string Program = """
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
            ertn
        guest:
            addi.d  $a0, $a0, 1
        call:
            hvcl    0x100
        after:
            b       guest

            .align  12
        exit:
            csrwr   $t0, 0x30
            csrrd   $t0, 6
            addi.d  $t0, $t0, 4
            csrwr   $t0, 6
            csrrd   $t0, 0x30
            ertn

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

    private readonly DebugBench _bench = DebugBench.Create(Level.Host, Program);
    private readonly RspClient _gdb;

    public TwoLevelTests()
    {
        _bench.Start();
        _gdb = _bench.Connect();
        _gdb.Begin();
    }

    public void Dispose()
    {
        _gdb.Dispose();
        _bench.Dispose();
    }

    [Fact]
    public void Guest_is_a_process_whose_step_may_end_in_its_hypervisor()
    {
        BreakInGuest("guest");
        ulong count = _gdb.ReadRegister(A0);
        _gdb.Ask("vCont;s:p2.1").Should().Be("T05thread:p2.1;core:0;");
        _gdb.ReadRegister(Pc).Should().Be(_bench.Labels["call"]);
        _gdb.ReadRegister(A0).Should().Be(count + 1);

        _gdb.Ask("vCont;s:p2.1").Should().Be("T05thread:p1.1;core:0;", "hvcl leaves the guest");

        _gdb.ReadRegister(Pc).Should().Be(_bench.Labels["exit"]);
        _gdb.Ask("vCont;s:p1.1").Should().Be("T05thread:p1.1;core:0;");
        _gdb.Ask("Hgp2.1").Should().Be("OK");
        _gdb.Ask($"p{A0:x}").Should().Be("xxxxxxxxxxxxxxxx");
        _gdb.ReadRegister(Pc).Should().Be(_bench.Labels["call"], "there the hypervisor finds it");
        _gdb.Ask($"P{A0:x}=0000000000000000").Should().StartWith("E.the guest does not run");
    }

    [Fact]
    public void Breakpoints_of_a_process_are_its_own()
    {
        BreakInGuest("exit"); // which the guest never executes, but its hypervisor does
        _gdb.Send("vCont;c");
        DebugBench.WaitUntil(() => _bench.Life.State == LaKvm.Running.MachineState.Running);
        Thread.Sleep(50);
        _gdb.SendRaw("\x3");
        _gdb.Receive().Should().StartWith("T02");
        _gdb.Ask("Hgp1.1").Should().Be("OK");
        _gdb.Ask($"Z0,{_bench.Labels["exit"]:x},4").Should().Be("OK");

        _gdb.Ask("vCont;c").Should().Be("T05thread:p1.1;core:0;swbreak:;");

        _gdb.ReadRegister(Pc).Should().Be(_bench.Labels["exit"]);
        _gdb.Ask("D;1").Should().Be("OK");
        _gdb.Ask("qfThreadInfo").Should().Be("mp2.1");
    }

    [Fact]
    public void Memory_of_the_guest_is_what_its_second_stage_leads_to()
    {
        BreakInGuest("guest");
        string code = _gdb.Ask($"m{_bench.Labels["guest"]:x},c");
        _gdb.Ask("Hgp1.1");
        _gdb.Ask($"m{_bench.Labels["guest"]:x},c").Should().Be(code);
        _gdb.Ask("Hgp2.1");
        _gdb.Monitor("info tlb").Should().Contain("second stage:").And.Contain("GID 5");
        _gdb.Monitor("info registers").Should().Contain("guest 5");
        _gdb.Ask("m80000000,4").Should().Be("E0e", "the second stage has no such page");
    }

    [Fact]
    public void Second_stage_is_shown_entry_by_entry()
    {
        BreakInGuest("guest");

        _gdb.Monitor("gpa-walk 0x200000").Should().StartWith("TLB entry ").And.Contain("GID 5")
            .And.EndWith("physical 0x200000\n");
        _gdb.Monitor("gpa-walk 0x80000000").Should().EndWith("not mapped\n");
        _gdb.Ask("Hgp1.1");
        _gdb.Monitor("info csrs gstat").Should().Contain(" GID=5");
        _gdb.Monitor("info csrs gtlbc").Should().Contain("USETGID=1 TGID=5");
    }

    private void BreakInGuest(string label)
    {
        _gdb.Ask("vAttach;2").Should().Be("T05thread:p2.1;");
        _gdb.Ask("qfThreadInfo").Should().Be("mp1.1,p2.1");
        _gdb.Ask("Hgp2.0").Should().Be("OK");
        _gdb.Ask($"Z0,{_bench.Labels[label]:x},4").Should().Be("OK");
        if (label == "guest")
        {
            _gdb.Ask("vCont;c").Should().Be("T05thread:p2.1;core:0;swbreak:;");
            _gdb.ReadRegister(Pc).Should().Be(_bench.Labels["guest"]);
            _gdb.Ask($"z0,{_bench.Labels[label]:x},4").Should().Be("OK");
        }
    }
}
