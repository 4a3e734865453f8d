using System.Buffers.Binary;
using LaKvm.Cpu;
using LaKvm.Ioctl;
using LaKvm.Isa;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// Everything of the hypervisor that reads what a guest says, with nonsense: nothing throws, nothing but the guest's
/// own memory changes, and the vCPU can run on. Bounded and repeatable.
/// </summary>
public sealed class GuestInputTests : IDisposable
{
    private const ulong Handler = 0x30_0000;
    private const string Stop = "\nli.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\n";
    private const int A0 = 4;

    private readonly GuestBench _bench = new();
    private readonly Random _random = new(4711);

    public void Dispose() => _bench.Dispose();

    [Fact]
    public void Mmio_decoder_takes_any_word_and_agrees_with_the_instruction_table()
    {
        for (int i = 0; i < 300_000; i++)
        {
            var word = (uint)_random.NextInt64();
            MmioInstruction access = MmioInstruction.Decode(word);
            OpcodeInfo row = Decoder.Find(word).Info();
            bool moves = row.Access is AccessKind.Load or AccessKind.Store && !row.IsPrivileged && row.Unit != Unit.Lbt;
            if (access.Size != (moves ? row.AccessSize : 0)
                || (moves && access.Store != (row.Access == AccessKind.Store)))
            {
                Assert.Fail($"word {word:x8} ({row.Mnemonic}) decodes as {access}");
            }
        }
    }

    [Fact]
    public void Device_access_by_any_instruction_ends_in_an_exit_or_an_exception()
    {
        _bench.Load(Stop, Handler);
        Vcpu vcpu = _bench.CreateVcpu();
        Span<byte> code = stackalloc byte[4];

        // Those that jump or wait may rightly go on for ever.
        OpcodeInfo[] rows = [.. Enumerable.Range(1, OpcodeTable.Count - 1).Select(i => ((Opcode)i).Info())
            .Where(r => r.Flow is Flow.Next or Flow.Trap or Flow.Sync && r.Opcode != Opcode.Idle)];
        for (int i = 0; i < 1_500; i++)
        {
            OpcodeInfo row = rows[_random.Next(rows.Length)];
            uint word = row.Word | ((uint)_random.NextInt64() & ~row.Mask);
            BinaryPrimitives.WriteUInt32LittleEndian(code, word);
            _bench.Ram.Write(GuestBench.CodeBase, code);
            _bench.Load(Stop, GuestBench.CodeBase + 4);
            Prepare(vcpu, () => GuestBench.DeviceBase + ((ulong)_random.Next(0x200) * 8));

            RunOn(vcpu, 40).Should().BeTrue("word {0:x8} ({1}) must not hang the vCPU", word, row.Mnemonic);
        }
    }

    [Fact]
    public void Hypercall_with_any_arguments_answers_with_a_known_code()
    {
        using UserMemory foreign = UserMemory.Map(_bench.Process, HostPages.DefaultPageSize);
        Vcpu vcpu = _bench.CreateVcpu();
        _bench.CreateVcpu(1);
        ulong[] results = [0, ulong.MaxValue, ulong.MaxValue - 1];
        for (int i = 0; i < 3_000; i++)
        {
            _bench.Load($"hvcl {_random.Next(0xfe, 0x104)}" + Stop);
            var gpr = new ulong[32];
            for (int r = A0; r < A0 + 6; r++)
            {
                gpr[r] = _random.Next(4) switch
                {
                    0 => (ulong)_random.Next(6),
                    1 => (ulong)_random.NextInt64(),
                    2 => ((ulong)_random.Next((int)GuestBench.RamSize / 64) * 64) + (ulong)_random.Next(2),
                    _ => ulong.MaxValue << _random.Next(64),
                };
            }

            vcpu.SetRegisters(gpr, GuestBench.CodeBase);
            vcpu.Run().Address.Should().Be(GuestBench.DeviceBase + 0xff8);
            results.Should().Contain(vcpu.GetRegisters().Gpr[A0]);
        }

        Span<byte> page = stackalloc byte[(int)HostPages.DefaultPageSize];
        foreign.Read(0, page).Should().BeTrue();
        page.IndexOfAnyExcept((byte)0).Should().Be(-1, "memory that is no slot stays");
    }

