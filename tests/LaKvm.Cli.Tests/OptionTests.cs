using LaKvm.Backends.UserNetwork;

namespace LaKvm.Cli.Tests;

public class OptionTests
{
    [Theory]
    [InlineData("0", 0UL)]
    [InlineData("512", 512UL << 20)]
    [InlineData("64k", 65536UL)]
    [InlineData("512M", 512UL << 20)]
    [InlineData("2g", 2UL << 30)]
    [InlineData("16777215T", 16777215UL << 40)]
    public void ByteSize_of_digits_and_unit_is_parsed(string text, ulong bytes)
    {
        ByteSize.TryParse(text, ByteSize.Mebi, out ulong parsed).Should().BeTrue();
        parsed.Should().Be(bytes);
    }

    [Theory]
    [InlineData("")]
    [InlineData("G")]
    [InlineData("-1G")]
    [InlineData("1.5G")]
    [InlineData("2GB")]
    [InlineData(" 2G")]
    [InlineData("16777216T")]
    [InlineData("99999999999999999999999")]
    public void ByteSize_of_anything_else_is_refused(string text) =>
        ByteSize.TryParse(text, ByteSize.Mebi, out _).Should().BeFalse();

    [Theory]
    [InlineData("dir", "dir", "share", false)]
    [InlineData("dir,readonly", "dir", "share", true)]
    [InlineData("dir,tag=work", "dir", "work", false)]
    [InlineData("dir,readonly,tag=work", "dir", "work", true)]
    [InlineData("a,b,tag=work,readonly", "a,b", "work", true)]
    [InlineData("dir,readonly,often", "dir,readonly,often", "share", false)]
    public void ShareOption_takes_its_words_from_the_end(string text, string path, string tag, bool readOnly) =>
        ShareOption.Parse(text).Should().Be(new ShareOption(path, tag, readOnly));

    [Fact]
    public void NetworkOption_understands_QEMUs_words_for_a_user_network()
    {
        var option = (UserNetworkOption)NetworkOption.Parse(
            "user,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=udp::53-10.0.2.16:5353,restrict=on");

        option.IsRestricted.Should().BeTrue();
        option.Forwards.Should().Equal(
            new PortForward(false, "127.0.0.1", 2222, "10.0.2.15", 22),
            new PortForward(true, "0.0.0.0", 53, "10.0.2.16", 5353));
    }

    [Theory]
    [InlineData("it's", @"'it'\''s'")]
    [InlineData("", "''")]
    [InlineData("$HOME `x` \"\n", "'$HOME `x` \"\n'")]
    public void GuestProgram_quotes_words_as_a_shell_reads_them(string word, string quoted) =>
        GuestProgram.Quote(word).Should().Be(quoted);

    [Theory]
    [InlineData("ctrl-a", "Ctrl-A")]
    [InlineData("CTRL-B", "Ctrl-B")]
    [InlineData("^]", "Ctrl-]")]
    [InlineData("c-t", "Ctrl-T")]
    [InlineData("none", "none")]
    public void ControlKey_is_read_in_its_usual_forms(string text, string shown) =>
        ControlKey.Parse(text).ToString().Should().Be(shown);

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("ctrl-")]
    [InlineData("ctrl-1")]
    [InlineData("ctrl-ab")]
    public void ControlKey_that_no_terminal_can_send_is_refused(string text)
    {
        Action parse = () => ControlKey.Parse(text);

        parse.Should().Throw<UserErrorException>().Which.ExitCode.Should().Be(ExitCode.Usage);
    }

    [Theory]
    [InlineData("rnu", "run")]
    [InlineData("-kernel", "--kernel")]
    [InlineData("--memroy", "--memory")]
    [InlineData("--irq-chip", "--irqchip")]
    [InlineData("frobnicate", null)]
    [InlineData("x", null)]
    [InlineData("", null)]
    public void NearMiss_is_a_word_of_few_slips(string typed, string? meant) =>
        NearMiss.Find(typed, ["run", "host", "--kernel", "--memory", "--irqchip", "--initrd"]).Should().Be(meant);

    [Theory]
    [InlineData(512UL, "512 bytes")]
    [InlineData(64UL << 20, "64 MiB")]
    [InlineData(25_233_000_000UL, "23.5 GiB")]
    [InlineData(9UL << 40, "9 TiB")]
    public void ByteSize_is_shown_in_its_largest_unit(ulong bytes, string text) =>
        ByteSize.Format(bytes).Should().Be(text);

    [Theory]
    [InlineData("disk.img", "disk.img", nameof(DriveMode.ReadWrite))]
    [InlineData("disk.img,readonly", "disk.img", nameof(DriveMode.ReadOnly))]
    [InlineData("a,b.img,snapshot", "a,b.img", nameof(DriveMode.Snapshot))]
    public void DriveOption_splits_file_and_mode_at_the_last_comma(string text, string path, string mode) =>
        DriveOption.Parse(text).Should().Be(new DriveOption(path, Enum.Parse<DriveMode>(mode)));

    [Theory]
    [InlineData("0x200000", null, 0x20_0000UL)]
    [InlineData("2097152", null, 0x20_0000UL)]
    [InlineData("0X9000000000200000", null, 0x9000_0000_0020_0000UL)]
    [InlineData("a@b.bin@0x80000000", "a@b.bin", 0x8000_0000UL)]
    public void LoadOption_splits_file_and_address_at_the_last_at(string text, string? path, ulong address) =>
        LoadOption.Parse(text).Should().Be(new LoadOption(path, address));

    [Theory]
    [InlineData("")]
    [InlineData("kernel.bin")]
    [InlineData("kernel.bin@")]
    [InlineData("@0x200000")]
    [InlineData("0x")]
    [InlineData("-1")]
    [InlineData("0x12345678123456789")]
    public void LoadOption_without_file_or_address_is_refused(string text)
    {
        Action parse = () => LoadOption.Parse(text);

        parse.Should().Throw<UserErrorException>().Which.ExitCode.Should().Be(ExitCode.Usage);
    }

    [Theory]
    [InlineData("")]
    [InlineData(",readonly")]
    [InlineData("disk.img,readwrite")]
    [InlineData("disk.img,")]
    public void DriveOption_without_file_or_with_an_unknown_word_is_refused(string text)
    {
        Action parse = () => DriveOption.Parse(text);

        parse.Should().Throw<UserErrorException>().Which.ExitCode.Should().Be(ExitCode.Usage);
    }
}
