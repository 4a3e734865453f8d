namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>
/// Accesses where no memory and no device is, with the outcome that QEMU 11.1's virt machine has for each.
/// </summary>
public sealed unsafe class AbsentMemoryTests : IDisposable
{
    private const ulong Absent = 0x5000_0000, Ecode = 0x7fff_0000, Adef = 0x8_0000, Adem = 0x48_0000;

    private readonly TestMachine _machine = new() { DeviceEnd = Absent };

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("ld.b $a0, $t0, 0")]
    [InlineData("ld.bu $a0, $t0, 0")]
    [InlineData("ld.h $a0, $t0, 0")]
    [InlineData("ld.wu $a0, $t0, 0")]
    [InlineData("ld.d $a0, $t0, 0")]
    [InlineData("ldx.d $a0, $t0, $zero")]
    [InlineData("ldptr.d $a0, $t0, 0")]
    [InlineData("ldgt.d $a0, $t0, $zero")]
    [InlineData("st.b $a0, $t0, 0")]
    [InlineData("st.d $a0, $t0, 0")]
    [InlineData("stx.w $a0, $t0, $zero")]
    [InlineData("stptr.w $a0, $t0, 0")]
    [InlineData("ll.w $a0, $t0, 0")]
    [InlineData("ll.d $a0, $t0, 0")]
    [InlineData("amadd.d $a0, $a1, $t0")]
    [InlineData("amswap_db.w $a0, $a1, $t0")]
    [InlineData("fld.d $fa0, $t0, 0")]
    [InlineData("fst.s $fa0, $t0, 0")]
    [InlineData("vld $vr0, $t0, 0")]
    [InlineData("vst $vr0, $t0, 0")]
    [InlineData("vldrepl.w $vr0, $t0, 0")]
    [InlineData("xvld $xr0, $t0, 0")]
    [InlineData("xvst $xr0, $t0, 0")]
    public void Load_or_store_raises_ADEM_and_changes_nothing(string instruction)
    {
        _machine.Load(instruction);
        _machine.WriteCsr(Csr.Euen, 7);
        (_machine[4], _machine[5], _machine[12]) = (4, 5, Absent);
        CpuState.Vector(_machine.State, 0)[0] = 0xf00d;

        _machine.Run(1);

        Raised(Adem, Absent, TestMachine.Origin);
        (_machine[4], _machine[5], _machine[12]).Should().Be((4UL, 5UL, Absent));
        CpuState.Vector(_machine.State, 0)[0].Should().Be(0xf00d);
        _machine.DeviceValue.Should().Be(0, "no device was written");
    }

    [Theory]
    [InlineData("ld.d $a0, $t0, 0", Absent - 4)]
    [InlineData("st.d $a0, $t0, 0", Absent - 4)]
    [InlineData("xvst $xr0, $t0, 0", Absent - 8)]
    public void Access_that_begins_in_a_device_and_leaves_it_is_not_made_at_all(string instruction, ulong address)
    {
        _machine.Load(instruction);
        _machine.WriteCsr(Csr.Euen, 7);
        (_machine[4], _machine[12]) = (4, address);
        int reads = 0;
        _machine.DeviceRead = () => reads++;

        _machine.Run(1);

        (_machine.Core.ReadCsr(Csr.Estat) & Ecode).Should().Be(Adem);
        _machine.DeviceValue.Should().Be(0);
        reads.Should().Be(0);
        _machine[4].Should().Be(4);
    }

    [Fact]
    public void Store_that_leaves_RAM_stores_nothing()
    {
        _machine.DeviceEnd = TestMachine.RamSize;
        _machine.Load("st.d $a0, $t0, 0");
        (_machine[4], _machine[12]) = (ulong.MaxValue, TestMachine.RamSize - 4);

        _machine.Run(1);

        (_machine.Core.ReadCsr(Csr.Estat) & Ecode).Should().Be(Adem);
        _machine.Cell(TestMachine.RamSize - 8).Should().Be(0);
    }

    [Fact]
    public void Fetch_raises_ADEF()
    {
        _machine.Load("jirl $zero, $t0, 0");
        _machine[12] = Absent;

        _machine.Run(2);

        Raised(Adef, Absent, Absent);
    }

    [Fact]
    public void Prefetch_does_nothing_and_page_walk_reads_zero()
    {
        _machine.Load("preld 0, $t0, 0\nlddir $a0, $t0, 1\nldpte $t0, 0\ncsrrd $a1, 0x8c");
        (_machine[4], _machine[5], _machine[12]) = (4, 5, Absent);

        _machine.Run(4);

        _machine.State->Pc.Should().Be(TestMachine.Origin + 16);
        (_machine[4], _machine[5]).Should().Be((0UL, 0UL));
    }

    [Fact]
    public void Page_that_leads_nowhere_raises_ADEM_with_its_virtual_address()
    {
        const ulong window = 0x8000_0000_0000_0000;
        _machine.Load("ld.d $a0, $t0, 0");
        _machine.WriteCsr(Csr.Dmw0, window | 1);
        _machine.WriteCsr(Csr.Dmw0 + 1, 1);
        _machine.WriteCsr(Csr.Crmd, Crmd.Pg);
        _machine[12] = window | Absent;

        _machine.Run(1);

        Raised(Adem, window | Absent, TestMachine.Origin);
    }

    private void Raised(ulong cause, ulong badv, ulong era)
    {
        (_machine.Core.ReadCsr(Csr.Estat) & Ecode).Should().Be(cause);
        _machine.Core.ReadCsr(Csr.Badv).Should().Be(badv);
        _machine.Core.ReadCsr(Csr.Era).Should().Be(era);
        _machine.State->Pc.Should().Be(TestMachine.Vector);
    }
}
