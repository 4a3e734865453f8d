namespace LaKvm.Devices;

/// <summary>
/// A 16550A (National Semiconductor PC16550D data sheet). The line is infinitely fast: a byte sent is gone at once, and
/// the receiver's character timeout has always passed. Bytes that come in faster than software reads wait in a queue
/// behind the receive FIFO, so nothing is ever overrun.
/// </summary>
public sealed class Uart16550 : IBusDevice, IDeviceState, IPausable
{
    /// <summary>Bytes of registers.</summary>
    public const ulong Size = 8;

    /// <summary>Frequency in hertz that the device tree names for the divisor.</summary>
    public const uint ClockFrequency = 100_000_000;

    /// <summary>Most bytes that wait behind the FIFO.</summary>
    public const int InputLimit = 1 << 16;

    private const int FifoSize = 16;

    // The zero byte of a break condition: the FIFO holds the error beside it (data sheet, 8.4).
    private const ushort Break = 0x100;

    /// <summary>Reads of the line status, with nothing sent in between, that mark a poller.</summary>
    private const int PollLimit = 64;

    // Register offsets. Offset 0 and 1 are the divisor latch while LCR.DLAB is set.
    private const ulong Data = 0, InterruptEnable = 1, InterruptId = 2, LineControl = 3, ModemControl = 4,
        LineStatus = 5, ModemStatus = 6, Scratch = 7;

    private const byte EnableReceive = 1, EnableTransmit = 2, EnableLine = 4, EnableModem = 8;
    private const byte IdNone = 1, IdModem = 0, IdTransmit = 2, IdReceive = 4, IdLine = 6, IdTimeout = 0xc,
        IdFifosEnabled = 0xc0;
    private const byte FifoEnable = 1, FifoClearReceive = 2;
    private const byte LineDivisorLatch = 0x80;
    private const byte ModemDtr = 1, ModemRts = 2, ModemOut1 = 4, ModemOut2 = 8, ModemLoop = 0x10;
    private const byte StatusData = 1, StatusOverrun = 2, StatusBreak = 0x10, StatusTransmitIdle = 0x60;
    private const byte Cts = 0x10, Dsr = 0x20, Ring = 0x40, Carrier = 0x80, RingEnded = 4;

    private static readonly int[] _triggers = [1, 4, 8, 14];

    private readonly Lock _lock = new();
    private readonly IInterruptLine _line;
    private readonly ISerialBackend _backend;
    private readonly Queue<ushort> _fifo = new(FifoSize);
    private readonly Queue<ushort> _input = new();
    private byte _interruptEnable, _fifoControl, _lineControl, _modemControl, _modemStatus, _scratch, _errors;
    private ushort _divisor;
    private bool _transmitPending, _breakReported, _polled, _paused, _breakWaits;
    private int _polls;

    /// <summary>Makes a UART in its reset state.</summary>
    /// <param name="line">Its interrupt.</param>
    /// <param name="backend">Receives what it sends.</param>
    public Uart16550(IInterruptLine line, ISerialBackend backend)
    {
        _line = line;
        _backend = backend;
        Reset();
    }

    /// <summary>Registers as after master reset (data sheet, table 1); waiting input is dropped.</summary>
    public void Reset()
    {
        lock (_lock)
        {
            _interruptEnable = _fifoControl = _lineControl = _modemControl = _scratch = _errors = 0;
            _divisor = 0;
            ClearReceiver();
            _input.Clear();
            _modemStatus = ModemLines();
            _transmitPending = false;
            _polls = 0;
            Update();
        }
    }

    /// <summary>
    /// Whether software shows that it wants input: it asserts RTS or enables the receive interrupt, not for a test in
    /// loop-back, or has polled since it emptied the FIFO. Nothing in the UART depends on it; who has all input at
    /// once, as from a pipe, should wait until it holds for a while, because a driver that looks what the UART is
    /// sets such bits, too, and its start-up empties the FIFO.
    /// </summary>
    public bool SoftwareListens
    {
        get
        {
            lock (_lock)
            {
                return _polled
                    || (!Loop && ((_modemControl & ModemRts) != 0 || (_interruptEnable & EnableReceive) != 0));
            }
        }
    }

