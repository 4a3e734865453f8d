namespace LaKvm.Devices;

/// <summary>
/// ACPI's generic event device (ACPI 6.4, 5.6.9): one register that says what has happened, cleared when it is read,
/// and a pin that is high until then.
/// </summary>
/// <param name="line">The pin.</param>
/// <param name="isHeard">Whether software lets the pin interrupt it.</param>
public sealed class EventDevice(IInterruptLine line, Func<bool> isHeard) : IBusDevice, IDeviceState
{
    /// <summary>Bytes of the window.</summary>
    public const ulong Size = 4;

    /// <summary>Somebody has pressed the power button.</summary>
    public const uint PowerButton = 1 << 1;

    private readonly Lock _lock = new();
    private uint _events;

    /// <summary>Presses the power button. Any thread.</summary>
    /// <returns>Whether a kernel listens; else nothing has happened.</returns>
    public bool PressPowerButton()
    {
        if (!isHeard())
        {
            return false;
        }

        lock (_lock)
        {
            _events |= PowerButton;
            line.Set(true);
        }

        return true;
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        lock (_lock)
        {
            uint events = _events;
            Clear();
            return events;
        }
    }

    /// <summary>Ignored: the register is read only.</summary>
    public void Write(ulong offset, int size, ulong value)
    {
    }

    /// <inheritdoc/>
    public void Reset()
    {
        lock (_lock)
        {
            Clear();
        }
    }

    private void Clear()
    {
        _events = 0;
        line.Set(false);
    }
}
