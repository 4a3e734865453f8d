using LaKvm.Cpu;
using LaKvm.Ioctl;
using LaKvm.Isa;

namespace LaKvm.Hypervisor.Tests;

/// <summary>TLB tags: what happens when a core has used up all of them, and what a new one takes along.</summary>
public class GuestTagTests : IDisposable
{
    private const int T1 = 13;
    private const ulong Word = 0x30_0000;

    private readonly GuestBench _bench;

    public GuestTagTests()
        : this(engine: null)
    {
    }

    private protected GuestTagTests(Func<Core, IExecutionEngine>? engine) =>
        _bench = new GuestBench(cpus: 1, engine: engine);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Core_that_has_used_up_its_tags_starts_again_without_old_translations()
    {
        HostCpu cpu = _bench.Machine.Cpus[0];
        ulong mask = _bench.Core.Module.VpidMask;
        Vcpu first = CreateReader(_bench.Vm, _bench.Ram, 0x1111);
        first.Run();
        ulong tag = cpu.VpidCache;
        using UserMemory memory = UserMemory.Map(_bench.Process, 8 << 20);
        using LaKvm.Ioctl.Vm vm = _bench.Kvm.CreateVm();
        vm.SetMemoryRegion(0, 0, memory);
        Vcpu second = CreateReader(vm, memory, 0x2222);
        cpu.VpidCache = (tag & ~mask) | (mask - 1); // one is left, and then those of the first guest come again
        for (ulong left = (tag & mask) + 1; left > 0; left--)
        {
            GuestBench.CoreOf(_bench.Process, second).MakeRequest(KvmRequest.TlbFlush, wake: false);
            second.Run();
            second.GetRegisters().Gpr[T1].Should().Be(0x2222);
        }

        cpu.VpidCache.Should().Be(((tag & ~mask) + mask + 1) | (tag & mask), "0 is the host's");
        first.Run();
        first.GetRegisters().Gpr[T1].Should().Be(0x1111);
        (cpu.VpidCache & mask).Should().Be((tag & mask) + 1, "the first guest's old tag is another's now");
    }

    [Theory]
    [InlineData(false, 1)]
    [InlineData(true, 0)]
    public void Store_conditional_behind_a_change_of_the_tag_fails(bool changesTag, ulong expected)
    {
        Vcpu vcpu = _bench.Start($"""
            li.d    $t0, {Word}
            li.d    $s8, {GuestBench.DeviceBase}
            ll.d    $t1, $t0, 0
            st.d    $zero, $s8, 0
            ori     $t1, $zero, 5
            sc.d    $t1, $t0, 0
            st.d    $zero, $s8, 0
            """);
        vcpu.Run();
        if (changesTag)
        {
            GuestBench.CoreOf(_bench.Process, vcpu).MakeRequest(KvmRequest.TlbFlush, wake: false);
        }

        vcpu.Run();

        vcpu.GetRegisters().Gpr[T1].Should().Be(expected);
        _bench.ReadRam(Word).Should().Be(expected * 5);
    }

    [Fact]
    public void Store_conditional_behind_another_vcpu_on_the_core_fails()
    {
        Vcpu vcpu = _bench.Start($"""
            li.d    $t0, {Word}
            li.d    $s8, {GuestBench.DeviceBase}
            ll.d    $t1, $t0, 0
            st.d    $zero, $s8, 0
            ori     $t1, $zero, 5
            sc.d    $t1, $t0, 0
            st.d    $zero, $s8, 0
            """);
        Vcpu other = _bench.CreateVcpu(1);
        vcpu.Run();
        other.Run();

        vcpu.Run();

        vcpu.GetRegisters().Gpr[T1].Should().Be(0);
    }

    /// <summary>A vCPU that reads a word of its memory into t1 and stores to a device, for ever.</summary>
    private static Vcpu CreateReader(LaKvm.Ioctl.Vm vm, UserMemory memory, ulong value)
    {
        string program = $"""
            li.d    $t0, {Word}
            li.d    $s8, {GuestBench.DeviceBase}
            1:
            ld.d    $t1, $t0, 0
            st.d    $zero, $s8, 0
            b       1b

            """;
        memory.Write(Word, BitConverter.GetBytes(value)).Should().BeTrue();
        memory.Write(GuestBench.CodeBase, Assembler.Assemble(program, GuestBench.CodeBase).BytesOrThrow());
        return GuestVcpu.Create(vm, 0, GuestBench.CodeBase);
    }
}

/// <summary>The same with translated guest code.</summary>
public sealed class TranslatedGuestTagTests() : GuestTagTests(GuestBench.Translator);
