using System.Numerics;

namespace LaKvm.Machine;

/// <summary>
/// The interrupt controller of the 7A bridge (7A1000 manual, "Interrupt controller"): pins in, HyperTransport vectors
/// out. Polarity and the INTn routing are storage only, because the wires of this board say "asserted" and all pins go
/// to the EIOINTC; htmsi_en likewise, as the bridge has no other output here.
/// </summary>
public sealed class PchPic : IBusDevice
{
    /// <summary>Bytes of the register window.</summary>
    public const ulong Size = 0x400;

    /// <summary>ID, 64 bits: [31:24] 7, [39:32] version 1, [55:48] pins - 1.</summary>
    public const ulong Id = 0x00;

    /// <summary>Mask, 1 blocks the pin.</summary>
    public const ulong Mask = 0x20;

    /// <summary>1 sends the pin as an HT message.</summary>
    public const ulong HtMsiEnable = 0x40;

    /// <summary>1 makes the pin edge triggered.</summary>
    public const ulong Edge = 0x60;

    /// <summary>Write 1 to drop the request of an edge pin.</summary>
    public const ulong Clear = 0x80;

    /// <summary>Automatic distribution, low bits of the mode.</summary>
    public const ulong Auto0 = 0xc0;

    /// <summary>Automatic distribution, high bits of the mode.</summary>
    public const ulong Auto1 = 0xe0;

    /// <summary>A byte per pin: INTn output.</summary>
    public const ulong Route = 0x100;

    /// <summary>A byte per pin: HT vector.</summary>
    public const ulong Vector = 0x200;

    /// <summary>Requests, before the mask; read only.</summary>
    public const ulong Irr = 0x380;

    /// <summary>Requests that are sent; read only.</summary>
    public const ulong Isr = 0x3a0;

    /// <summary>1 makes the pin active low.</summary>
    public const ulong Polarity = 0x3e0;

    private readonly Lock _lock = new();
    private readonly IVectorSink _vectors;
    private readonly int _pins;
    private readonly byte[] _route;
    private readonly byte[] _vector;
    private ulong _level;
    private ulong _irr;
    private ulong _isr;
    private ulong _mask;
    private ulong _htMsiEnable;
    private ulong _edge;
    private ulong _auto0;
    private ulong _auto1;
    private ulong _polarity;

