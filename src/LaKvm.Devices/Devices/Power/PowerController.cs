namespace LaKvm.Devices;

/// <summary>
/// What software can ask of the machine as a whole. Called from the asking core's thread; must return soon.
/// </summary>
public interface IMachineControl
{
    /// <summary>Switch off.</summary>
    void PowerOff();

    /// <summary>Start again from reset.</summary>
    void Reboot();
}

/// <summary>
/// The power registers of ACPI's reduced-hardware model (ACPI 6.4, 4.8.4.1), described to software as a syscon: sleep
/// control, sleep status and reset, one byte each.
/// </summary>
/// <param name="machine">Carries the request out.</param>
public sealed class PowerController(IMachineControl machine) : IBusDevice
{
    /// <summary>Bytes of the window.</summary>
    public const ulong Size = 3;

    /// <summary>Sleep control: [4:2] sleep type, bit 5 starts it; reads as 0.</summary>
    public const ulong SleepControl = 0;

    /// <summary>Sleep status; reads as 0, since nothing ever wakes up here.</summary>
    public const ulong SleepStatus = 1;

    /// <summary>Reset: takes <see cref="ResetValue"/>.</summary>
    public const ulong ResetControl = 2;

    /// <summary>The sleep type that is off.</summary>
    public const byte SoftOff = 5;

    /// <summary>Sleep type "soft off" with the start bit.</summary>
    public const byte PowerOffValue = (SoftOff << 2) | SleepStart;

    /// <summary>The value that resets.</summary>
    public const byte ResetValue = 0x42;

    private const byte SleepStart = 1 << 5, SleepTypeMask = 7 << 2;

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size) => 0;

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        if (offset == SleepControl && (value & (SleepTypeMask | SleepStart)) == PowerOffValue)
        {
            machine.PowerOff();
        }
        else if (offset == ResetControl && value == ResetValue)
        {
            machine.Reboot();
        }
    }
}
