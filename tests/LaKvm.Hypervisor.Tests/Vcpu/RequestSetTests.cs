using LaKvm.Cpu;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Requests, interrupts and CPUCFG words of a vCPU, each part on its own.</summary>
public sealed class RequestSetTests
{
    [Fact]
    public void Request_is_taken_once_and_leaves_the_others()
    {
        var requests = new RequestSet();
        requests.Any.Should().BeFalse();
        requests.Make(KvmRequest.TlbFlush);
        requests.Make(KvmRequest.FpuLoad);
        requests.Make(KvmRequest.FpuLoad);

        requests.Take(KvmRequest.FpuLoad).Should().BeTrue();
        requests.Take(KvmRequest.FpuLoad).Should().BeFalse();
        requests.Has(KvmRequest.FpuLoad).Should().BeFalse();
        requests.Has(KvmRequest.TlbFlush).Should().BeTrue();
        requests.Take(KvmRequest.Unblock).Should().BeFalse();
        requests.Any.Should().BeTrue();
        requests.Take(KvmRequest.TlbFlush).Should().BeTrue();
        requests.Any.Should().BeFalse();
    }

    [Fact]
    public void Vcpu_in_guest_mode_is_interrupted_by_the_first_who_wants_it_out()
    {
        var requests = new RequestSet();
        requests.TellToLeave(out bool first).Should().BeFalse("it is not in guest mode");
        first.Should().BeFalse();

        requests.EnterGuest();
        requests.MayStayInGuest.Should().BeTrue();
        requests.TellToLeave(out first).Should().BeTrue();
        first.Should().BeTrue();
        requests.MayStayInGuest.Should().BeFalse();
        requests.IsInGuest.Should().BeTrue("it has not left yet");
        requests.TellToLeave(out first).Should().BeTrue("it is still on its way");
        first.Should().BeFalse("one interrupt is enough");
        requests.LeaveGuest();
        requests.IsInGuest.Should().BeFalse();
        requests.WaitUntilOutsideGuest();
    }

    [Fact]
    public async Task Who_waits_for_a_vcpu_to_leave_waits_until_it_has()
    {
        var requests = new RequestSet();
        requests.EnterGuest();
        requests.WaitUntilOutsideGuest(); // nobody told it to leave: there is nothing to wait for
        requests.TellToLeave(out _);
        Task waits = Task.Run(requests.WaitUntilOutsideGuest);
        await Task.Delay(50);
        waits.IsCompleted.Should().BeFalse();

        requests.LeaveGuest();

        await waits.WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void Interrupt_is_pending_until_it_is_deasserted_and_only_an_asserted_one_is_something_to_run_for()
    {
        using var registers = new VcpuRegisters(0);
        var queue = new InterruptQueue(new VcpuTracer(new KvmTracer(), 0, registers));
        queue.Dequeue(Estat.Ipi);
        queue.IsRunnable.Should().BeFalse();

        queue.Queue(Estat.Ipi);
        queue.IsPending(Estat.Ipi).Should().BeTrue();
        queue.IsPending(Estat.Ti).Should().BeFalse();
        queue.IsRunnable.Should().BeTrue();
        queue.Dequeue(Estat.Ipi);
        queue.IsRunnable.Should().BeFalse();
        queue.Queue(Estat.Hwi0);
        queue.QueueException(Trap.Ine);
        queue.Reset();
        queue.IsRunnable.Should().BeFalse();
        queue.Exception.Should().Be(Trap.None);
    }

    [Theory]
    [InlineData(2, 0x4000u, true)] // LLFTP, the constant timer
    [InlineData(2, 0x0u, false)]
    [InlineData(2, 0x4007u, true)]
    [InlineData(2, 0x4003u, false)] // FP without double precision
    [InlineData(2, 0x4040u, false)] // LSX without FP
    [InlineData(2, 0x4047u, true)]
    [InlineData(2, 0x4087u, false)] // LASX without LSX
    [InlineData(2, 0x40c7u, true)]
    [InlineData(2, 0x4400u, false)] // LVZ is no guest's
    [InlineData(7, 0u, true)]
    [InlineData(7, 1u, false)]
    [InlineData(21, 0u, false)]
    public void Cpucfg_word_must_fit_together_and_exist(int word, uint value, bool isAccepted) =>
        GuestCpucfg.Accepts(word, value).Should().Be(isAccepted);

    [Theory]
    [InlineData(0u, 0ul)]
    [InlineData(0x1u, 1ul)]
    [InlineData(0x41u, 3ul)]
    [InlineData(0xc1u, 7ul)]
    public void Units_follow_from_cpucfg(uint word, ulong units)
    {
        var cpucfg = new GuestCpucfg();
        cpucfg.Set(2, 0xffff_ffff);

        cpucfg.Set(2, word);

        cpucfg.Units.Should().Be(units);
        cpucfg[2].Should().Be(word);
    }
}
