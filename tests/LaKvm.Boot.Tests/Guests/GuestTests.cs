using System.Text;
using LaKvm.Boot;
using LaKvm.Cpu;
using LaKvm.Devices;
using LaKvm.Interpreter;
using LaKvm.Machine;
using LaKvm.Running;

namespace LaKvm.Boot.Tests.Guests;

/// <summary>Small programs on the whole machine, from the first instruction to power-off, on every engine.</summary>
public sealed class GuestTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly Dictionary<string, Func<Core, IExecutionEngine>> Engines = new()
    {
        ["interpreter"] = core => new InterpreterEngine(core),
    };

    public static TheoryData<string, string> AssemblerGuests()
    {
        var cases = new TheoryData<string, string>();
        foreach (string engine in Engines.Keys)
        {
            foreach (string guest in (string[])["hello", "timer", "exceptions", "mmu", "smp"])
            {
                cases.Add(guest, engine);
            }
        }

        return cases;
    }

    public static TheoryData<string> EngineNames() => [.. Engines.Keys];

    [Theory]
    [MemberData(nameof(AssemblerGuests))]
    public void Guest_prints_what_it_should_and_powers_off(string guest, string engine)
    {
        byte[] program = GuestFiles.Assemble(guest);
        string output = Run(engine, memory =>
        {
            program.CopyTo(memory.Span(GuestFiles.LoadAddress, (ulong)program.Length));
            return new BootRegisters(GuestFiles.LoadAddress, 0, 0, 0);
        });
        output.Should().Be(GuestFiles.Expected(guest));
    }

    [Theory]
    [Trait("Category", "Slow")]
    [MemberData(nameof(EngineNames))]
    public void Compiled_guests_do_the_same_as_assembled_ones(string engine)
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("lakvm-guests-");
        try
        {
            GuestFiles.Build(directory.FullName);
            foreach (string file in Directory.EnumerateFiles(directory.FullName, "*.elf"))
            {
                string output = Run(engine, memory =>
                    BootLoader.Place(new PhysicalMemoryRam(memory), new BootRequest(KernelImage.Load(file))));
                output.Should().Be(GuestFiles.Expected(Path.GetFileNameWithoutExtension(file)), "this is {0}", file);
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static string Run(string engine, Func<LaKvm.Memory.PhysicalMemory, BootRegisters> load)
    {
        var console = new Recorder();
        var options = new BoardMachineOptions
        {
            Cores = 4,
            RamSize = 128 << 20,
            Devices = new BoardDeviceOptions { Serial = [console] },
        };
        using var machine = new BareMachine(options, HostSources.Create(), Engines[engine]);
        BootRegisters start = load(machine.Board.Memory);
        using var patience = new CancellationTokenSource(Patience);
        MachineEnd end = machine.Run(start, patience.Token);
        end.Should().Be(MachineEnd.PowerOff, "the guest printed '{0}'", console.Text);
        return console.Text;
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
