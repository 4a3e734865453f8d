using LaKvm.Diagnostics;

namespace LaKvm.Devices;

/// <summary>The board's interrupt controllers, wired: pins and messages in, lines of the cores out.</summary>
public sealed class BoardInterrupts : IBoardInterrupts
{
    /// <summary>Makes the controllers.</summary>
    /// <param name="layout">The board.</param>
    /// <param name="cores">Number of cores.</param>
    /// <param name="iocsr">Receives IPI and EIOINTC.</param>
    /// <param name="outputs">The cores' interrupt inputs.</param>
    /// <param name="log">Reports misuse.</param>
    public BoardInterrupts(
        BoardLayout layout, int cores, IocsrBus iocsr, ICoreInterrupts outputs, GuestErrorLog log)
    {
        Ipi = new Ipi(cores, iocsr, outputs);
        Eiointc = new Eiointc(cores, iocsr, outputs);
        PchPic = new PchPic(Eiointc, layout.PchPic.Pins);
        Doorbell = new PchMsi(Eiointc, layout.PchMsi.FirstVector, layout.PchMsi.Vectors, log);
    }

    /// <summary>Interrupts between cores.</summary>
    public Ipi Ipi { get; }

    /// <summary>Vectors to cores.</summary>
    public Eiointc Eiointc { get; }

    /// <summary>Pins to vectors.</summary>
    public PchPic PchPic { get; }

    /// <inheritdoc/>
    public IBusDevice PinRegisters => PchPic;

    /// <inheritdoc/>
    public IBusDevice Doorbell { get; }

    /// <inheritdoc/>
    public IInterruptLine Pin(int pin, PinTrigger trigger) => PchPic.Pin(pin);

    /// <inheritdoc/>
    public bool IsUnmasked(int pin) => PchPic.IsUnmasked(PchPic.Read(PchPic.Mask, sizeof(ulong)), pin);

    /// <summary>Applies the chip's miscellaneous functions (IOCSR 0x420) to the EIOINTC.</summary>
    public void SetChipFunctions(ulong functions)
    {
        Eiointc.Configuration = ChipRegisters.InterruptEncoding(functions);
        Eiointc.Enabled = ChipRegisters.InterruptsEnabled(functions);
    }

    /// <summary>Lines for people about the controllers' state.</summary>
    public IEnumerable<string> Describe(int cores) => InterruptDump.Describe(
        new InterruptRegisters(
            PchPic.Read, Eiointc.Peek, (core, offset) => Ipi.Read(core, offset, sizeof(ulong))), cores);

    /// <summary>As after power-on.</summary>
    public void Reset()
    {
        Ipi.Reset();
        Eiointc.Reset();
        PchPic.Reset();
    }
}
