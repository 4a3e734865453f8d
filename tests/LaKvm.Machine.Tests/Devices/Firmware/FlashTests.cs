using LaKvm.Devices;

namespace LaKvm.Machine.Tests;

public class FlashTests
{
    private const ulong Bank = Flash.BankSize, Block = 0x4_0000;
    private const uint Ready = 0x0080_0080;

    private readonly List<(int Offset, int Length)> _saved = [];
    private readonly byte[] _variables = new byte[Flash.BankSize];
    private readonly Flash _flash;

    public FlashTests() => _flash = new Flash(
        new byte[] { 1, 2, 3, 4, 5 },
        new FlashContent(_variables, (offset, part) => _saved.Add((offset, part.Length))));

    [Fact]
    public void First_bank_has_the_code_and_ignores_writes()
    {
        Command(0, 0x98, bank: 0);
        _flash.Write(0, 4, 0);
        _flash.Read(0, 4).Should().Be(0x0403_0201);
        _flash.Read(4, 4).Should().Be(5, "behind the image there are zeros");
        _flash.Read(Bank - 4, 4).Should().Be(0);
        _saved.Should().BeEmpty();
    }

    [Fact]
    public void Erased_block_is_ones_and_its_neighbours_are_as_they_were()
    {
        Command(Block, 0x20);
        Command(Block + 8, 0xd0);
        Read(Block).Should().Be(Ready);
        Command(0, 0xff);
        Read(Block - 4).Should().Be(0);
        Read(Block).Should().Be(uint.MaxValue);
        Read((2 * Block) - 4).Should().Be(uint.MaxValue);
        Read(2 * Block).Should().Be(0);
        _saved.Should().Equal(((int)Block, (int)Block));
    }

    [Fact]
    public void Erasure_that_is_not_confirmed_is_an_error()
    {
        Command(Block, 0x20);
        Command(Block, 0xff);
        Read(Block).Should().Be(0x00a0_00a0);
        Command(0, 0x50);
        Command(0, 0x70);
        Read(0).Should().Be(0, "the status is cleared until the next operation");
        _saved.Should().BeEmpty();
    }

    [Theory]
    [InlineData(0x40)]
    [InlineData(0x10)]
    public void Word_is_programmed_over_what_was_there(byte command)
    {
        _variables[0x104] = 0xff;
        Command(0x104, command);
        Write(0x104, 0x1234_5678);
        Read(0x104).Should().Be(Ready);
        Command(0, 0xff);
        Read(0x104).Should().Be(0x1234_5678);
        _flash.Read(Bank + 0x106, 2).Should().Be(0x1234);
        _flash.Read(Bank + 0x107, 1).Should().Be(0x12);
        _saved.Should().Equal((0x104, 4));
    }

    [Fact]
    public void Row_of_words_is_programmed_when_it_is_confirmed()
    {
        Command(0x180, 0xe8);
        Read(0x180).Should().Be(Ready);
        Write(0x180, 0x001f_001f);
        for (uint i = 0; i < 32; i++)
        {
            Write(0x180 + (i * 4), i);
        }

        _variables[0x180 + (31 * 4)].Should().Be(0);
        Command(0, 0xd0);
        Read(0).Should().Be(Ready);
        Command(0, 0xff);
        Read(0x180 + (31 * 4)).Should().Be(31);
        _saved.Should().Equal((0x180, 128));
    }

    [Theory]
    [InlineData(0x0020_0020, 0x180)] // more than a row
    [InlineData(0x0001_0001, 0x200)] // a word of another row
    public void Row_that_is_too_long_is_an_error(uint count, ulong second)
    {
        Command(0x180, 0xe8);
        Write(0x180, count);
        Write(second, 1);
        Read(0).Should().NotBe(Ready);
        _saved.Should().BeEmpty();
    }

    [Fact]
    public void Identity_is_intels_and_no_block_is_locked()
    {
        Command(0, 0x90);
        Read(0).Should().Be(0x0089_0089);
        Read(4).Should().Be(0x0018_0018);
        Read(Block + 8).Should().Be(0);
        Command(0, 0x60);
        Command(0, 0xd0);
        Read(0).Should().Be(Ready);
    }

    [Fact]
    public void Query_table_is_left_by_the_array_command_only()
    {
        Command(0x154, 0x98);
        Read(0x40).Should().Be(0x0051_0051);
        Read(0x9c).Should().Be(0x0017_0017, "8 MiB a chip");
        Command(0, 0x50);
        Read(0x44).Should().Be(0x0052_0052);
        Command(0, 0xff);
        Read(0x40).Should().Be(0);
    }

    [Fact]
    public void Random_writes_end_and_leave_chips_that_work_after_reset()
    {
        var random = new Random(3);
        byte[] commands = [0x10, 0x20, 0x40, 0x50, 0x60, 0x70, 0x90, 0x98, 0xd0, 0xe8, 0xff, 1, 0];
        for (int i = 0; i < 20_000; i++)
        {
            int size = 1 << random.Next(3);
            ulong offset = (ulong)random.Next(2 * Flash.BankSize) & ~(ulong)(size - 1);
            byte command = commands[random.Next(commands.Length)];
            if (command != 0x20 || random.Next(20) == 0)
            {
                _flash.Write(offset | Bank, size, command * 0x1_0001u);
            }

            _flash.Read(offset, size);
        }

        _flash.Reset();
        _saved.Clear();
        _variables.AsSpan().Clear();
        Word_is_programmed_over_what_was_there(0x40);
    }

    private void Command(ulong offset, byte command, ulong bank = Bank) =>
        _flash.Write(bank + offset, 4, command * 0x1_0001u);

    private void Write(ulong offset, uint value) => _flash.Write(Bank + offset, 4, value);

    private uint Read(ulong offset) => (uint)_flash.Read(Bank + offset, 4);
}
