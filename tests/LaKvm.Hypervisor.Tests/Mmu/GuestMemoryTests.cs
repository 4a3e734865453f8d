using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Second-stage translation seen from a guest: mapping, huge pages, and changes on the host's side.</summary>
public sealed class GuestMemoryTests
{
    private const ulong Page = HostPages.DefaultPageSize;
    private const ulong Data = 0x80_0000;
    private const int T1 = 13;

    /// <summary>Loads what a0 points to into t1, then stores a1 there; each step ends in an exit.</summary>
    private const string ReadThenWrite = """
        1:
        ld.d    $t1, $a0, 0
        li.d    $s8, 0x1fe00ff8
        st.d    $t1, $s8, 0
        st.d    $a1, $a0, 0
        li.d    $s8, 0x1fe00ff0
        st.d    $zero, $s8, 0
        b       1b
        """;

    [Fact]
    public void Large_linear_memory_is_mapped_by_huge_pages()
    {
        using var bench = new GuestBench();
        Vcpu vcpu = Start(bench, Data);

        vcpu.Run();

        bench.Core.Statistics["hugepages"].Should().Be(1);
        bench.Core.Statistics["pages"].Should().Be(0);
    }

    [Fact]
    public void Memory_that_comes_on_demand_is_mapped_page_by_page()
    {
        using var bench = new GuestBench(linear: false);
        int free = bench.Machine.Pages.FreePages;
        Vcpu vcpu = Start(bench, Data);

        vcpu.Run();

        bench.Core.Statistics["hugepages"].Should().Be(0);
        bench.Core.Statistics["pages"].Should().Be(2, "one page of code, one of data");
        (free - bench.Machine.Pages.FreePages).Should().BeLessThan(64);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Swapped_page_is_brought_back_by_the_guest(bool linear)
    {
        using var bench = new GuestBench(linear: linear);
        Vcpu vcpu = Start(bench, Data, value: 0x1234);
        vcpu.Run();
        vcpu.Run();

        bench.Process.AddressSpace.SwapOut(bench.Ram.Address + Data, Page).Should().Be(Errno.None);

        vcpu.Run().Data.Should().Be(0x1234);
    }

    [Fact]
    public void Discarded_page_reads_as_zero_in_the_guest()
    {
        using var bench = new GuestBench();
        Vcpu vcpu = Start(bench, Data, value: 0x1234);
        vcpu.Run();
        vcpu.Run();

        bench.Process.AddressSpace.Discard(bench.Ram.Address + Data, Page);

        vcpu.Run().Data.Should().Be(0);
    }

    [Fact]
    public void Guest_that_writes_to_a_shared_page_gets_its_own()
    {
        using var bench = new GuestBench();
        Vcpu vcpu = Start(bench, Data, value: 0x1234);
        vcpu.Run();
        ulong clone = bench.Process.AddressSpace.CloneCopyOnWrite(bench.Ram.Address);

        vcpu.Run();

        bench.ReadRam(Data).Should().Be(0x1234);
        var copy = new byte[8];
        bench.Process.AddressSpace.CopyFrom(clone + Data, copy);
        BitConverter.ToUInt64(copy).Should().Be(0);
        vcpu.Run().Data.Should().Be(0x1234);
    }

    [Fact]
    public void Aged_page_is_young_again_after_the_guest_has_used_it()
    {
        using var bench = new GuestBench(linear: false);
        HostAddressSpace space = bench.Process.AddressSpace;
        Vcpu vcpu = Start(bench, Data);
        vcpu.Run();
        vcpu.Run();
        ulong address = bench.Ram.Address + Data;

        space.TestYoung(address).Should().BeTrue();
        space.ClearYoung(address, Page, flush: true).Should().BeTrue();
        space.TestYoung(address).Should().BeFalse();
        space.ClearYoung(address, Page, flush: true).Should().BeFalse();

        vcpu.Run();
        space.TestYoung(address).Should().BeTrue();
    }

    [Fact]
    public void Write_to_read_only_memory_is_an_access_for_user_space()
    {
        using var bench = new GuestBench();
        using UserMemory rom = UserMemory.Map(bench.Process, Page);
        rom.Write(0, BitConverter.GetBytes(0x77UL));
        bench.Vm.SetMemoryRegion(1, 0x1000_0000, rom, flags: 2);
        Vcpu vcpu = Start(bench, 0x1000_0000, value: 5);

        vcpu.Run().Data.Should().Be(0x77);

        vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Mmio, 0x1000_0000, 8, true, 5));
        vcpu.Run().Address.Should().Be(0x1fe0_0ff0);
    }

    [Fact]
    public void Slot_made_under_a_device_address_takes_effect_and_goes_again()
    {
        using var bench = new GuestBench();
        using UserMemory memory = UserMemory.Map(bench.Process, Page);
        Vcpu vcpu = Start(bench, 0x1000_0000, value: 9);
        vcpu.Run().Should().BeEquivalentTo(new VcpuExit(VcpuExitKind.Mmio, 0x1000_0000, 8, false, 0));

        bench.Vm.SetMemoryRegion(1, 0x1000_0000, memory);
        vcpu.SetReadData(3);
        vcpu.Run().Data.Should().Be(3, "the read had been answered already");
        vcpu.Run().Address.Should().Be(0x1fe0_0ff0);
        vcpu.Run().Data.Should().Be(9, "the store went to the new slot");

        bench.Vm.DeleteMemoryRegion(1);
        vcpu.Run().Address.Should().Be(0x1000_0000);
    }

    [Fact]
    public void Moved_slot_is_found_at_its_new_address_only()
    {
        using var bench = new GuestBench();
        using UserMemory memory = UserMemory.Map(bench.Process, Page);
        memory.Write(0, BitConverter.GetBytes(0x99UL));
        bench.Vm.SetMemoryRegion(1, 0x1000_0000, memory);
        Vcpu vcpu = Start(bench, 0x1000_0000);
        vcpu.Run().Data.Should().Be(0x99);

        bench.Vm.SetMemoryRegion(1, 0x1100_0000, memory);

        vcpu.Run().Address.Should().Be(0x1000_0000, "the store finds no memory");
        Vcpu other = bench.CreateVcpu(1);
        other.SetRegisters(Registers(0x1100_0000, 0), GuestBench.CodeBase);
        other.Run().Data.Should().Be(0x99);
    }

    [Fact]
    public async Task Guest_survives_a_host_that_takes_its_pages_away_all_the_time()
    {
        using var bench = new GuestBench(linear: false);
        bench.Load("""
            1:
            addi.d  $t0, $t0, 1
            ld.d    $t1, $a0, 0
            addi.d  $t1, $t1, 1
            st.d    $t1, $a0, 0
            ld.d    $t2, $a1, 0
            beqz    $t2, 1b
            sub.d   $t1, $t1, $t0
            li.d    $s8, 0x1fe00ff8
            st.d    $t1, $s8, 0
            """);
        const ulong end = Data + Page;
        Vcpu vcpu = bench.CreateVcpu();
        vcpu.SetRegisters(Registers(Data, end), GuestBench.CodeBase);
        Task<VcpuExit> run = Task.Factory.StartNew(vcpu.Run, TaskCreationOptions.LongRunning);
        for (int i = 0; i < 300 || bench.Core.Statistics["remote_tlb_flush"] < 10; i++)
        {
            bench.Process.AddressSpace.SwapOut(bench.Ram.Address + Data, Page);
            bench.Process.AddressSpace.ClearYoung(bench.Ram.Address, GuestBench.RamSize, flush: true);
        }

        bench.Ram.Write(end, [1]);

        (await run.WaitAsync(TimeSpan.FromSeconds(20))).Data.Should().Be(0, "no increment may be lost");
    }

    [Fact]
    public async Task Slot_can_come_and_go_while_vcpus_run()
    {
        using var bench = new GuestBench();
        Vcpu vcpu = bench.Start("""
            1:
            st.d    $t0, $a0, 0
            addi.d  $t0, $t0, 1
            b       1b
            """);
        vcpu.SetRegisters(Registers(Data, 0), GuestBench.CodeBase);
        Task<VcpuExit> run = Task.Factory.StartNew(vcpu.Run, TaskCreationOptions.LongRunning);
        using UserMemory memory = UserMemory.Map(bench.Process, Page);
        for (int i = 0; i < 200; i++)
        {
            bench.Vm.SetMemoryRegion(5, 0x1000_0000, memory);
            bench.Vm.DeleteMemoryRegion(5);
        }

        vcpu.RequestExit();
        (await run.WaitAsync(TimeSpan.FromSeconds(20))).Kind.Should().Be(VcpuExitKind.Interrupted);
    }

    private static Vcpu Start(GuestBench bench, ulong address, ulong value = 1)
    {
        Vcpu vcpu = bench.Start(ReadThenWrite);
        vcpu.SetRegisters(Registers(address, value), GuestBench.CodeBase);
        return vcpu;
    }

    private static ulong[] Registers(ulong a0, ulong a1)
    {
        var gpr = new ulong[32];
        (gpr[4], gpr[5]) = (a0, a1);
        return gpr;
    }
}
