using System.Runtime.InteropServices;
using LaKvm.Tests.Support;

namespace LaKvm.Cpu.Tests;

/// <summary>Parts of a core, without a core.</summary>
public sealed unsafe class PartsTests : IDisposable
{
    private readonly CpuState* _state = (CpuState*)NativeMemory.AlignedAlloc(CpuState.SizeInBytes, 64);
    private readonly SoftTlbs _softTlbs = new();
    private readonly Mode _root, _guest;
    private readonly InterruptUnit _interrupts;
    private readonly Modes _modes;
    private readonly Mmu _mmu;

    public PartsTests()
    {
        NativeMemory.Clear(_state, CpuState.SizeInBytes);
        var outside = new Surroundings(new NoBus(), new StoppedClock());
        (_root, _guest) = (new Mode(0, _state, outside), new Mode(1, _state, outside));
        var counters = new PerformanceCounters(_state, _root, _guest);
        _interrupts = new InterruptUnit(_state, _root, _guest, counters, outside);
        _modes = new Modes(_state, _root, _guest, _softTlbs, _interrupts, counters);
        _mmu = new Mmu(_state, _modes, _softTlbs, outside);
        _modes.Switch();
    }

    public void Dispose()
    {
        _mmu.Dispose();
        _interrupts.Dispose();
        _root.Dispose();
        _guest.Dispose();
        _softTlbs.Dispose();
        NativeMemory.AlignedFree(_state);
    }

    [Theory]
    [InlineData(0UL, 1UL << Estat.Hwi0, false)]
    [InlineData(Crmd.Ie, 0UL, false)]
    [InlineData(Crmd.Ie, 1UL << Estat.Hwi0, true)]
    public void Line_can_be_delivered_where_interrupts_are_on_and_it_is_enabled(
        ulong crmd, ulong enabled, bool expected)
    {
        _root[Csr.Crmd] |= crmd;
        _root[Csr.Ecfg] = enabled;

        _interrupts.SetInterruptLine(Estat.Hwi0, level: true);

        _interrupts.DeliverableToRoot.Should().Be(expected);
        _interrupts.HostLines.Should().Be(1UL << Estat.Hwi0);
    }

    [Fact]
    public void Held_interrupt_waits_until_it_is_let_go()
    {
        _root[Csr.Crmd] |= Crmd.Ie;
        _root[Csr.Ecfg] = 1UL << Estat.Hwi0;
        _interrupts.HoldsRoot = true;
        _interrupts.SetInterruptLine(Estat.Hwi0, level: true);

        _interrupts.DeliverableToRoot.Should().BeFalse();
        _interrupts.HoldsRoot = false;

        _interrupts.DeliverableToRoot.Should().BeTrue();
    }

    [Theory]
    [InlineData(0, 7)]
    [InlineData(1, 5)]
    public void Guest_has_the_units_that_it_and_root_mode_have_enabled(int vm, int units)
    {
        _root[Csr.Euen] = 7;
        _guest[Csr.Euen] = 5;
        _state->Vm = (byte)vm;

        _modes.Switch();

        _state->Units.Should().Be((byte)units);
        (_state->Csr == (vm == 0 ? _root : _guest).Values).Should().BeTrue();
    }

    [Fact]
    public void Address_is_physical_in_direct_address_mode_and_needs_a_refill_with_paging()
    {
        _mmu.Translate(0x1234_5678, Access.Load, out Translation direct).Should().Be(Trap.None);
        direct.Physical.Should().Be(0x1234_5678);
        _root[Csr.Crmd] = Crmd.Pg;
        _modes.Switch();

        _mmu.Translate(0x1234_5678, Access.Load, out _).Should().Be(Trap.Tlbr);

        _state->TrapAddress.Should().Be(0x1234_5678);
    }

    [Theory]
    [InlineData(0x1000UL, 8, "0+8")]
    [InlineData(0x1001UL, 8, "0+1 1+2 3+4 7+1")]
    [InlineData(0x1004UL, 16, "0+4 4+8 12+4")]
    [InlineData(0x1002UL, 3, "0+2 2+1")]
    public void Bus_carries_an_access_in_aligned_pieces(ulong physical, int size, string expected)
    {
        var pieces = new List<string>();
        foreach ((int offset, int width) in new BusPieces(physical, size))
        {
            pieces.Add($"{offset}+{width}");
        }

        string.Join(' ', pieces).Should().Be(expected);
    }
}
