using System.Numerics;

namespace LaKvm.Devices;

/// <summary>
/// The interrupt controller of the 7A bridge (7A1000 manual, "Interrupt controller"): pins in, HyperTransport messages
/// out. A message is sent when a pin that is not masked asks, and when a pin that asks is unmasked: not while a pin
/// just stays high. A level pin that falls, or an edge pin that is cleared, takes it back, as in Linux's KVM and in
/// QEMU. Polarity and the INTn routing are storage only, because the wires of this board say "asserted" and all pins go
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

    /// <summary>Requests that were sent and not taken back; read only.</summary>
    public const ulong Isr = 0x3a0;

    /// <summary>1 makes the pin active low.</summary>
    public const ulong Polarity = 0x3e0;

    private readonly Lock _lock = new();
    private readonly IVectorSink _vectors;
    private readonly int _pins;
    private readonly byte[] _route;
    private readonly byte[] _vector;
    private ulong _wires;
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

    /// <summary>The wire of a pin: setting the level that it has does nothing.</summary>
    public IInterruptLine Pin(int pin)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)pin, (uint)_pins);
        return new PinLine(this, pin);
    }

    /// <summary>What the register <see cref="Mask"/> says of a pin.</summary>
    public static bool IsUnmasked(ulong mask, int pin) => ((mask >> pin) & 1) == 0;

    /// <summary>
    /// A pin is asserted or released. Every assertion counts, one that no release precedes too (KVM_IRQ_LINE): it is an
    /// edge, and a level is sent again.
    /// </summary>
    /// <param name="pin">Pin number; one that does not exist is ignored.</param>
    /// <param name="level">True asserts.</param>
    public void SetPin(int pin, bool level)
    {
        if ((uint)pin < (uint)_pins)
        {
            lock (_lock)
            {
                Drive(1UL << pin, level);
            }
        }
    }

    /// <summary>
    /// Registers as after power-on, of which the vectors are as in Linux's KVM: pin n's is n. The wires keep their
    /// levels.
    /// </summary>
    public void Reset()
    {
        lock (_lock)
        {
            _irr = 0;
            TakeBack(_isr);
            _irr = _wires;
            _mask = ulong.MaxValue;
            _htMsiEnable = _edge = _auto0 = _auto1 = _polarity = 0;
            Array.Fill(_route, (byte)1);
            for (int pin = 0; pin < _pins; pin++)
            {
                _vector[pin] = (byte)pin;
            }
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
                    WriteBytes(_vector, offset - Vector, size, value);
                    break;
                default:
                    WriteRegister(new Lane(offset, size, value));
                    break;
            }
        }
    }

    /// <summary>
    /// Forces a register, as a snapshot or a hypervisor's device attributes restore it: nothing is sent or taken back.
    /// </summary>
    public void Poke(ulong offset, int size, ulong value)
    {
        var lane = new Lane(offset, size, value);
        lock (_lock)
        {
            switch (lane.Register)
            {
                case Irr:
                    _irr = lane.Merge(_irr);
                    break;
                case Isr:
                    _isr = lane.Merge(_isr);
                    break;
                case Mask:
                    _mask = lane.Merge(_mask);
                    break;
                default:
                    Write(offset, size, value);
                    break;
            }
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
                ulong unmasked = _mask & ~lane.Merge(_mask);
                _mask = lane.Merge(_mask);
                Send(unmasked);
                break;
            case HtMsiEnable:
                _htMsiEnable = lane.Merge(_htMsiEnable);
                break;
            case Edge:
                _edge = lane.Merge(_edge);
                break;
            case Clear:
                _irr &= ~(lane.Value & _edge);
                TakeBack(lane.Value & _edge);
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

    private void Drive(ulong pin, bool level)
    {
        if (level)
        {
            _irr |= pin;
            Send(pin);
        }
        else if ((_edge & pin) == 0)
        {
            _irr &= ~pin;
            TakeBack(pin);
        }
    }

    /// <summary>Sends the messages of those pins that ask and are not masked.</summary>
    private void Send(ulong pins)
    {
        for (ulong rest = pins & _irr & ~_mask; rest != 0; rest &= rest - 1)
        {
            int pin = BitOperations.TrailingZeroCount(rest);
            _isr |= 1UL << pin;
            _vectors.SetLevel(_vector[pin], true);
        }
    }

    /// <summary>Takes the messages of those pins back that ask no longer.</summary>
    private void TakeBack(ulong pins)
    {
        for (ulong rest = pins & _isr & ~_irr; rest != 0; rest &= rest - 1)
        {
            int pin = BitOperations.TrailingZeroCount(rest);
            _isr &= ~(1UL << pin);
            if (!IsSent(_vector[pin]))
            {
                _vectors.SetLevel(_vector[pin], false);
            }
        }
    }

    /// <summary>Pins may share a vector: the last one takes it back.</summary>
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
        public void Set(bool level)
        {
            ulong bit = 1UL << pin;
            lock (owner._lock)
            {
                if (((owner._wires & bit) != 0) != level)
                {
                    owner._wires ^= bit;
                    owner.Drive(bit, level);
                }
            }
        }
    }
}
