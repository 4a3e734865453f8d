using System.Buffers.Binary;
using System.Text;
using LaKvm.Boot;
using LaKvm.Devices;
using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Isa;
using LaKvm.Running;
using LaKvm.Vmm;
using LaKvm.Tests.Support;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// The bare-metal guests of the repository as virtual machines, from the first instruction to power-off.
/// </summary>
public sealed class VirtualMachineTests
{
    private const ulong LoadAddress = 0x20_0000;
    private const int Vcpus = 4;

    public static TheoryData<string, IrqChipPlace, int> Cases()
    {
        var cases = new TheoryData<string, IrqChipPlace, int>();
        foreach (string guest in (string[])["hello", "timer", "exceptions", "mmu", "smp"])
        {
            cases.Add(guest, IrqChipPlace.Kernel, Vcpus);
            cases.Add(guest, IrqChipPlace.User, Vcpus);
            cases.Add(guest, IrqChipPlace.Kernel, 1);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Guest_prints_what_it_should_and_powers_off(string guest, IrqChipPlace irqChip, int hostCpus)
    {
        string folder = Path.Combine(RepositoryRoot(), "guests");
        string source = File.ReadAllText(Path.Combine(folder, guest, "guest.s"))
            + File.ReadAllText(Path.Combine(folder, "common", "console.s"));

        (MachineEnd exit, string text) = Run(source, irqChip, hostCpus);

        text.Should().Be(File.ReadAllText(Path.Combine(folder, guest, "expected.txt")));
        exit.Should().Be(MachineEnd.PowerOff);
    }

    [Fact]
    public void Reset_ends_the_run()
    {
        (MachineEnd exit, _) = Run("""
            li.d    $t0, 0x100e001e
            ori     $t1, $zero, 0x42
            st.b    $t1, $t0, 0
            1: b    1b
            """, IrqChipPlace.Kernel, 1);

        exit.Should().Be(MachineEnd.Reset);
    }

    [Fact]
    public void Run_that_is_cancelled_stops()
    {
        (MachineEnd exit, _) = Run("1: b 1b", IrqChipPlace.Kernel, Vcpus, TimeSpan.FromMilliseconds(100));

        exit.Should().Be(MachineEnd.Stopped);
    }

    [Theory]
    [InlineData(IrqChipPlace.Kernel)]
    [InlineData(IrqChipPlace.User)]
    public void Chip_function_lets_interrupts_through_from_the_start_and_holds_them_while_it_is_cleared(
        IrqChipPlace irqChip)
    {
        // ESTAT is shown as a digit: pin 2 by its level and a message, with the function set, cleared and set again.
        (MachineEnd exit, string text) = Run("""
            li.d    $s0, 0x1fe001e0
            li.d    $s1, 0x10000000
            li.d    $t0, 0x14c0
            li.d    $t1, 0x0204020202020202
            iocsrwr.d $t1, $t0
            li.d    $t0, 0x1600
            addi.d  $t1, $zero, -1
            iocsrwr.d $t1, $t0
            li.d    $t0, 0x1618
            iocsrwr.d $t1, $t0
            addi.w  $t1, $zero, -5
            st.w    $t1, $s1, 0x20
            ori     $t1, $zero, 2
            st.b    $t1, $s0, 1
            bl      show
            li.d    $s2, 0x420
            iocsrwr.d $zero, $s2
            bl      show
            li.d    $t0, 0x2ff00000
            ori     $t1, $zero, 200
            st.w    $t1, $t0, 0
            bl      show
            li.d    $t1, 0x1000000000000
            iocsrwr.d $t1, $s2
            bl      show
            st.b    $zero, $s0, 1
            bl      show
            li.d    $t0, 0x100e001c
            ori     $t1, $zero, 0x34
            st.b    $t1, $t0, 0
            1: b    1b
            show:
            csrrd   $t0, 5
            bstrpick.d $t0, $t0, 5, 2
            addi.d  $t0, $t0, 48
            st.b    $t0, $s0, 0
            jr      $ra
            """, irqChip, Vcpus);

        exit.Should().Be(MachineEnd.PowerOff);
        text.Should().Be("20064");
    }

    [Theory]
    [InlineData(IrqChipPlace.Kernel)]
    [InlineData(IrqChipPlace.User)]
    public void Virtio_request_is_notified_and_answered_with_an_edge_each_time(IrqChipPlace irqChip)
    {
        // The entropy device in slot 0, two requests; after each interrupt: the causes, and the index of the used ring.
        (MachineEnd exit, string text) = Run("""
            li.d    $s0, 0x1fe001e0
            li.d    $s1, 0x10000000
            li.d    $s2, 0x1fe02000
            li.d    $s3, 0x300000
            li.d    $t0, 0x14c0
            li.d    $t1, 0x0202020202020202
            iocsrwr.d $t1, $t0
            li.d    $t0, 0x1600
            li.d    $s4, 0x100000
            iocsrwr.w $s4, $t0
            st.w    $s4, $s1, 0x60
            nor     $t1, $s4, $zero
            st.w    $t1, $s1, 0x20
            ori     $t1, $zero, 3
            st.w    $t1, $s2, 0x70
            ori     $t1, $zero, 1
            st.w    $t1, $s2, 0x24
            st.w    $t1, $s2, 0x20
            ori     $t1, $zero, 0xb
            st.w    $t1, $s2, 0x70
            ori     $t1, $zero, 4
            st.w    $t1, $s2, 0x38
            st.w    $s3, $s2, 0x80
            li.d    $t1, 0x301000
            st.w    $t1, $s2, 0x90
            li.d    $t2, 0x302000
            st.w    $t2, $s2, 0xa0
            ori     $t3, $zero, 1
            st.w    $t3, $s2, 0x44
            ori     $t3, $zero, 0xf
            st.w    $t3, $s2, 0x70
            li.d    $t3, 0x303000
            st.d    $t3, $s3, 0
            li.d    $t3, 0x200000008
            st.d    $t3, $s3, 8
            ori     $s5, $zero, 0
            next:
            addi.d  $s5, $s5, 1
            dbar    0
            st.h    $s5, $t1, 2
            dbar    0
            st.w    $zero, $s2, 0x50
            wait:
            csrrd   $t3, 5
            andi    $t3, $t3, 8
            beqz    $t3, wait
            ld.w    $t3, $s2, 0x60
            st.w    $t3, $s2, 0x64
            addi.d  $t3, $t3, 48
            st.b    $t3, $s0, 0
            ld.h    $t3, $t2, 2
            addi.d  $t3, $t3, 48
            st.b    $t3, $s0, 0
            st.w    $s4, $s1, 0x80
            li.d    $t3, 0x1800
            iocsrwr.w $s4, $t3
            ori     $t3, $zero, 2
            bne     $s5, $t3, next
            li.d    $t0, 0x100e001c
            ori     $t1, $zero, 0x34
            st.b    $t1, $t0, 0
            1: b    1b
            """, irqChip, Vcpus, virtio: new VirtioEntropy(FixedSources.Random));

        text.Should().Be("1112");
        exit.Should().Be(MachineEnd.PowerOff);
    }

    private static (MachineEnd Exit, string Text) Run(string source, IrqChipPlace irqChip, int hostCpus,
        TimeSpan? patience = null, params VirtioDevice[] virtio)
    {
        var console = new Recorder();
        MachineSources sources = HostSources.Create();
        var options = new VmOptions
        {
            Cpus = Vcpus,
            MemoryBytes = 128 << 20,
            Kernel = KernelImage.Parse(Elf(Assembler.Assemble(source, LoadAddress).BytesOrThrow())),
            IrqChip = irqChip,
            Sources = sources,
            Devices = new BoardDeviceOptions { Serial = [console], Virtio = virtio },
        };
        using var host = new HostMachine(
            hostCpus, VirtualMachine.HostMemoryFor(options), sources.Clock, core => new InterpreterEngine(core));
        using var process = new HostProcess(host);
        using VirtualMachine machine = VirtualMachine.Create(process, options);
        using var stop = new CancellationTokenSource(patience ?? TimeSpan.FromSeconds(60));
        return (machine.Run(stop.Token), console.Text);
    }

    /// <summary>A program as an ELF file: headers and one loadable segment.</summary>
    private static byte[] Elf(byte[] code)
    {
        const int headers = 64 + 56;
        var file = new byte[headers + code.Length];
        ReadOnlySpan<byte> identification = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identification.CopyTo(file);
        (int Offset, ulong Value)[] fields =
        [
            (0x10, 2 | (258 << 16) | (1UL << 32)), // executable for LoongArch
            (0x18, LoadAddress),
            (0x20, 64),
            (0x34, 64 | (56 << 16) | (1UL << 32)),
            (64, 1 | (7UL << 32)), // loadable
            (64 + 0x08, headers),
            (64 + 0x10, LoadAddress),
            (64 + 0x18, LoadAddress),
            (64 + 0x20, (ulong)code.Length),
            (64 + 0x28, (ulong)code.Length),
            (64 + 0x30, 0x1000),
        ];
        foreach ((int offset, ulong value) in fields)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(offset), value);
        }

        code.CopyTo(file, headers);
        return file;
    }

    private static string RepositoryRoot()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory != null && !File.Exists(Path.Combine(directory.FullName, "LaKvm.sln")))
        {
            directory = directory.Parent;
        }

        return directory?.FullName ?? throw new DirectoryNotFoundException("The tests run inside the repository.");
    }

    private sealed class Recorder : ISerialBackend
    {
        private readonly StringBuilder _text = new();

        internal string Text
        {
            get
            {
                lock (_text)
                {
                    return _text.ToString();
                }
            }
        }

        public void Write(byte value)
        {
            lock (_text)
            {
                _text.Append((char)value);
            }
        }
    }
}