    /// <summary>Makes a controller in its reset state.</summary>
    /// <param name="vectors">Receives the vectors; called under this controller's lock.</param>
    /// <param name="pins">Number of pins, up to 64.</param>
    public PchPic(IVectorSink vectors, int pins)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)pins, 64u);
        _vectors = vectors;
        _pins = pins;
        _route = new byte[pins];
        _vector = new byte[pins];
        Reset();
    }

    /// <summary>The wire of a pin.</summary>
    public IInterruptLine Pin(int pin)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)pin, (uint)_pins);
        return new PinLine(this, pin);
    }

    /// <summary>Drives a pin.</summary>
    /// <param name="pin">Pin number; one that does not exist is ignored.</param>
    /// <param name="level">True asserts.</param>
    public void SetPin(int pin, bool level)
    {
        if ((uint)pin >= (uint)_pins)
        {
            return;
        }

        ulong bit = 1UL << pin;
        lock (_lock)
        {
            bool rises = level && (_level & bit) == 0;
            _level = level ? _level | bit : _level & ~bit;
            if ((_edge & bit) == 0)
            {
                _irr = level ? _irr | bit : _irr & ~bit;
            }
            else if (rises)
            {
                _irr |= bit;
            }

            UpdateOutputs();
        }
    }

    /// <summary>Registers as after power-on; the wires keep their levels.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _mask = ulong.MaxValue;
            _htMsiEnable = _edge = _auto0 = _auto1 = _polarity = 0;
            _irr = _level;
            UpdateOutputs();
            Array.Clear(_route);
            Array.Clear(_vector);
        }
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        lock (_lock)
        {
            return offset switch
            {
                >= Route and < Route + 64 => ReadBytes(_route, offset - Route, size),
                >= Vector and < Vector + 64 => ReadBytes(_vector, offset - Vector, size),
                _ => Lane.Extract(Register(offset & ~7UL), offset),
            };
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        lock (_lock)
        {
            switch (offset)
            {
                case >= Route and < Route + 64:
                    WriteBytes(_route, offset - Route, size, value);
                    break;
                case >= Vector and < Vector + 64:
                    WriteVectors(offset - Vector, size, value);
                    break;
                default:
                    WriteRegister(new Lane(offset, size, value));
                    break;
            }

            UpdateOutputs();
        }
    }

    /// <summary>Forces requests, as a snapshot or a hypervisor's device attributes restore them.</summary>
    public void RestoreRequests(ulong irr)
    {
        lock (_lock)
        {
            _irr = irr;
            UpdateOutputs();
        }
    }

    private ulong Register(ulong register) => register switch
    {
        Id => (7UL << 24) | (1UL << 32) | ((ulong)(_pins - 1) << 48),
        Mask => _mask,
        HtMsiEnable => _htMsiEnable,
        Edge => _edge,
        Auto0 => _auto0,
        Auto1 => _auto1,
        Irr => _irr,
        Isr => _isr,
        Polarity => _polarity,
        _ => 0,
    };

    private void WriteRegister(Lane lane)
    {
        switch (lane.Register)
        {
            case Mask:
                _mask = lane.Merge(_mask);
                break;
            case HtMsiEnable:
                _htMsiEnable = lane.Merge(_htMsiEnable);
                break;
            case Edge:
                _edge = lane.Merge(_edge);
                break;
            case Clear:
                _irr &= ~(lane.Value & _edge);
                break;
            case Auto0:
                _auto0 = lane.Merge(_auto0);
                break;
            case Auto1:
                _auto1 = lane.Merge(_auto1);
                break;
            case Polarity:
                _polarity = lane.Merge(_polarity);
                break;
        }
    }

    private static ulong ReadBytes(byte[] bytes, ulong index, int size)
    {
        ulong value = 0;
        for (int i = 0; i < size && index + (ulong)i < (ulong)bytes.Length; i++)
        {
            value |= (ulong)bytes[index + (ulong)i] << (8 * i);
        }

        return value;
    }

    private static void WriteBytes(byte[] bytes, ulong index, int size, ulong value)
    {
        for (int i = 0; i < size && index + (ulong)i < (ulong)bytes.Length; i++)
        {
            bytes[index + (ulong)i] = (byte)(value >> (8 * i));
        }
    }

    /// <summary>A request that is out moves to its new vector.</summary>
    private void WriteVectors(ulong index, int size, ulong value)
    {
        ulong written = (index + (ulong)size >= 64 ? ulong.MaxValue : (1UL << (int)(index + (ulong)size)) - 1)
            & (ulong.MaxValue << (int)index);
        ulong mask = _mask;
        _mask |= written;
        UpdateOutputs();
        WriteBytes(_vector, index, size, value);
        _mask = mask;
    }

    /// <summary>Sends what has changed between the requests and what was sent last.</summary>
    private void UpdateOutputs()
    {
        ulong old = _isr;
        _isr = _irr & ~_mask;
        for (ulong changed = old ^ _isr; changed != 0; changed &= changed - 1)
        {
            byte vector = _vector[BitOperations.TrailingZeroCount(changed)];
            _vectors.SetLevel(vector, IsSent(vector));
        }
    }

    /// <summary>Pins may share a vector: it is high while any of them is.</summary>
    private bool IsSent(byte vector)
    {
        for (ulong sent = _isr; sent != 0; sent &= sent - 1)
        {
            if (_vector[BitOperations.TrailingZeroCount(sent)] == vector)
            {
                return true;
            }
        }

        return false;
    }

    private sealed class PinLine(PchPic owner, int pin) : IInterruptLine
    {
        public void Set(bool level) => owner.SetPin(pin, level);
    }
}
