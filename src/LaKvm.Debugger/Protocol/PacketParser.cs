namespace LaKvm.Debugger;

/// <summary>What has come from a debugger.</summary>
internal enum PacketEvent
{
    /// <summary>Nothing that is whole yet.</summary>
    None,

    /// <summary>A packet: <see cref="PacketParser.Packet"/>.</summary>
    Packet,

    /// <summary>A packet whose checksum is wrong, or that is too long.</summary>
    BadPacket,

    /// <summary>It has got what was sent.</summary>
    Acknowledged,

    /// <summary>It wants it again.</summary>
    NotAcknowledged,

    /// <summary>Ctrl-C: stop the machine.</summary>
    Interrupt,
}

/// <summary>
/// Finds the packets of gdb's remote protocol in a stream of bytes: <c>$</c>, data with <c>}</c> as escape, <c>#</c>
/// and two digits of checksum. Takes whatever comes; what is between packets is dropped.
/// </summary>
internal sealed class PacketParser
{
    /// <summary>Bytes of a packet that are taken at most, as qSupported announces.</summary>
    internal const int MaxPacket = 0x8000;

    private const byte Start = (byte)'$', End = (byte)'#', Escape = (byte)'}', EscapeBit = 0x20, ControlC = 3;

    private readonly byte[] _packet = new byte[MaxPacket];
    private State _state;
    private int _length;
    private byte _sum;
    private int _firstDigit;
    private bool _isEscaped, _isBad;

    private enum State
    {
        Between,
        Data,
        FirstDigit,
        SecondDigit,
    }

    /// <summary>The data of the last packet, escapes resolved; valid until the next byte.</summary>
    internal ReadOnlySpan<byte> Packet => _packet.AsSpan(0, _length);

    /// <summary>Takes the next byte.</summary>
    internal PacketEvent Feed(byte next)
    {
        switch (_state)
        {
            case State.Between:
                return Begin(next);
            case State.Data:
                TakeData(next);
                return PacketEvent.None;
            case State.FirstDigit:
                _firstDigit = Hex.Digit(next);
                _state = State.SecondDigit;
                return PacketEvent.None;
            default:
                _state = State.Between;
                bool isGood = !_isBad && !_isEscaped && _firstDigit >= 0 && Hex.Digit(next) >= 0
                    && ((_firstDigit << 4) | Hex.Digit(next)) == _sum;
                return isGood ? PacketEvent.Packet : PacketEvent.BadPacket;
        }
    }

    private PacketEvent Begin(byte next)
    {
        switch (next)
        {
            case Start:
                (_state, _length, _sum, _isEscaped, _isBad) = (State.Data, 0, 0, false, false);
                return PacketEvent.None;
            case (byte)'+':
                return PacketEvent.Acknowledged;
            case (byte)'-':
                return PacketEvent.NotAcknowledged;
            case ControlC:
                return PacketEvent.Interrupt;
            default:
                return PacketEvent.None;
        }
    }

    private void TakeData(byte next)
    {
        if (next == End)
        {
            _state = State.FirstDigit;
            return;
        }

        _sum += next;
        if (next == Escape && !_isEscaped)
        {
            _isEscaped = true;
            return;
        }

        _isBad |= _length == MaxPacket;
        if (!_isBad)
        {
            _packet[_length++] = _isEscaped ? (byte)(next ^ EscapeBit) : next;
        }

        _isEscaped = false;
    }
}
