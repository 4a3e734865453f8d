using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Machine.Tests;

public class IpiTests
{
    private const uint IpiBit = 1u << CoreLine.Ipi;
    private readonly RecordingCores _cores = new();
    private readonly IocsrBus _bus = new(new GuestErrorLog(null));
    private readonly Ipi _ipi;

    public IpiTests() => _ipi = new Ipi(4, _bus, _cores);

    private ulong Read(int core, uint offset, int size = 4) => _bus.Read(core, Ipi.Base + offset, size);

    private void Write(int core, uint offset, ulong value, int size = 4) =>
        _bus.Write(core, Ipi.Base + offset, size, value);

    private static ulong Send(int core, uint low, ulong keep = 0, uint data = 0) =>
        low | ((ulong)core << 16) | (keep << 27) | (1UL << 31) | ((ulong)data << 32);

    [Fact]
    public void Registers_are_zero_after_reset()
    {
        for (uint offset = 0; offset < 0x50; offset += 8)
        {
            Read(1, offset, 8).Should().Be(0);
        }
    }

    [Fact]
    public void Set_makes_bits_pending_on_the_own_core_only()
    {
        Write(1, Ipi.Set, 0x8000_0001);
        Write(1, Ipi.Set, 0x10);
        Read(1, Ipi.Status).Should().Be(0x8000_0011);
        Read(0, Ipi.Status).Should().Be(0);
        Read(1, Ipi.Set).Should().Be(0);
    }

    [Fact]
    public void Clear_drops_the_bits_written_as_one()
    {
        Write(1, Ipi.Set, 0xff);
        Write(1, Ipi.Clear, 0x0f);
        Read(1, Ipi.Status).Should().Be(0xf0);
        Read(1, Ipi.Clear).Should().Be(0);
    }

    [Fact]
    public void Status_cannot_be_written()
    {
        Write(1, Ipi.Status, 0xffffffff);
        Read(1, Ipi.Status).Should().Be(0);
    }

    [Fact]
    public void Line_follows_pending_and_enabled_bits()
    {
        Write(2, Ipi.Set, 0b110);
        _cores[2].Should().Be(0);
        Write(2, Ipi.Enable, 0b010);
        Read(2, Ipi.Enable).Should().Be(0b010);
        _cores[2].Should().Be(IpiBit);
        Write(2, Ipi.Clear, 0b010);
        _cores[2].Should().Be(0);
        Write(2, Ipi.Enable, 0b100);
        _cores[2].Should().Be(IpiBit);
        Write(2, Ipi.Enable, 0);
        _cores[2].Should().Be(0);
        _cores[1].Should().Be(0);
    }

    [Fact]
    public void Line_follows_pending_bits_alone_where_the_enable_does_not_gate()
    {
        var cores = new RecordingCores();
        var bus = new IocsrBus(new GuestErrorLog(null));
        _ = new Ipi(1, bus, cores, enableGates: false);
        bus.Write(0, Ipi.Base + Ipi.Set, 4, 1);
        cores[0].Should().Be(IpiBit);
        bus.Write(0, Ipi.Base + Ipi.Clear, 4, 1);
        cores[0].Should().Be(0);
    }