    [Fact]
    public void Steal_time_address_of_any_value_is_accepted_within_memory_and_refused_or_idle_outside()
    {
        Vcpu vcpu = _bench.Start("1:" + Stop + "b 1b\n");
        KvmVcpu core = GuestBench.CoreOf(_bench.Process, vcpu);
        for (int i = 0; i < 2_000; i++)
        {
            ulong address = _random.Next(3) switch
            {
                0 => (ulong)_random.NextInt64(),
                1 => ((ulong)_random.Next(0x100_0000, (int)(GuestBench.RamSize + 0x10_0000)) & ~63UL) | 1,
                _ => ulong.MaxValue >> _random.Next(64),
            };
            bool good = (address & 0x3e) == 0 && ((address & 1) == 0 || (address & ~63UL) < GuestBench.RamSize);

            core.Steal.SetAddress(address).Should().Be(good ? Errno.None : Errno.Inval, "0x{0:x}", address);

            vcpu.Run().Kind.Should().Be(VcpuExitKind.Mmio);
        }
    }

    [Fact]
    public void Controllers_take_any_attribute_and_any_guest_access()
    {
        Device[] devices = [_bench.Vm.CreateDevice(12), _bench.Vm.CreateDevice(13), _bench.Vm.CreateDevice(14)];
        devices[2].SetAttribute(0x4000_0006, 0, 0x1000_0000);
        Vcpu[] vcpus = [_bench.CreateVcpu(0), _bench.CreateVcpu(1)];
        for (int i = 0; i < 20_000; i++)
        {
            Device device = devices[_random.Next(3)];
            uint group = 0x4000_0001 + (uint)_random.Next(8);
            ulong attribute = _random.Next(8) == 0
                ? (ulong)_random.NextInt64()
                : ((ulong)_random.Next(3) << 16) | (uint)_random.Next(0x900);
            try
            {
                if (_random.Next(2) == 0)
                {
                    device.SetAttribute(group, attribute, (ulong)_random.NextInt64() >> _random.Next(64));
                }
                else
                {
                    device.GetAttribute(group, attribute);
                }
            }
            catch (KvmException e)
            {
                e.Error.Should().BeOneOf((int)Errno.Inval, (int)Errno.Fault);
            }
        }

        for (int i = 0; i < 1_500; i++)
        {
            AccessController(vcpus[i & 1]);
        }
    }

    /// <summary>One access to a controller's register from the guest, of any width, alignment and value.</summary>
    private void AccessController(Vcpu vcpu)
    {
        string width = "bhwd"[_random.Next(4)].ToString();
        bool iocsr = _random.Next(3) != 0;
        string instruction = (iocsr, _random.Next(2) == 0) switch
        {
            (true, true) => $"iocsrrd.{width} $a1, $a0",
            (true, false) => $"iocsrwr.{width} $a1, $a0",
            (false, true) => $"ld.{width} $a1, $a0, 0",
            _ => $"st.{width} $a1, $a0, 0",
        };
        _bench.Load(Stop, Handler);
        _bench.Load(instruction + Stop);
        Prepare(vcpu, () => (ulong)_random.NextInt64());
        (ulong[] gpr, ulong pc) = vcpu.GetRegisters();
        gpr[A0] = iocsr
            ? (ulong)(_random.Next(4) == 0 ? 0x4000_0000 + _random.Next(0x20) : 0x1000 + _random.Next(0xd00))
            : 0x1000_0000 + (ulong)_random.Next(0x3f8);
        vcpu.SetRegisters(gpr, pc);

        RunOn(vcpu, 20).Should().BeTrue("{0} at {1:x}", instruction, gpr[A0]);
    }

    /// <summary>A vCPU whose registers hold anything, at the program, with exceptions that end it.</summary>
    private static void Prepare(Vcpu vcpu, Func<ulong> value)
    {
        vcpu.SetRegisters([.. Enumerable.Range(0, 32).Select(_ => value())], GuestBench.CodeBase);
        vcpu.SetCsr(Csr.Crmd, Crmd.Da);
        vcpu.SetCsr(Csr.Ecfg, 0);
        vcpu.SetCsr(Csr.Euen, 7);
        vcpu.SetCsr(Csr.Eentry, Handler);
        vcpu.SetCsr(Csr.Tlbrentry, Handler);
        vcpu.SetCsr(Csr.Tcfg, 0);
    }

    /// <summary>Runs on, answering whatever is asked, until the end of the program or a number of exits.</summary>
    private static bool RunOn(Vcpu vcpu, int exits)
    {
        using var limit = new Timer(_ => vcpu.RequestExit(), null, 5_000, Timeout.Infinite);
        for (int i = 0; i < exits; i++)
        {
            VcpuExit exit = vcpu.Run();
            if (exit.Kind == VcpuExitKind.Interrupted)
            {
                vcpu.AllowRun();
                return false;
            }

            if (exit is { Kind: VcpuExitKind.Mmio, Address: GuestBench.DeviceBase + 0xff8, IsWrite: true })
            {
                return true;
            }
        }

        return true;
    }
}
