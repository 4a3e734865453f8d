using System.Xml.Linq;

namespace LaKvm.Debugger.Tests;

/// <summary>What debuggers and people ask of a machine that is stopped.</summary>
public sealed class QuestionTests
{
    [Theory]
    [InlineData(Level.Host)]
    [InlineData(Level.Run)]
    public void Description_has_gdb_s_features_whole_and_every_csr_by_name(Level level)
    {
        using DebugBench bench = Running(level);
        using RspClient gdb = bench.Connect();
        gdb.Begin();
        XElement target = XDocument.Parse(gdb.Document("features:read:target.xml")).Root!;
        target.Element("architecture")!.Value.Should().Be("loongarch64");
        string[] registers = [.. target.Descendants("reg").Select(reg => reg.Attribute("name")!.Value)];
        registers.Should().OnlyHaveUniqueItems();
        registers.Take(35).Should().Equal(
            [.. Enumerable.Range(0, 32).Select(n => $"r{n}"), "orig_a0", "pc", "badv"]);
        registers.Should().Contain([.. Enumerable.Range(0, 32).SelectMany(n => new[] { $"f{n}", $"vr{n}", $"xr{n}" })]);
        foreach (XElement csr in target.Descendants("reg").Where(reg => (string?)reg.Attribute("group") == "csr"))
        {
            gdb.Ask($"p{(int)csr.Attribute("regnum")!:x}").Should().MatchRegex("^[0-9a-f]{16}$");
        }

        registers.Should().Contain(["scr0", "eflags", "ftop"], "gdb 18 rejects a description without LBT");
        registers.Should().Contain(["csr_crmd", "csr_estat", "csr_dmw3", "csr_tlbrelo1", "csr_save7"]);
        registers.Contains("gcsr_era").Should().Be(level == Level.Host);
        registers.Contains("csr_gcfg").Should().Be(level == Level.Host);
        int save0 = (int)target.Descendants("reg").Single(reg => (string)reg.Attribute("name")! == "csr_save0")
            .Attribute("regnum")!;
        gdb.Ask($"P{save0:x}=8877665544332211").Should().Be("OK");
        gdb.Ask($"p{save0:x}").Should().Be("8877665544332211");
        XDocument.Parse(gdb.Document("threads:read:")).Descendants("thread").Should().ContainSingle();
        XDocument.Parse(gdb.Document("memory-map:read:").Split("gdb-memory-map.dtd\">")[1]).Root!.Elements()
            .Should().ContainSingle();
    }

    [Theory]
    [InlineData("help", "page-walk")]
    [InlineData("info registers", "a0   ")]
    [InlineData("info csrs crmd", "csr_crmd         0x000 0000000000000008")]
    [InlineData("info breakpoints", "None.")]
    [InlineData("info status", "paused")]
    [InlineData("page-walk 0x300000", "CRMD.PG is 0: direct-address mode\nphysical 0x300000\n")]
    [InlineData("dis 0x200000 1", "0x200000: ")]
    [InlineData("xp 0xffffffff0000", "No RAM at 0xffffffff0000.")]
    [InlineData("x", "an address is missing")]
    [InlineData("x abc", "'abc' is not a number")]
    [InlineData("info csrs nothing", "no CSR has 'nothing'")]
    [InlineData("fly", "There is no command 'fly'")]
    public void Monitor_command_answers(string command, string answer)
    {
        using DebugBench bench = Running(Level.Host);
        using RspClient gdb = bench.Connect();
        gdb.Begin();

        gdb.Monitor(command).Should().Contain(answer);
    }

    [Fact]
    public void Lldb_s_questions_are_answered()
    {
        using DebugBench bench = Running(Level.Host);
        using RspClient lldb = bench.Connect();
        lldb.Begin("xmlRegisters=i386,arm,mips,arc;multiprocess+");
        lldb.Ask("qHostInfo").Should().Contain("ptrsize:8;endian:little;");
        lldb.Ask("qProcessInfo").Should().StartWith("pid:1;");
        lldb.Ask("QThreadSuffixSupported").Should().BeEmpty();
        lldb.Ask("qRegisterInfo0").Should().BeEmpty();
        lldb.Ask("vMustReplyEmpty").Should().BeEmpty();
    }

    private static DebugBench Running(Level level)
    {
        DebugBench bench = DebugBench.Create(level, "1: addi.d $a0, $a0, 1\nb 1b");
        bench.Start();
        return bench;
    }
}
