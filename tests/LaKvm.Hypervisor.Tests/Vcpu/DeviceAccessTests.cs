using LaKvm.Cpu;
using LaKvm.Ioctl;
using LaKvm.Isa;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// Every load and store of the instruction table on a device, compared with the same instruction on memory: the core's
/// own execution says what emulation has to give.
/// </summary>
public unsafe class DeviceAccessTests : IDisposable
{
    private const ulong Ram = 0x80_0000, Device = 0x1fe0_0000;
    private const int Base = 12, Register = 13, Index = 14, Offset = 16, Element = 1;
    private const string Stop = "li.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\n";

    private readonly GuestBench _bench;
    private readonly Vcpu _vcpu;

    public DeviceAccessTests()
        : this(engine: null)
    {
    }

    private protected DeviceAccessTests(Func<Core, IExecutionEngine>? engine)
    {
        _bench = new GuestBench(engine: engine);
        _bench.Load(Stop, GuestBench.CodeBase + 4);
        _vcpu = _bench.CreateVcpu();
        _vcpu.SetCsr(2, 7);
    }

    public void Dispose() => _bench.Dispose();

    public static TheoryData<string> Rows() => [.. Enumerable.Range(0, OpcodeTable.Count)
        .Select(i => ((Opcode)i).Info())
        .Where(i => i.Access is AccessKind.Load or AccessKind.Store && !i.IsPrivileged && i.Unit != Unit.Lbt)
        .Select(i => i.Mnemonic)];

    [Fact]
    public void All_widths_and_units_are_among_the_rows() => Rows().Should().HaveCount(82)
        .And.Contain(["ld.b", "ldx.wu", "stptr.d", "ldgt.h", "stle.d", "fld.s", "fstx.d", "fstgt.s", "vld", "vstelm.h",
            "vldrepl.b", "xvldx", "xvstelm.d", "xvst"]);

    [Theory]
    [MemberData(nameof(Rows))]
    public void Access_to_a_device_has_the_effect_of_one_to_memory(string mnemonic)
    {
        OpcodeInfo row = Enumerable.Range(0, OpcodeTable.Count).Select(i => ((Opcode)i).Info())
            .Single(i => i.Mnemonic == mnemonic);
        byte[] memory = Pattern(0x35);
        byte[] device = Pattern(0x35);
        Load(row);
        _bench.Ram.Write(Ram, memory);

        Start(row, Ram);
        _vcpu.Run().Address.Should().Be(Device + 0xff8);
        (ulong[] gpr, byte[] vectors) expected = State();
        _bench.Ram.Read(Ram, memory);

        Start(row, Device);
        int parts = Serve(device, row);

        parts.Should().Be(Math.Max(1, row.AccessSize / 8));
        (ulong[] Gpr, byte[] Vectors) actual = State();
        actual.Gpr[Base] = expected.gpr[Base];
        actual.Gpr[Index] = expected.gpr[Index];
        actual.Gpr.Should().Equal(expected.gpr);
        actual.Vectors.Should().Equal(expected.vectors);
        device.Should().Equal(memory);
    }

    [Fact]
    public void Parts_of_a_vector_go_to_devices_of_the_hypervisor_and_to_user_space_as_each_answers()
    {
        int fd = _bench.Process.CreateEventFd();
        _bench.Vm.SetIoEventFd(fd, Device + Offset + 8, 8);
        Load(Opcode.Xvst.Info());
        Start(Opcode.Xvst.Info(), Device);

        _vcpu.Run().Address.Should().Be(Device + Offset);
        _vcpu.Run().Address.Should().Be(Device + Offset + 16, "the second part signalled the event");
        _vcpu.RequestExit();
        _vcpu.Run().Address.Should().Be(Device + Offset + 24, "an access under way comes before an immediate exit");
        _vcpu.Run().Kind.Should().Be(VcpuExitKind.Interrupted);
        _vcpu.AllowRun();
        _vcpu.Run().Address.Should().Be(Device + 0xff8);

        ((EventDescriptor)_bench.Process.Find(fd)!).Take().Should().Be(1);
    }

