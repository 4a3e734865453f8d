using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Slots that move under a guest that uses them.</summary>
public sealed class MemorySlotStressTests
{
    private const ulong Page = 16 << 10, Area = 0x1000_0000;

    /// <summary>
    /// While a slot moves it is in neither place, so an access may reach user space; an access that does not must find
    /// the slot's memory, whose pages carry their numbers.
    /// </summary>
    [Fact]
    public async Task Slot_that_moves_is_read_right_or_not_at_all()
    {
        using var bench = new GuestBench();
        using UserMemory memory = UserMemory.Map(bench.Process, 2 * Page);
        memory.Write(0, BitConverter.GetBytes(1UL));
        memory.Write(Page, BitConverter.GetBytes(2UL));
        bench.Vm.SetMemoryRegion(1, Area, memory);
        Vcpu vcpu = bench.Start($"""
            li.d    $t0, {Area + Page}
            1:
            ld.d    $a0, $t0, 0
            addi.d  $a1, $a0, -1
            sltui   $a1, $a1, 2
            bnez    $a1, 1b
            li.d    $t1, {GuestBench.DeviceBase}
            st.d    $a0, $t1, 0
            """);

        // The guest's page is the slot's second one, or its first after the move; 1 is what user space answers.
        Task<VcpuExit> run = Task.Factory.StartNew(() => RunAnswering(vcpu), TaskCreationOptions.LongRunning);
        for (int i = 0; i < 300; i++)
        {
            bench.Vm.SetMemoryRegion(1, i % 2 == 0 ? Area + Page : Area, memory);
        }

        vcpu.RequestExit();
        (await run.WaitAsync(TimeSpan.FromSeconds(30))).Kind.Should().Be(VcpuExitKind.Interrupted);
    }

    private static VcpuExit RunAnswering(Vcpu vcpu)
    {
        while (true)
        {
            VcpuExit exit = vcpu.Run();
            if (exit.Kind != VcpuExitKind.Mmio || exit.IsWrite)
            {
                return exit;
            }

            vcpu.SetReadData(1);
        }
    }
}
