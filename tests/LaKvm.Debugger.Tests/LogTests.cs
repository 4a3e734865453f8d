using LaKvm.Debugger.Logging;
using LaKvm.Diagnostics;

namespace LaKvm.Debugger.Tests;

/// <summary>The log of what cores do.</summary>
public sealed class LogTests
{
    /// <summary>Does one of everything, and switches the machine off.</summary>
    private const string Program = """
        start:
            la.local $t0, handler
            csrwr   $t0, 0xc                # EENTRY
            ori     $t0, $zero, 5
            csrwr   $t0, 0x30               # SAVE0
            csrrd   $t1, 0x30
        fault:
            syscall 3
            ori     $t0, $zero, 14
            slli.d  $t0, $t0, 24
            csrwr   $t0, 0x10               # TLBIDX: entry 0, pages of 16 KiB
            li.w    $t0, 0x40000
            csrwr   $t0, 0x11               # TLBEHI
            li.w    $t0, 0x40003
            csrwr   $t0, 0x12               # TLBELO0
            tlbwr
            invtlb  0, $zero, $zero
            lu12i.w $s0, 0x1fe00
            ori     $s0, $s0, 0x1e0
        device:
            ld.bu   $t1, $s0, 5
            ori     $t2, $zero, 0x41
            st.b    $t2, $s0, 7
            li.w    $t0, 0x2000
            iocsrrd.w $t1, $t0
            li.w    $t0, 0x1004
            csrwr   $t0, 4                  # ECFG: IPI, spacing 0
            ori     $t0, $zero, 0
            ori     $t0, $zero, 0x804
            csrwr   $t0, 4                  # ECFG: the timer
            ori     $t0, $zero, 5
            csrwr   $t0, 0x41               # TCFG
            ori     $t0, $zero, 4
            csrxchg $t0, $t0, 0             # CRMD.IE
        wait:
            b       wait
        off:
            lu12i.w $s1, 0x100e0
            ori     $s1, $s1, 0x1c
            ori     $t0, $zero, 0x34
            st.b    $t0, $s1, 0
        1:  b       1b

            .align  12
        handler:
            csrrd   $t0, 5
            srli.d  $t0, $t0, 16
            beqz    $t0, off
            csrrd   $t0, 6
            addi.d  $t0, $t0, 4
            csrwr   $t0, 6
            ertn
        """;

