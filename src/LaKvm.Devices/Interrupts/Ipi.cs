namespace LaKvm.Devices;

/// <summary>
/// The inter-processor interrupt registers of every core, in IOCSR space from 0x1000 (3A5000 manual, "Inter-processor
/// interrupts and communication"): 32 pending bits, an enable mask and four 64-bit mailboxes each, and three registers
/// that send to any core.
/// </summary>
public sealed class Ipi : IIocsrDevice
{
    /// <summary>IOCSR address of the own-core registers.</summary>
    public const uint Base = 0x1000;

    /// <summary>IPI_STATUS, 32 bits, read only; IPI_EN follows at +4.</summary>
    public const uint Status = 0x00;

    /// <summary>IPI_EN, 32 bits.</summary>
    public const uint Enable = 0x04;

    /// <summary>IPI_SET, write 1 to set a pending bit; reads as 0.</summary>
    public const uint Set = 0x08;

    /// <summary>IPI_CLEAR, write 1 to clear a pending bit; reads as 0.</summary>
    public const uint Clear = 0x0c;

    /// <summary>MBUF0; MBUF1 to MBUF3 follow, 64 bits each.</summary>
    public const uint Mailbox = 0x20;

    /// <summary>IPI_SEND: [4:0] pending bit, [25:16] core.</summary>
    public const uint Send = 0x40;

    /// <summary>
    /// MAIL_SEND: [4:2] 32-bit word of the mailboxes, [25:16] core, [30:27] bytes to keep, [63:32] data.
    /// </summary>
    public const uint MailSend = 0x48;

    /// <summary>ANY_SEND: [15:0] IOCSR address, [25:16] core, [30:27] bytes to keep, [63:32] data.</summary>
    public const uint AnySend = 0x158;

    /// <summary>Bytes of all but ANY_SEND.</summary>
    public const uint Size = MailSend + 8;

    private const int Mailboxes = 4;

    private readonly CoreState[] _cores;
    private readonly IocsrBus _bus;
    private readonly ICoreInterrupts _outputs;
    private readonly bool _enableGates;
    private readonly Func<int, int>? _coreOf;

    /// <summary>Makes the registers and maps them on <paramref name="bus"/>, which ANY_SEND writes to.</summary>
    /// <param name="cores">Number of cores.</param>
    /// <param name="bus">The IOCSR space.</param>
    /// <param name="outputs">Receives <see cref="CoreLine.Ipi"/>.</param>
    /// <param name="enableGates">
    /// True as in hardware: only enabled pending bits interrupt. False as in KVM's model, which stores IPI_EN only.
    /// </param>
    /// <param name="coreOf">
    /// The core that has the physical number which the sending registers name, or -1; null if each core's number is its
    /// own.
    /// </param>
    public Ipi(int cores, IocsrBus bus, ICoreInterrupts outputs, bool enableGates = true, Func<int, int>? coreOf = null)
    {
        _coreOf = coreOf;
        _cores = new CoreState[cores];
        for (int core = 0; core < cores; core++)
        {
            _cores[core] = new CoreState();
        }

        _bus = bus;
        _outputs = outputs;
        _enableGates = enableGates;
        bus.Map("IPI", Base, Size, AccessWidths.All, this);
        bus.Map("IPI ANY_SEND", Base + AnySend, 8, AccessWidths.All, new AnySendPort(this));
    }

    /// <summary>The registers of every core as after power-on.</summary>
    public void Reset()
    {
        for (int core = 0; core < _cores.Length; core++)
        {
            CoreState state = _cores[core];
            lock (state)
            {
                state.Status = 0;
                state.Enable = 0;
                Array.Clear(state.Mailboxes);
                UpdateLine(core, state);
            }
        }
    }

    /// <inheritdoc/>
    public ulong Read(int core, uint offset, int size)
    {
        if (!TryCore(core, out CoreState state))
        {
            return 0;
        }

        // Without the lock: each is one word, and who reads is not told whether another core's write came before.
        uint register = offset & ~7u;
        ulong value = register switch
        {
            Status => Volatile.Read(ref state.Status) | ((ulong)Volatile.Read(ref state.Enable) << 32),
            >= Mailbox and < Mailbox + (8 * Mailboxes) => Volatile.Read(ref state.Mailboxes[(register - Mailbox) / 8]),
            _ => 0,
        };
        return Lane.Extract(value, offset);
    }

