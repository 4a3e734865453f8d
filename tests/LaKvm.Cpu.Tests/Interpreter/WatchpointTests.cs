namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>Runs end before the instruction that accesses what is watched, with nothing changed.</summary>
public sealed unsafe class WatchpointTests : IDisposable
{
    private const ulong Data = 0x30_0000;
    private const int T0 = 12, T1 = 13;

    private readonly TestMachine _machine = new();

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("st.b $t1, $t0, 0", StopPointKind.Write)]
    [InlineData("st.d $t1, $t0, -7", StopPointKind.Write)]
    [InlineData("st.w $t1, $t0, 7", StopPointKind.Access)]
    [InlineData("stptr.d $t1, $t0, 0", StopPointKind.Write)]
    [InlineData("ld.bu $t1, $t0, 3", StopPointKind.Read)]
    [InlineData("ld.d $t1, $t0, -4", StopPointKind.Access)]
    [InlineData("ldx.h $t1, $t0, $zero", StopPointKind.Read)]
    [InlineData("fst.d $fa0, $t0, 0", StopPointKind.Write)]
    [InlineData("fld.s $fa0, $t0, 4", StopPointKind.Read)]
    [InlineData("vst $vr0, $t0, -8", StopPointKind.Write)]
    [InlineData("xvld $xr0, $t0, -24", StopPointKind.Read)]
    [InlineData("amadd_db.d $t1, $t2, $t0", StopPointKind.Write)]
    [InlineData("amadd_db.d $t1, $t2, $t0", StopPointKind.Read)]
    [InlineData("ll.d $t1, $t0, 0", StopPointKind.Read)]
    public void Access_that_is_watched_ends_the_run_before_it(string access, StopPointKind kind)
    {
        ulong at = Load(access);
        Warm();
        _machine.Cell(Data) = 0x1234;
        ulong retired = _machine.State->Retired;
        Watch(kind, Data, 8);

        _machine.Engine.Run(1000).Should().Be(RunExit.Watchpoint);

        _machine.State->Pc.Should().Be(at);
        _machine.State->Retired.Should().Be(retired + 1);
        _machine.State->Budget.Should().Be(999);
        _machine.Cell(Data).Should().Be(0x1234);
        _machine.Core.Debug.Watched.Point.Address.Should().Be(Data);
        _machine.Core.Debug.Watched.Address.Should().BeInRange(Data, Data + 7);
        _machine.Core.Debug.SetStopPoints([]);
        _machine.Run(1);
        _machine.State->Pc.Should().Be(at + 4);
    }

    [Theory]
    [InlineData("st.b $t1, $t0, 8", StopPointKind.Access)]
    [InlineData("st.w $t1, $t0, -4", StopPointKind.Access)]
    [InlineData("st.d $t1, $t0, 0", StopPointKind.Read)]
    [InlineData("ld.d $t1, $t0, 0", StopPointKind.Write)]
    [InlineData("vld $vr0, $t0, 8", StopPointKind.Access)]
    [InlineData("preld 0, $t0, 0", StopPointKind.Access)]
    public void Other_access_to_the_page_goes_on(string access, StopPointKind kind)
    {
        Load(access);
        Warm();
        Watch(kind, Data, 8);

        _machine.Run(600);
    }

    [Fact]
    public void Access_across_pages_is_watched_in_both()
    {
        Load("st.d $t1, $t0, -4");
        Warm();
        Watch(StopPointKind.Write, Data - 4, 1);
        _machine.Engine.Run(100).Should().Be(RunExit.Watchpoint);
        Watch(StopPointKind.Write, Data + 3, 1);
        _machine.Engine.Run(100).Should().Be(RunExit.Watchpoint);
        Watch(StopPointKind.Write, Data + 4, 1);
        _machine.Run(100);
    }

    [Fact]
    public void Device_is_not_touched_by_an_access_that_is_watched()
    {
        const ulong device = 0x5000_0000;
        int reads = 0;
        _machine.DeviceRead = () => reads++;
        Load("ld.w $t1, $t0, 0");
        _machine[T0] = device;
        Watch(StopPointKind.Read, device, 4);

        _machine.Engine.Run(100).Should().Be(RunExit.Watchpoint);

        reads.Should().Be(0);
        _machine[T1].Should().Be(1);
    }

    [Fact]
    public void Fault_comes_before_the_watchpoint()
    {
        Load("st.d $t1, $t0, 0");
        _machine.DeviceEnd = 0x2000_0000;
        _machine[T0] = 0x5000_0000;
        Watch(StopPointKind.Write, 0x5000_0000, 8);

        _machine.Run(2);

        (_machine.Core.ReadCsr(Csr.Estat) >> 16 & 0x3f).Should().Be((ulong)Trap.Adem & 0x3f);
    }

    /// <summary>A loop with the access at its second instruction, whose address is returned.</summary>
    private ulong Load(string access)
    {
        ulong at = _machine.Load($"1: addi.d $t3, $t3, 1\nat: {access}\nb 1b\n")["at"];
        _machine.WriteCsr(Csr.Euen, 7);
        _machine[T0] = Data;
        _machine[T1] = 1;
        return at;
    }

    private void Warm() => _machine.Run(300);

    private void Watch(StopPointKind kind, ulong address, ulong length) =>
        _machine.Core.Debug.SetStopPoints([new(kind, address, length, InGuest: false)]);
}