    private const string All = "instructions,exceptions,exits,csr,tlb,mmio,interrupts";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Machine_s_log_has_a_line_for_each_event_behind_that_of_its_instruction(bool interpreter)
    {
        string[] lines = Run(Level.Host, All, interpreter);

        lines.Should().ContainInOrder(
            "core 0 root #0 0x200000 instruction: pcalau12i $t0, 1",
            "core 0 root #2 0x200008 instruction: csrwr $t0, 12",
            "core 0 root #2 0x200008 csr: EENTRY 0x0 -> 0x201000",
            "core 0 root #5 0x200014 csr: SAVE0 is 0x5",
            "core 0 root #6 0x200018 instruction: syscall 3",
            "core 0 root #6 0x200018 exception: SYS (Ecode 0xb, EsubCode 0): syscall 3",
            "core 0 root #7 0x201000 instruction: csrrd $t0, 5",
            "core 0 root #7 0x201000 csr: ESTAT is 0xb0000",
            "core 0 root #13 0x201018 instruction: ertn",
            "core 0 root #14 0x20001c instruction: ori $t0, $zero, 14",
            "core 0 root #22 0x20003c instruction: tlbwr",
            "core 0 root #22 0x20003c tlb: root:    0 0x000000040000     16 KiB ASID 0: 0x40000 PLV0 D, -",
            "core 0 root #23 0x200040 tlb: invalidate 0x0, GID 0, ASID 0, address 0x0",
            "core 0 root #26 0x20004c mmio: read 0x1fe001e5, 1 bytes: 0x60",
            "core 0 root #28 0x200054 mmio: write 0x1fe001e7, 1 bytes: 0x41",
            "core 0 root #30 0x20005c mmio: iocsr read 0x2000, 4 bytes: 0x0",
            "core 0 root #40 0x200084 instruction: csrxchg $t0, $t0, 0",
            "core 0 root #40 0x200084 csr: CRMD 0x8 -> 0xc");
        string interrupt = lines.Should().ContainSingle(line => line.Contains("interrupt:")).Subject;
        interrupt.Should().EndWith(" 0x200088 interrupt: TI (IS 11), goes on at 0x201000");
        lines[^1].Should().EndWith("0x200098 mmio: write 0x100e001c, 1 bytes: 0x34");
        Number(lines.Where(line => line.Contains("instruction:"))).Should()
            .BeInAscendingOrder().And.OnlyHaveUniqueItems();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Virtual_machine_s_log_shows_guest_and_exits(bool interpreter)
    {
        string[] lines = Run(Level.Run, All, interpreter);

        lines.Should().ContainInOrder(
            "vCPU 0 guest #0 0x200000 exit: TLBR, second stage, GPA 0x200000",
            "vCPU 0 guest #1 0x200000 exit: PIF (Ecode 0x3, EsubCode 0), GPA 0x200000",
            "vCPU 0 guest #3 0x200000 exit: enter guest 2",
            "vCPU 0 guest #3 0x200000 instruction: pcalau12i $t0, 1",
            "vCPU 0 guest #5 0x200008 csr: EENTRY 0x0 -> 0x201000",
            "vCPU 0 guest #9 0x200018 exception: SYS (Ecode 0xb, EsubCode 0): syscall 3",
            "vCPU 0 guest #25 0x20003c tlb: guest:    0 0x000000040000     16 KiB ASID 0 GID 2: 0x40000 PLV0 D, -",
            "vCPU 0 guest #30 0x20004c instruction: ld.bu $t1, $s0, 5",
            "vCPU 0 guest #30 0x20004c exit: PIL (Ecode 0x1, EsubCode 0), GPA 0x1fe001e5: ld.bu $t1, $s0, 5",
            "vCPU 0 guest #30 0x20004c mmio: read 0x1fe001e5: 0x60",
            "vCPU 0 guest #32 0x200054 mmio: write 0x1fe001e7: 0x41",
            "vCPU 0 guest #34 0x20005c exit: GSPR (Ecode 0x16, EsubCode 0): iocsrrd.w $t1, $t0",
            "vCPU 0 guest #34 0x20005c mmio: iocsr read 0x2000: 0x0",
            "vCPU 0 guest #44 0x200084 csr: CRMD 0x8 -> 0xc");
        lines.Should().Contain(line => line.EndsWith("0x200088 interrupt: TI (IS 11), goes on at 0x201000"));
        lines.Should().Contain(line => line.Contains(" root #") && line.Contains("tlb: second stage:"));
    }

    /// <summary>What comes before the timer's interrupt does not depend on time.</summary>
    [Theory]
    [InlineData(Level.Host, All)]
    [InlineData(Level.Host, "exceptions,exits,tlb,mmio")]
    [InlineData(Level.Run, All)]
    [InlineData(Level.Run, "exceptions,exits,tlb,mmio")]
    public void Both_engines_have_the_same_log(Level level, string rules) =>
        BeforeInterrupt(Run(level, rules, interpreter: true)).Should()
            .Equal(BeforeInterrupt(Run(level, rules, interpreter: false))).And.HaveCountGreaterThan(4);

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Log_without_instructions_has_the_other_lines_as_with_them(Level level)
    {
        string[] rest = BeforeInterrupt(Run(level, "exceptions,exits,tlb,mmio"));

        BeforeInterrupt(Run(level, All)).Where(line => !line.Contains("instruction:") && !line.Contains("csr:"))
            .Should().Equal(rest);
    }

    [Theory]
    [InlineData("instructions=0x200004-0x20000c", "0x200004", "0x200008")]
    [InlineData("instructions=0x200004+8", "0x200004", "0x200008")]
    [InlineData("instructions=0x200010", "0x200010")]
    [InlineData("instructions=@2:3", "0x200008", "0x20000c", "0x200010")]
    [InlineData("instructions=0x201000-0x202000@8:2", "0x201004", "0x201008")]
    [InlineData("instructions=handler:1", "0x201000")]
    [InlineData("exceptions=fault", "0x200018")]
    [InlineData("exceptions=handler")]
    [InlineData("csr=:2", "0x200008", "0x200010")]
    [InlineData("tlb=0x40000", "0x20003c")]
    [InlineData("mmio=0x1fe001e0+8", "0x20004c", "0x200054")]
    [InlineData("mmio=device", "0x20004c", "0x200054", "0x20005c")]
    [InlineData("interrupts=@1000000000")]
    public void Filter_chooses_by_place_and_number(string rules, params string[] places)
    {
        foreach (bool interpreter in new[] { false, true })
        {
            Run(Level.Host, rules, interpreter).Select(line => line.Split(' ')[4]).Should().Equal(places);
        }
    }

    [Fact]
    public void Filters_choose_in_a_virtual_machine_too() =>
        Run(Level.Run, "mmio=0x1fe001e7,exits=device:1,exceptions=0x200018").Should().Equal(
            "vCPU 0 guest #9 0x200018 exception: SYS (Ecode 0xb, EsubCode 0): syscall 3",
            "vCPU 0 guest #29 0x20004c exit: TLBR, second stage, GPA 0x1fe001e5",
            "vCPU 0 guest #32 0x200054 mmio: write 0x1fe001e7: 0x41");

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Translator_s_log_shows_the_stages_of_a_loop(Level level)
    {
        const string program = """
                lu12i.w $s1, 0x100e0
                ori     $s1, $s1, 0x1c
                ori     $t0, $zero, 100
            loop:
                addi.w  $t0, $t0, -1
                bnez    $t0, loop
                ori     $t0, $zero, 0x34
                st.b    $t0, $s1, 0
            1:  b       1b
            """;
        string[] lines = Run(level, "translator=loop", program: program);

        const string mark = " translator: ";
        lines.Where(line => line.Contains(mark)).Select(line => line[(line.IndexOf(mark) + mark.Length)..]).Should()
            .Equal("decoded", "constants", "dead writes", "words", "accesses", "loops", "machine code");
        lines.Should().Contain("block 00c to 014");
        lines.Should().Contain("  00c  addi.w $t0, $t0, -1              reads r12 writes r12");
    }

    [Fact]
    public void Lines_name_the_symbol()
    {
        string[] lines = Run(Level.Host, "exceptions,instructions=handler:1", symbols: true);

        lines.Should().Equal(
            "core 0 root #6 0x200018 (fault+0x0) exception: SYS (Ecode 0xb, EsubCode 0): syscall 3",
            "core 0 root #7 0x201000 (handler+0x0) instruction: csrrd $t0, 5");
    }

    [Theory]
    [InlineData("flights", "'flights' is none of instructions,exceptions,exits,csr,tlb,mmio,interrupts,translator")]
    [InlineData("csr,", "'' is none of")]
    [InlineData("csr=0x10-0x8", "'0x10-0x8' ends before it begins")]
    [InlineData("csr=0xfg", "'0xfg' is not a number")]
    [InlineData("csr=1+", "'' is not a number")]
    [InlineData("csr=:many", "'many' is not a number")]
    [InlineData("csr=@-1", "'@' is not")]
    [InlineData("csr=no_such_function", "no symbol 'no_such_function'")]
    public void Wrong_rule_is_refused_with_a_reason(string rules, string reason)
    {
        using var log = new EventLog(TextWriter.Null, _ => { });
        Action show = () => log.Show(LogRule.ParseAll(rules));

        show.Should().Throw<FormatException>().Which.Message.Should().Contain(reason.Replace("'@' is", "is"));
        log.Rules.Should().BeEmpty();
    }

    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Command_switches_the_log_of_a_running_machine(Level level)
    {
        var text = new StringWriter();
        using var log = new EventLog(text, _ => { });
        using DebugBench bench = DebugBench.Create(level, "1: addi.d $a0, $a0, 1\nb 1b", log: log);
        bench.Start();
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        gdb.Monitor("log").Should().StartWith("Nothing is logged; there are instructions, ");
        gdb.Monitor("log nonsense").Should().Contain("'nonsense' is none of");

        gdb.Monitor("log instructions=:3, csr").Should().Be("instructions=:3,csr\n");
        gdb.Ask("vCont;s:p1.1");
        gdb.Ask("vCont;s:p1.1");
        gdb.Ask("vCont;s:p1.1");
        gdb.Ask("vCont;s:p1.1");
        gdb.Monitor("log").Should().Be("csr\n", "the three lines are used up");

        gdb.Monitor("log off").Should().StartWith("Nothing is logged");
        gdb.Ask("vCont;s:p1.1");
        text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Should().HaveCount(3)
            .And.OnlyContain(line => line.Contains("instruction: addi.d") || line.Contains("instruction: b "));
    }

    [Fact]
    public void Output_that_fails_is_told_of_once_and_the_guest_goes_on()
    {
        var reasons = new List<string>();
        using var log = new EventLog(new Broken(), reasons.Add);
        log.Show(LogRule.ParseAll(All));
        using DebugBench bench = DebugBench.Create(Level.Host, Program, log: log);
        bench.Start();

        bench.End().Should().Be(LaKvm.Running.MachineEnd.PowerOff);

        reasons.Should().Equal("the disk is full");
    }

    private static string[] Run(
        Level level, string rules, bool interpreter = false, bool symbols = false, string program = Program)
    {
        var text = new StringWriter();
        using (var log = new EventLog(text, reason => throw new InvalidOperationException(reason)))
        {
            using DebugBench bench = DebugBench.Create(level, program, interpreter: interpreter, log: log);
            log.UseSymbols(new Labels(bench.Labels));
            log.Show(LogRule.ParseAll(rules));
            log.UseSymbols(symbols ? new Labels(bench.Labels) : null);
            bench.Start();
            bench.End().Should().Be(LaKvm.Running.MachineEnd.PowerOff);
        }

        return [.. text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Where(line => !line.Contains("invalidate 0x12"))]; // the host's end
    }

    private static string[] BeforeInterrupt(string[] lines) =>
        [.. lines.TakeWhile(line => !line.Contains("0x200088") && !line.Contains("0x200098"))];

    private static IEnumerable<int> Number(IEnumerable<string> lines) =>
        lines.Select(line => int.Parse(line.Split(' ')[3][1..]));

    /// <summary>The labels of a program, each up to the next one.</summary>
    private sealed class Labels(IReadOnlyDictionary<string, ulong> labels) : ISymbols
    {
        private readonly (string Name, ulong Address)[] _labels =
            [.. labels.Select(label => (label.Key, label.Value)).OrderBy(label => label.Value)];

        public string? Find(ulong address)
        {
            (string? name, ulong start) = _labels.LastOrDefault(label => label.Address <= address);
            return name == null ? null : $"{name}+0x{address - start:x}";
        }

        public (ulong Address, ulong Length)? RangeOf(string name)
        {
            int index = Array.FindIndex(_labels, label => label.Name == name);
            return index < 0 ? null : (_labels[index].Address,
                index + 1 < _labels.Length ? _labels[index + 1].Address - _labels[index].Address : 0x1000);
        }
    }

    private sealed class Broken : StringWriter
    {
        public override void WriteLine(string? value) => throw new IOException("the disk is full");
    }
}
