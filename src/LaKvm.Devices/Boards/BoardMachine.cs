using LaKvm.Cpu;
using LaKvm.Diagnostics;
using LaKvm.Memory;

namespace LaKvm.Devices;

/// <summary>What a bare machine is made of.</summary>
public sealed record BoardMachineOptions
{
    /// <summary>Where everything is.</summary>
    public BoardLayout Layout { get; init; } = BoardLayout.QemuVirt;

    /// <summary>Number of cores, 1 to <see cref="BoardLayout.MaxCores"/>.</summary>
    public int Cores { get; init; } = 1;

    /// <summary>Bytes of RAM, a multiple of <see cref="BoardLayout.RamGranule"/>.</summary>
    public ulong RamSize { get; init; } = 1UL << 30;

    /// <summary>What is attached.</summary>
    public BoardDeviceOptions Devices { get; init; } = new();

    /// <summary>Where is reported what the guest does wrong.</summary>
    public GuestErrorLog GuestErrors { get; init; } = GuestErrorLog.Silent;
}

/// <summary>
/// The bare machine around its cores: RAM, buses, interrupt controllers and devices. A core reaches everything through
/// <see cref="ICoreBus"/>, and is interrupted through the <see cref="ICoreInterrupts"/> given here.
/// </summary>
public sealed class BoardMachine : ICoreBus, IDisposable
{
    private readonly ChipRegisters _chip;

    /// <summary>Builds the machine, switched on but with no core running.</summary>
    /// <param name="options">What it is made of.</param>
    /// <param name="sources">Its time and chance.</param>
    /// <param name="cores">The cores' interrupt inputs.</param>
    /// <param name="control">Carries out power-off and reboot.</param>
    /// <exception cref="ArgumentException">The board cannot be built so.</exception>
    public BoardMachine(
        BoardMachineOptions options, MachineSources sources, ICoreInterrupts cores, IMachineControl control)
    {
        BoardLayout.CheckCores(options.Cores);
        Memory = new PhysicalMemory();
        foreach (RamRange range in options.Layout.Ram(options.RamSize))
        {
            Memory.Add(range.Base, range.Size);
        }

        if (options.Devices.Firmware is { } firmware)
        {
            Memory.AddReadOnly(options.Layout.Flash.Base, firmware.Code.Span);
        }

        GuestErrorLog log = options.GuestErrors;
        Mmio = new MmioBus(log);
        Iocsr = new IocsrBus(log);
        Interrupts = new BoardInterrupts(options.Layout, options.Cores, Iocsr, cores, log);
        _chip = new ChipRegisters(() => sources.Ticks, virtualMachine: false, Interrupts.SetChipFunctions);
        Iocsr.Map("chip", 0, ChipRegisters.Size, AccessWidths.All, _chip);
        Devices = new BoardDevices(options.Layout, Mmio, new BoardWiring(
            new PhysicalGuestMemory(Memory), Interrupts, control, options.Devices, sources.Calendar, log));
        Reset();
    }

    /// <summary>The RAM.</summary>
    public PhysicalMemory Memory { get; }

    /// <summary>Physical addresses that are not RAM.</summary>
    public MmioBus Mmio { get; }

    /// <summary>The IOCSR space.</summary>
    public IocsrBus Iocsr { get; }

    /// <summary>The interrupt controllers.</summary>
    public BoardInterrupts Interrupts { get; }

    /// <summary>The peripherals.</summary>
    public BoardDevices Devices { get; }

    /// <summary>Everything but RAM as after power-on. No core may be running.</summary>
    public void Reset()
    {
        Devices.Reset();
        Interrupts.Reset();
        _chip.Reset();
    }

    /// <summary>Where RAM and devices are, a line each.</summary>
    public IEnumerable<string> DescribeMemory() =>
        MemoryMapDump.Describe(Memory.Blocks.Select(block => new RamRange(block.Base, block.Size)), Mmio);

    /// <inheritdoc/>
    public bool Answers(ulong physicalAddress, int size) => Mmio.Answers(physicalAddress, size);

    /// <inheritdoc/>
    public ulong ReadMmio(ulong physicalAddress, int size) => Mmio.Read(physicalAddress, size);

    /// <inheritdoc/>
    public void WriteMmio(ulong physicalAddress, int size, ulong value) => Mmio.Write(physicalAddress, size, value);

    /// <inheritdoc/>
    public ulong ReadIocsr(int core, uint address, int size) => Iocsr.Read(core, address, size);

    /// <inheritdoc/>
    public void WriteIocsr(int core, uint address, int size, ulong value) => Iocsr.Write(core, address, size, value);

    /// <summary>Ends the devices' threads and gives the RAM back.</summary>
    public void Dispose()
    {
        Devices.Dispose();
        Memory.Dispose();
    }
}
