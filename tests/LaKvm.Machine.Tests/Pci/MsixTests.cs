namespace LaKvm.Machine.Tests;

public sealed class MsixTests : IDisposable
{
    private const ulong Table = 0x4000_0000, Doorbell = 0x2ff0_0000;
    private const ulong Enable = 0x8000, FunctionMask = 0x4000;

    private readonly PciBench _bench = new();
    private readonly int _control;
    private TestFunction _function = null!;

    public MsixTests()
    {
        _bench.Host.Plug(1, socket => _function = new TestFunction(socket));
        _bench.Configure(1, 0x14, 4, Table);
        _bench.Configure(1, 4, 2, 2);
        _control = (int)_bench.Configuration(1, 0x34, 1) + 2;
    }

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Capability_tells_number_of_messages_and_where_table_and_pending_bits_are()
    {
        _bench.Configuration(1, _control - 2, 1).Should().Be(0x11);
        _bench.Configuration(1, _control, 2).Should().Be(2);
        _bench.Configuration(1, _control + 2, 4).Should().Be(1);
        _bench.Configuration(1, _control + 6, 4).Should().Be(0x801);
    }

    [Fact]
    public void Entries_are_masked_at_first_and_take_words_and_double_words()
    {
        _bench.Read(Table + 0x2c, 4).Should().Be(1);
        _bench.Write(Table + 0x20, 8, 0x1234_5678_9abc_def3);
        _bench.Read(Table + 0x20, 4).Should().Be(0x9abc_def0, "messages are aligned");
        _bench.Read(Table + 0x20, 8).Should().Be(0x1234_5678_9abc_def0);
        _bench.Write(Table + 0x2c, 4, 0xffff_ffff);
        _bench.Read(Table + 0x2c, 4).Should().Be(1, "the rest is reserved");
        _bench.Write(Table + 0x20, 2, 0);
        _bench.Read(Table + 0x20, 2).Should().Be(0xffff);
        _bench.Write(Table + 0x30, 4, 5);
        _bench.Read(Table + 0x30, 4).Should().Be(0, "there are three entries");
    }

    [Fact]
    public void Message_is_sent_to_the_doorbell()
    {
        Program(1, Doorbell, 77);
        _bench.Configure(1, _control, 2, Enable);
        _function.Message(1);
        _bench.Vectors.Triggered.Should().Equal(77);
    }

    [Fact]
    public void Masked_message_waits_and_is_sent_once()
    {
        Program(1, Doorbell, 77);
        _bench.Write(Table + 0x1c, 4, 1);
        _bench.Configure(1, _control, 2, Enable);
        _function.Message(1);
        _function.Message(1);
        _bench.Vectors.Triggered.Should().BeEmpty();
        _bench.Read(Table + 0x800, 8).Should().Be(2);
        _bench.Write(Table + 0x1c, 4, 0);
        _bench.Vectors.Triggered.Should().Equal(77);
        _bench.Read(Table + 0x800, 4).Should().Be(0);
    }

    [Fact]
    public void Mask_of_the_function_holds_all_messages()
    {
        Program(0, Doorbell, 76);
        Program(2, Doorbell, 78);
        _bench.Configure(1, _control, 2, Enable | FunctionMask);
        _function.Message(0);
        _function.Message(2);
        _bench.Vectors.Triggered.Should().BeEmpty();
        _bench.Configure(1, _control, 2, Enable);
        _bench.Vectors.Triggered.Should().Equal(76, 78);
    }

    [Fact]
    public void Nothing_is_sent_while_messages_are_off_and_the_pin_is_used_only_then()
    {
        Program(0, Doorbell, 76);
        _function.Message(0);
        _function.Pin(true);
        _bench.Lines[1].Level.Should().BeTrue();
        _bench.Configure(1, _control, 2, Enable);
        _bench.Lines[1].Level.Should().BeFalse();
        _bench.Vectors.Triggered.Should().BeEmpty();
    }

    [Fact]
    public void Message_for_ram_is_written_there_and_any_other_is_lost()
    {
        Program(0, 0x1000, 0x1234_5678);
        Program(1, 0x4000_0000, 0xffff_ffff);
        Program(2, 0xffff_ffff_ffff_fffc, 0xffff_ffff);
        _bench.Configure(1, _control, 2, Enable);
        for (int i = 0; i < 3; i++)
        {
            _function.Message(i);
        }

        var word = new byte[4];
        _bench.Ram.Read(0x1000, word).Should().BeTrue();
        word.Should().Equal(0x78, 0x56, 0x34, 0x12);
        _bench.Vectors.Triggered.Should().BeEmpty();
        _bench.Read(Table, 4).Should().Be(0x1000, "no message reaches the table itself");
    }

    [Fact]
    public void Reset_forgets_table_and_waiting_messages()
    {
        Program(0, Doorbell, 76);
        _bench.Configure(1, _control, 2, Enable | FunctionMask);
        _function.Message(0);
        _function.Reset();
        _bench.Configure(1, 0x14, 4, Table);
        _bench.Configure(1, 4, 2, 2);
        _bench.Configure(1, _control, 2, Enable);
        _bench.Read(Table, 8).Should().Be(0);
        _bench.Read(Table + 0xc, 4).Should().Be(1);
        _bench.Read(Table + 0x800, 8).Should().Be(0);
        _bench.Vectors.Triggered.Should().BeEmpty();
    }

    private void Program(int vector, ulong address, uint data)
    {
        ulong entry = Table + (16 * (ulong)vector);
        _bench.Write(entry, 8, address);
        _bench.Write(entry + 8, 4, data);
        _bench.Write(entry + 12, 4, 0);
    }
}