    [Fact]
    public void Status_and_enable_are_one_64_bit_register()
    {
        Write(0, Ipi.Enable, 0x55);
        Write(0, Ipi.Set, 0x3);
        Read(0, Ipi.Status, 8).Should().Be(0x0000_0055_0000_0003);
        Write(0, Ipi.Status, 0x0000_0077_ffff_ffff, 8);
        Read(0, Ipi.Status, 8).Should().Be(0x0000_0077_0000_0003);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Mailboxes_hold_64_bits_in_halves_or_whole(int box)
    {
        uint offset = Ipi.Mailbox + ((uint)box * 8);
        Write(3, offset, 0x1122_3344_5566_7788, 8);
        Read(3, offset, 8).Should().Be(0x1122_3344_5566_7788);
        Read(3, offset + 4).Should().Be(0x1122_3344);
        Write(3, offset + 4, 0xaabb_ccdd);
        Read(3, offset, 8).Should().Be(0xaabb_ccdd_5566_7788);
        Read(2, offset, 8).Should().Be(0);
    }

    [Fact]
    public void Send_makes_one_bit_pending_on_the_target()
    {
        Write(3, Ipi.Enable, 0xffffffff);
        Write(0, Ipi.Send, Send(3, 31));
        Read(3, Ipi.Status).Should().Be(0x8000_0000);
        _cores[3].Should().Be(IpiBit);
        Write(0, Ipi.Send, Send(3, 0));
        Read(3, Ipi.Status).Should().Be(0x8000_0001);
        Read(0, Ipi.Send).Should().Be(0);
    }

    [Fact]
    public void Sends_to_absent_cores_are_ignored()
    {
        Write(0, Ipi.Send, Send(4, 1));
        Write(0, Ipi.Send, Send(0x3ff, 1));
        Write(0, Ipi.MailSend, Send(4, 0, 0, 1), 8);
        Write(0, Ipi.AnySend, Send(4, Ipi.Base + Ipi.Set, 0, 1), 8);
        _cores.Changes.Should().Be(0);
    }

    [Fact]
    public void Mail_send_writes_a_word_of_the_targets_mailboxes()
    {
        for (uint word = 0; word < 8; word++)
        {
            Write(0, Ipi.MailSend, Send(2, word << 2, 0, 0xa0 + word), 8);
        }

        Read(2, Ipi.Mailbox, 8).Should().Be(0x0000_00a1_0000_00a0);
        Read(2, Ipi.Mailbox + 8, 8).Should().Be(0x0000_00a3_0000_00a2);
        Read(2, Ipi.Mailbox + 16, 8).Should().Be(0x0000_00a5_0000_00a4);
        Read(2, Ipi.Mailbox + 24, 8).Should().Be(0x0000_00a7_0000_00a6);
    }

    [Theory]
    [InlineData(0b0001, 0x1234_5611)]
    [InlineData(0b1000, 0xaa34_5678)]
    [InlineData(0b0110, 0x12bb_cc78)]
    [InlineData(0b1111, 0xaabb_cc11)]
    public void Mail_send_keeps_the_masked_bytes(uint keep, uint expected)
    {
        Write(1, Ipi.Mailbox + 8, 0xaabb_cc11_0000_0000, 8);
        Write(0, Ipi.MailSend, Send(1, 3 << 2, keep, 0x1234_5678), 8);
        Read(1, Ipi.Mailbox + 12).Should().Be(expected);
        Read(1, Ipi.Mailbox + 8).Should().Be(0);
    }

    [Fact]
    public void Any_send_writes_a_register_as_the_target_core()
    {
        Write(0, Ipi.AnySend, Send(2, Ipi.Base + Ipi.Set, 0, 0x42), 8);
        Read(2, Ipi.Status).Should().Be(0x42);
        Write(0, Ipi.AnySend, Send(2, Ipi.Base + Ipi.Mailbox, 0b0101, 0x11223344), 8);
        Read(2, Ipi.Mailbox).Should().Be(0x1100_3300);
    }

    [Fact]
    public void Any_send_leaves_kept_bytes_of_write_one_to_clear_registers_alone()
    {
        Write(2, Ipi.Set, 0xffff);
        Write(0, Ipi.AnySend, Send(2, Ipi.Base + Ipi.Clear, 0b1110, 0xffff_ffff), 8);
        Read(2, Ipi.Status).Should().Be(0xff00);
    }

    [Fact]
    public void Any_send_to_itself_does_nothing()
    {
        Write(0, Ipi.AnySend, Send(1, Ipi.Base + Ipi.AnySend, 0, 0xffff_ffff), 8);
        Write(0, Ipi.AnySend, Send(1, Ipi.Base + Ipi.AnySend + 4, 0, 0xffff_ffff), 8);
        _cores.Changes.Should().Be(0);
    }

    [Fact]
    public void Sends_of_the_wrong_width_do_nothing()
    {
        Write(0, Ipi.Send, 1, 1);
        Write(0, Ipi.MailSend, 0xffff_ffff);
        Write(0, Ipi.AnySend, 0xffff_ffff);
        Read(0, Ipi.Status).Should().Be(0);
    }

    [Fact]
    public void Accesses_by_absent_cores_do_nothing()
    {
        Write(9, Ipi.Set, 1);
        Read(9, Ipi.Status).Should().Be(0);
    }

    [Fact]
    public void Restore_forces_status_and_enable_and_drives_the_line()
    {
        _ipi.Restore(1, 0x10, 0x30);
        Read(1, Ipi.Status, 8).Should().Be(0x0000_0030_0000_0010);
        _cores[1].Should().Be(IpiBit);
    }

    [Fact]
    public void Reset_clears_everything_and_lowers_the_line()
    {
        _ipi.Restore(1, 0x10, 0x30);
        Write(1, Ipi.Mailbox, 5, 8);
        _ipi.Reset();
        Read(1, Ipi.Status, 8).Should().Be(0);
        Read(1, Ipi.Mailbox, 8).Should().Be(0);
        _cores[1].Should().Be(0);
    }

    [Fact]
    public void Sends_from_many_threads_all_arrive()
    {
        Write(1, Ipi.Enable, 0xffffffff);
        Parallel.For(0, 32, bit => Write(bit % 4, Ipi.Send, Send(1, (uint)bit)));
        Read(1, Ipi.Status).Should().Be(0xffffffff);
        _cores[1].Should().Be(IpiBit);
    }

    [Fact]
    public void Random_accesses_never_throw()
    {
        var random = new Random(3);
        for (int i = 0; i < 50_000; i++)
        {
            int size = 1 << random.Next(4);
            uint offset = (uint)random.Next(0x160) & ~(uint)(size - 1);
            Write(random.Next(5), offset, (ulong)random.NextInt64(long.MinValue, long.MaxValue), size);
            Read(random.Next(5), offset, size);
        }
    }
}