    [Theory]
    [InlineData("ll.w $t1, $t0, 0")]
    [InlineData("ll.d $t1, $t0, 0")]
    [InlineData("amadd.w $t1, $t2, $t0")]
    [InlineData("amswap_db.d $t1, $t2, $t0")]
    public void Atomic_access_to_a_device_is_refused_by_an_address_error(string instruction)
    {
        _bench.Load(instruction);
        _bench.Load(Stop, 0x30_0000);
        _vcpu.SetCsr(0xc, 0x30_0000);
        Start(Opcode.LdD.Info(), Device);

        _vcpu.Run().Address.Should().Be(Device + 0xff8);

        (_vcpu.GetCsr(5) >> 16).Should().Be(0x48, "ADEM");
        _vcpu.GetCsr(6).Should().Be(GuestBench.CodeBase);
        _vcpu.GetCsr(7).Should().Be(Device);
    }

    private static byte[] Pattern(int seed) =>
        [.. Enumerable.Range(0, 64).Select(i => (byte)((i * 37) + seed + (i >> 3)))];

    /// <summary>The instruction on rj = t0 plus 16, whatever its form.</summary>
    private void Load(OpcodeInfo row)
    {
        uint word = row.Word;
        for (int i = 0; i < row.OperandCount; i++)
        {
            Operand operand = row.OperandAt(i);
            int value = operand.IsRegister
                ? operand.Shift switch { 0 => Register, 5 => Base, _ => Index }
                : operand.Kind == OperandKind.Unsigned ? Element : Offset;
            word |= operand.Insert(value);
        }

        _bench.Ram.Write(GuestBench.CodeBase, BitConverter.GetBytes(word)).Should().BeTrue();
    }

    private void Start(OpcodeInfo row, ulong address)
    {
        bool checksBound = row.Mnemonic.Contains("gt.") || row.Mnemonic.Contains("le.");
        var gpr = new ulong[32];
        for (int i = 1; i < 32; i++)
        {
            gpr[i] = 0x0123_4567_89ab_cdef * (ulong)i;
        }

        gpr[Base] = checksBound ? address + Offset : address;
        gpr[Index] = row.Mnemonic.Contains("gt.") ? address : checksBound ? address + 0x1000 : Offset;
        _vcpu.SetRegisters(gpr, GuestBench.CodeBase);
        var fpu = default(KvmFpu);
        for (int i = 0; i < 128; i++)
        {
            fpu.Registers[i] = 0xfedc_ba98_7654_3210 * (ulong)(i + 3);
        }

        GuestBench.CoreOf(_bench.Process, _vcpu).RegisterAccess.SetFpu(&fpu);
    }

    /// <summary>Answers exits out of an array of bytes until the program ends; returns how many there were.</summary>
    private int Serve(byte[] device, OpcodeInfo row)
    {
        for (int parts = 0; ; parts++)
        {
            VcpuExit exit = _vcpu.Run();
            if (exit.Address == Device + 0xff8)
            {
                return parts;
            }

            exit.Kind.Should().Be(VcpuExitKind.Mmio);
            exit.Size.Should().Be(Math.Min(8, row.AccessSize));
            exit.IsWrite.Should().Be(row.Access == AccessKind.Store);
            int at = (int)(exit.Address - Device);
            if (exit.IsWrite)
            {
                BitConverter.GetBytes(exit.Data).AsSpan(0, exit.Size).CopyTo(device.AsSpan(at));
            }
            else
            {
                _vcpu.SetReadData(BitConverter.ToUInt64(device, at));
            }
        }
    }

    private (ulong[] Gpr, byte[] Vectors) State()
    {
        KvmFpu fpu;
        GuestBench.CoreOf(_bench.Process, _vcpu).RegisterAccess.GetFpu(&fpu);
        return (_vcpu.GetRegisters().Gpr, new ReadOnlySpan<byte>(fpu.Registers, 1024).ToArray());
    }
}

/// <summary>The same accesses by translated code.</summary>
public sealed class TranslatedDeviceAccessTests() : DeviceAccessTests(GuestBench.Translator);
