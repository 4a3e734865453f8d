using LaKvm.Devices;
using LaKvm.Diagnostics;
using LaKvm.Memory;

namespace LaKvm.Machine.Tests;

/// <summary>A PCI bus as on the board with functions of the test's own, 64 KiB of RAM, recorded interrupts.</summary>
internal sealed class PciBench : IDisposable
{
    internal const ulong Window = 0x4000_0000;
    private const ulong WindowSize = 0x4000_0000, Doorbell = 0x2ff0_0000;

    private readonly PhysicalMemory _ram = new();
    private readonly IBusDevice _window;

    internal PciBench()
    {
        _ram.Add(0, 0x1_0000);
        Ram = new PhysicalGuestMemory(_ram);
        Space = new PciSpace();
        _window = Space.Open(Window, new RamRange(Window, WindowSize));
        var doorbell = new PchMsi(Vectors, 32, 224, GuestErrorLog.Silent);
        Host = new PciHost(
            Space, new PciMessages(Ram, doorbell, new RamRange(Doorbell, PchMsi.Size)), Lines);
    }

    internal PciHost Host { get; }

    internal PciSpace Space { get; }

    internal IGuestMemory Ram { get; }

    internal RecordingVectors Vectors { get; } = new();

    internal RecordingLine[] Lines { get; } = [new(), new(), new(), new()];

    public void Dispose()
    {
        Host.Dispose();
        _ram.Dispose();
    }

    internal ulong Configuration(int device, int register, int size) => Host.Read(At(device, register), size);

    internal void Configure(int device, int register, int size, ulong value) =>
        Host.Write(At(device, register), size, value);

    internal ulong Read(ulong address, int size) => Bits.Low(_window.Read(address - Window, size), size);

    internal void Write(ulong address, int size, ulong value) => _window.Write(address - Window, size, value);

    private static ulong At(int device, int register) => ((ulong)device << 15) + (ulong)register;
}

/// <summary>A function with all there can be: 4 KiB at BAR 0, 16 KiB at BAR 2, pin, three messages.</summary>
internal sealed class TestFunction : PciFunction
{
    internal TestFunction(PciSocket socket)
        : base(new PciIdentity(0x1234, 0x5678, 0x0a0b0c, 0x0d), socket)
    {
        AddBar(new PciBar(0, 0x1000, wide: false, Small));
        AddBar(new PciBar(2, 0x4000, wide: true, Big));
        AddPin();
        AddMessages(3, bar: 1);
    }

    internal RecordingRegisters Small { get; } = new();

    internal RecordingRegisters Big { get; } = new();

    internal List<ulong?> Places { get; } = [];

    internal void Pin(bool level) => SetPin(level);

    internal void Message(int vector) => RaiseMessage(vector);

    protected override void Moved(PciBar bar, ulong? address)
    {
        if (bar.Registers == Big)
        {
            lock (Places)
            {
                Places.Add(address);
            }
        }
    }
}

/// <summary>Registers that read as their offset; any thread may access them.</summary>
internal sealed class RecordingRegisters : IBusDevice
{
    internal List<(ulong Offset, int Size, ulong Value)> Writes { get; } = [];

    public ulong Read(ulong offset, int size) => offset;

    public void Write(ulong offset, int size, ulong value)
    {
        lock (Writes)
        {
            Writes.Add((offset, size, value));
        }
    }
}
