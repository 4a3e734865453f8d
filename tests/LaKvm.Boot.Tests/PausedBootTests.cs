using System.Text;
using System.Text.RegularExpressions;
using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Hypervisor;
using LaKvm.Images.Debian;
using LaKvm.Images.Store;
using LaKvm.Interpreter;
using LaKvm.Ioctl;
using LaKvm.Machine;
using LaKvm.Running;
using LaKvm.Translator;
using LaKvm.Vmm;

namespace LaKvm.Boot.Tests;

/// <summary>Debian's kernel boots, and does not notice that its machine is paused all the time.</summary>
[Trait("Category", "Slow")]
public sealed class PausedBootTests
{
    private const int Pauses = 1_000;
    private const ulong Memory = 1UL << 30;

    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData("host", "translator", 1)]
    [InlineData("host", "translator", 4)]
    [InlineData("host", "interpreter", 4)]
    [InlineData("run", "translator", 1)]
    [InlineData("run", "translator", 4)]
    [InlineData("run", "interpreter", 4)]
    public void Guest_paused_a_thousand_times_boots_as_ever(string command, string engine, int cpus)
    {
        GuestShell.EnsureImage();
        var console = new Terminal();
        using IMachine machine = command == "host"
            ? new Bare(MakerOf(engine), cpus, console)
            : new Virtual(MakerOf(engine), cpus, console);
        Task<MachineEnd> end = Task.Factory.StartNew(machine.Run, TaskCreationOptions.LongRunning);

        int pauses = 0;
        for (bool typed = false; !end.IsCompleted;)
        {
            pauses += machine.Life.Pause(_patience) ? 1 : 0;
            machine.Life.Resume();
            Thread.Sleep(1);
            if (!typed && pauses >= Pauses && console.Text.Contains("~ # ", StringComparison.Ordinal))
            {
                typed = true;
                machine.Port.Receive("dmesg; grep -c ^processor /proc/cpuinfo; poweroff -f\n"u8);
            }
        }

        EndOf(end).Should().Be(MachineEnd.PowerOff);
        console.Text.Should().Contain($"\n{cpus}\r").And.Contain("reboot: Power down");
        Regex.Matches(console.Text, "BUG:|WARNING:|Oops|rcu.*stall|soft lockup|unstable|unhandled").Should().BeEmpty();
    }

    private static Func<Core, IExecutionEngine> MakerOf(string engine) =>
        engine == "interpreter" ? core => new InterpreterEngine(core) : core => new TranslatorEngine(core);

    private static MachineEnd EndOf(Task<MachineEnd> run) => run.GetAwaiter().GetResult();

    private interface IMachine : IDisposable
    {
        IMachineLife Life { get; }

        Uart16550 Port { get; }

        MachineEnd Run();
    }

    private static BootFilesOfDebian Files()
    {
        CachedImage image = ImageStore.OfUser().Find(DebianImages.ImageName)!;
        return new(KernelImage.Load(image.KernelPath).Unpack(), InitrdImage.Load(image.InitrdPath));
    }

    private sealed record BootFilesOfDebian(KernelImage Kernel, InitrdImage Initrd);

    private sealed class Bare : IMachine
    {
        private readonly BareMachine _machine;
        private readonly BootRegisters _start;

        internal Bare(Func<Core, IExecutionEngine> engine, int cpus, Terminal console)
        {
            var options = new BoardMachineOptions
            {
                Cores = cpus,
                RamSize = Memory,
                Devices = new BoardDeviceOptions { Serial = [console] },
            };
            MachineSources sources = HostSources.Create();
            _machine = new BareMachine(options, sources, engine);
            BootFilesOfDebian files = Files();
            var tree = new BoardDeviceTreeOptions { Cores = cpus, RamSize = Memory, Devices = options.Devices };
            _start = BootLoader.Place(new PhysicalMemoryRam(_machine.Board.Memory), new BootRequest(files.Kernel)
            {
                Initrd = files.Initrd,
                DeviceTree = FdtWriter.Write(BoardDeviceTree.Build(options.Layout, tree)),
                RandomSeed = sources.Seed(),
            });
        }

        public IMachineLife Life => _machine.Life;

        public Uart16550 Port => _machine.Board.Devices.Uarts[0];

        public MachineEnd Run()
        {
            using var patience = new CancellationTokenSource(_patience);
            return _machine.Run(_start, patience.Token);
        }

        public void Dispose() => _machine.Dispose();
    }

    private sealed class Virtual : IMachine
    {
        private readonly HostMachine _host;
        private readonly HostProcess _process;
        private readonly VirtualMachine _machine;

        internal Virtual(Func<Core, IExecutionEngine> engine, int cpus, Terminal console)
        {
            MachineSources sources = HostSources.Create();
            BootFilesOfDebian files = Files();
            var options = new VmOptions
            {
                Cpus = cpus,
                MemoryBytes = Memory,
                Kernel = files.Kernel,
                Initrd = files.Initrd,
                Devices = new BoardDeviceOptions { Serial = [console] },
                Sources = sources,
            };
            _host = new HostMachine(cpus, VirtualMachine.HostMemoryFor(options), sources.Clock, engine);
            _process = new HostProcess(_host);
            _machine = VirtualMachine.Create(_process, options);
        }

        public IMachineLife Life => _machine.Life;

        public Uart16550 Port => _machine.Devices.Uarts[0];

        public MachineEnd Run()
        {
            using var patience = new CancellationTokenSource(_patience);
            return _machine.Run(patience.Token);
        }

        public void Dispose()
        {
            _machine.Dispose();
            _process.Dispose();
            _host.Dispose();
        }
    }

    private sealed class Terminal : ISerialBackend
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