    /// <inheritdoc/>
    public void Write(int core, uint offset, int size, ulong value)
    {
        if (!TryCore(core, out CoreState state))
        {
            return;
        }

        var lane = new Lane(offset, size, value);
        switch ((uint)lane.Register)
        {
            case Set:
                Raise(core, (uint)lane.Value);
                Lower(core, (uint)(lane.Value >> 32));
                break;
            case Send when (uint)lane.Mask == uint.MaxValue:
                Raise(Target(lane.Value), 1u << (int)(lane.Value & 0x1f));
                break;
            case MailSend when lane.Mask == ulong.MaxValue:
                SendMail(lane.Value);
                break;
            default:
                WriteOwn(core, state, lane);
                break;
        }
    }

    /// <summary>Sets pending bits of a core; a core that does not exist is ignored.</summary>
    public void Raise(int core, uint bits)
    {
        if (bits != 0 && TryCore(core, out CoreState state))
        {
            lock (state)
            {
                state.Status |= bits;
                UpdateLine(core, state);
            }
        }
    }

    /// <summary>Clears pending bits of a core.</summary>
    public void Lower(int core, uint bits)
    {
        if (bits != 0 && TryCore(core, out CoreState state))
        {
            lock (state)
            {
                state.Status &= ~bits;
                UpdateLine(core, state);
            }
        }
    }

    /// <summary>
    /// Forces pending bits and enables, as a snapshot or a hypervisor's device attributes restore them.
    /// </summary>
    public void Restore(int core, uint status, uint enable)
    {
        CoreState state = _cores[core];
        lock (state)
        {
            state.Status = status;
            state.Enable = enable;
            UpdateLine(core, state);
        }
    }

    private int Target(ulong send)
    {
        int number = (int)(send >> 16) & 0x3ff;
        return _coreOf == null ? number : _coreOf(number);
    }

    private bool TryCore(int core, out CoreState state)
    {
        bool exists = (uint)core < (uint)_cores.Length;
        state = exists ? _cores[core] : null!;
        return exists;
    }

    private void WriteOwn(int core, CoreState state, Lane lane)
    {
        lock (state)
        {
            switch ((uint)lane.Register)
            {
                case Status:
                    // The low half is IPI_STATUS, which cannot be written.
                    state.Enable = (uint)(lane.Merge((ulong)state.Enable << 32) >> 32);
                    UpdateLine(core, state);
                    break;
                case >= Mailbox and < Mailbox + (8 * Mailboxes):
                    ref ulong box = ref state.Mailboxes[((uint)lane.Register - Mailbox) / 8];
                    box = lane.Merge(box);
                    break;
            }
        }
    }

    private void UpdateLine(int core, CoreState state)
    {
        bool level = (_enableGates ? state.Status & state.Enable : state.Status) != 0;
        if (level != state.Line)
        {
            state.Line = level;
            _outputs.SetLine(core, CoreLine.Ipi, level);
        }
    }

    private void SendMail(ulong value)
    {
        if (TryCore(Target(value), out CoreState state))
        {
            uint word = (uint)(value >> 2) & 7;
            lock (state)
            {
                ref ulong box = ref state.Mailboxes[word / 2];
                for (int i = 0; i < 4; i++)
                {
                    if (KeepsByte(value, i))
                    {
                        continue;
                    }

                    box = new Lane((word * 4) + (ulong)i, 1, value >> (32 + (8 * i))).Merge(box);
                }
            }
        }
    }

    /// <summary>
    /// ANY_SEND writes only the bytes that are not kept: reading and writing back the others would clear
    /// write-1-to-clear registers.
    /// </summary>
    private void SendAny(ulong value)
    {
        int core = Target(value);
        uint address = (uint)value & 0xffff;
        if ((uint)core >= (uint)_cores.Length || (address & ~7u) == Base + AnySend)
        {
            return;
        }

        if ((value & (0xfUL << 27)) == 0)
        {
            _bus.Write(core, address, 4, value >> 32);
            return;
        }

        for (int i = 0; i < 4; i++)
        {
            if (!KeepsByte(value, i))
            {
                _bus.Write(core, address + (uint)i, 1, (value >> (32 + (8 * i))) & 0xff);
            }
        }
    }

    private static bool KeepsByte(ulong send, int index) => ((send >> (27 + index)) & 1) != 0;

    private sealed class CoreState
    {
        internal readonly ulong[] Mailboxes = new ulong[Ipi.Mailboxes];
        internal uint Status;
        internal uint Enable;
        internal bool Line;
    }

    private sealed class AnySendPort(Ipi owner) : IIocsrDevice
    {
        public ulong Read(int core, uint offset, int size) => 0;

        public void Write(int core, uint offset, int size, ulong value)
        {
            if (size == 8)
            {
                owner.SendAny(value);
            }
        }
    }
}