    /// <summary>
    /// Bytes from the far end; any thread. Returns how many were taken: for the others there is no room now.
    /// </summary>
    public int Receive(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            int taken = _paused ? 0 : Math.Min(bytes.Length, InputLimit - _input.Count);
            foreach (byte value in bytes[..taken])
            {
                _input.Enqueue(value);
            }

            Update();
            return taken;
        }
    }

    /// <summary>
    /// A break condition from the far end: a zero byte, marked in the line status while it is the next one.
    /// </summary>
    public void ReceiveBreak()
    {
        lock (_lock)
        {
            _breakWaits = true;
            TakeBreak();
        }
    }

    /// <summary>Nothing is received: there is no room in the meantime.</summary>
    public bool Pause(TimeSpan patience)
    {
        lock (_lock)
        {
            _paused = true;
        }

        return true;
    }

    /// <inheritdoc/>
    public void Resume()
    {
        lock (_lock)
        {
            _paused = false;
            TakeBreak();
        }
    }

    /// <inheritdoc/>
    public ulong Read(ulong offset, int size)
    {
        lock (_lock)
        {
            byte value = ReadRegister(offset);
            Update();
            return value;
        }
    }

    /// <inheritdoc/>
    public void Write(ulong offset, int size, ulong value)
    {
        lock (_lock)
        {
            WriteRegister(offset, (byte)value);
            Update();
        }
    }

    private bool DivisorLatch => (_lineControl & LineDivisorLatch) != 0;

    private bool Loop => (_modemControl & ModemLoop) != 0;

    /// <summary>
    /// Errors to report: those of the receiver, and the break that the next byte to be read stands for.
    /// </summary>
    private int Errors =>
        _errors | (!_breakReported && _fifo.TryPeek(out ushort next) && (next & Break) != 0 ? StatusBreak : 0);

    private int FifoLimit => (_fifoControl & FifoEnable) != 0 ? FifoSize : 1;

    private int Trigger => (_fifoControl & FifoEnable) != 0 ? _triggers[_fifoControl >> 6] : 1;

    private byte ReadRegister(ulong offset)
    {
        switch (offset)
        {
            case Data when DivisorLatch:
                return (byte)_divisor;
            case Data:
                _fifo.TryDequeue(out ushort received);
                _breakReported = false;
                return (byte)received;
            case InterruptEnable when DivisorLatch:
                return (byte)(_divisor >> 8);
            case InterruptEnable:
                return _interruptEnable;
            case InterruptId:
                byte id = HighestInterrupt();
                // Reading the transmit interrupt's name answers it (data sheet, table 5).
                _transmitPending &= id != IdTransmit;
                return (byte)(id | ((_fifoControl & FifoEnable) != 0 ? IdFifosEnabled : 0));
            case LineControl:
                return _lineControl;
            case ModemControl:
                return _modemControl;
            case LineStatus:
                byte status = (byte)(StatusTransmitIdle | Errors | (_fifo.Count != 0 ? StatusData : 0));
                _errors = 0;
                _breakReported |= (status & StatusBreak) != 0;
                _polls = Math.Min(_polls + 1, PollLimit);
                return status;
            case ModemStatus:
                byte modem = _modemStatus;
                _modemStatus &= 0xf0;
                return modem;
            default:
                return _scratch;
        }
    }

    private void WriteRegister(ulong offset, byte value)
    {
        switch (offset)
        {
            case Data when DivisorLatch:
                _divisor = (ushort)((_divisor & 0xff00) | value);
                break;
            case Data:
                Transmit(value);
                break;
            case InterruptEnable when DivisorLatch:
                _divisor = (ushort)((_divisor & 0x00ff) | (value << 8));
                break;
            case InterruptEnable:
                // The holding register is empty whenever software looks, so enabling its interrupt raises it.
                _transmitPending |= (value & ~_interruptEnable & EnableTransmit) != 0;
                _interruptEnable = (byte)(value & 0xf);
                break;
            case InterruptId:
                WriteFifoControl(value);
                break;
            case LineControl:
                _lineControl = value;
                break;
            case ModemControl:
                _modemControl = (byte)(value & 0x1f);
                UpdateModemStatus();
                break;
            case Scratch:
                _scratch = value;
                break;
        }
    }

    /// <summary>
    /// The holding register is full for no time, but its interrupt falls and rises (data sheet, table 5): who waits for
    /// an edge needs to see it.
    /// </summary>
    private void Transmit(byte value)
    {
        if (_transmitPending)
        {
            _transmitPending = false;
            _line.Set(HighestInterrupt() != IdNone);
        }

        _transmitPending = true;
        _polls = 0;
        if (!Loop)
        {
            _backend.Write(value);
        }
        else if (_fifo.Count < FifoLimit)
        {
            _fifo.Enqueue(value);
        }
        else
        {
            Overrun(value);
        }
    }

    /// <summary>
    /// Without a FIFO the new byte takes the place of the one that nobody has read; a full FIFO drops it (8.4).
    /// </summary>
    private void Overrun(byte value)
    {
        _errors |= StatusOverrun;
        if (FifoLimit == 1)
        {
            _fifo.Dequeue();
            _fifo.Enqueue(value);
        }
    }

    /// <summary>Switching the FIFOs on or off empties them (data sheet, 8.4).</summary>
    private void WriteFifoControl(byte value)
    {
        bool switched = ((value ^ _fifoControl) & FifoEnable) != 0;
        if (switched || (value & FifoClearReceive) != 0)
        {
            ClearReceiver();
        }

        _fifoControl = (value & FifoEnable) != 0 ? value : (byte)0;
    }

    private void TakeBreak()
    {
        if (_breakWaits && !_paused)
        {
            _breakWaits = false;
            _input.Enqueue(Break);
            Update();
        }
    }

    private void ClearReceiver()
    {
        _fifo.Clear();
        _breakReported = _polled = false;
    }

    /// <summary>The modem inputs: a cable with everything asserted, or the modem outputs in loop-back.</summary>
    private byte ModemLines()
    {
        if (!Loop)
        {
            return Cts | Dsr | Carrier;
        }

        byte lines = 0;
        lines |= (_modemControl & ModemRts) != 0 ? Cts : (byte)0;
        lines |= (_modemControl & ModemDtr) != 0 ? Dsr : (byte)0;
        lines |= (_modemControl & ModemOut1) != 0 ? Ring : (byte)0;
        lines |= (_modemControl & ModemOut2) != 0 ? Carrier : (byte)0;
        return lines;
    }

    private void UpdateModemStatus()
    {
        byte lines = ModemLines();
        int changed = lines ^ (_modemStatus & 0xf0);
        // The ring indicator's delta bit tells only its end.
        int deltas = ((changed & ~Ring) >> 4) | (changed & ~lines & Ring) switch { 0 => 0, _ => RingEnded };
        _modemStatus = (byte)(lines | (_modemStatus & 0xf) | deltas);
    }

    private byte HighestInterrupt()
    {
        if ((_interruptEnable & EnableLine) != 0 && Errors != 0)
        {
            return IdLine;
        }

        if ((_interruptEnable & EnableReceive) != 0 && _fifo.Count != 0)
        {
            return _fifo.Count >= Trigger ? IdReceive : IdTimeout;
        }

        if ((_interruptEnable & EnableTransmit) != 0 && _transmitPending)
        {
            return IdTransmit;
        }

        return (_interruptEnable & EnableModem) != 0 && (_modemStatus & 0xf) != 0 ? IdModem : IdNone;
    }

    private void Update()
    {
        _polled |= _polls == PollLimit;
        if (Arrive() && (_interruptEnable & EnableReceive) != 0)
        {
            // A driver may leave another interrupt standing (xv6 that of the transmitter) and answer the controller
            // only: what comes in is a request of its own, as from QEMU's UART.
            _line.Set(false);
        }

        _line.Set(HighestInterrupt() != IdNone);
    }

    /// <summary>Moves waiting bytes into the FIFO while it has room; true if there were any.</summary>
    private bool Arrive()
    {
        int before = _fifo.Count;
        while (!Loop && _input.Count != 0 && _fifo.Count < FifoLimit)
        {
            _fifo.Enqueue(_input.Dequeue());
        }

        return _fifo.Count != before;
    }
}
