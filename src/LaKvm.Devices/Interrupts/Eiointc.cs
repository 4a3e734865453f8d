using System.Numerics;

namespace LaKvm.Devices;

/// <summary>
/// The extended I/O interrupt controller (3A5000 manual, "Extended I/O interrupts"): 256 vectors in, HWI lines of the
/// cores out. Vectors come as messages, as Linux's KVM and QEMU have it: a message makes the vector pending at one
/// core, in that core's ISR, until written 1 there. The status register remembers who asked until the source takes it
/// back, so that a vector which is enabled or gets another route meanwhile comes again; a source that just stays high
/// does not. In hardware every node of four cores has its own registers; messages enter at node 0, whose route names
/// the node that delivers. In KVM's model there is one set of registers, and routes name cores by their physical number
/// (CPUID).
/// </summary>
public sealed partial class Eiointc : IVectorSink
{
    /// <summary>Number of vectors.</summary>
    public const int Vectors = 256;

    /// <summary>Cores whose IOCSR accesses reach the same registers (3A5000: four per node).</summary>
    public const int CoresPerNode = 4;

    private const int Words = Vectors / 64;
    private const int Groups = Vectors / 32;
    private const short NoCore = -1;

    private readonly Lock _lock = new();
    private readonly Node[] _nodes;
    private readonly Core[] _cores;
    private readonly ICoreInterrupts _outputs;
    private readonly Func<int, int>? _coreOf;
    private readonly ulong[] _status = new ulong[Words];
    private readonly short[] _target = new short[Vectors];
    private readonly short[] _holder = new short[Vectors];
    private readonly byte[] _lastPick = new byte[Vectors];
    private EiointcFeatures _configuration;
    private bool _enabled;

    /// <summary>Makes the controller in its reset state and maps its registers.</summary>
    /// <param name="cores">Number of cores.</param>
    /// <param name="bus">The IOCSR space.</param>
    /// <param name="outputs">Receives HWI0 to HWI7 of every core; called under this controller's lock.</param>
    /// <param name="coreOf">
    /// KVM's model: the core that has a physical number, or -1. Null for hardware's nodes of four.
    /// </param>
    public Eiointc(int cores, IocsrBus bus, ICoreInterrupts outputs, Func<int, int>? coreOf = null)
    {
        _outputs = outputs;
        _coreOf = coreOf;
        _nodes = new Node[coreOf != null ? 1 : (cores + CoresPerNode - 1) / CoresPerNode];
        _cores = new Core[cores];
        for (int node = 0; node < _nodes.Length; node++)
        {
            _nodes[node] = new Node();
        }

        for (int core = 0; core < cores; core++)
        {
            _cores[core] = new Core(coreOf != null ? 0 : core / CoresPerNode);
        }

        Reset();
        var registers = new EiointcRegisters(this);
        bus.Map("EIOINTC", EiointcRegisters.Base, EiointcRegisters.Size, AccessWidths.All, registers);
        bus.Map("EIOINTC trigger", EiointcRegisters.TriggerBase, 4, AccessWidths.Word, new EiointcTrigger(this));
        if (coreOf != null)
        {
            bus.Map("EIOINTC virtual", EiointcVirtual.Base, EiointcVirtual.Size, AccessWidths.Word,
                new EiointcVirtual(this));
        }
    }

    /// <summary>What the paravirtual registers offer; nothing on the bare chip, which has none.</summary>
    public EiointcFeatures Features { get; private set; }

    /// <summary>
    /// The paravirtual configuration; on the bare chip only <see cref="EiointcFeatures.PinEncoding"/>, from bit 49 of
    /// the chip's miscellaneous functions.
    /// </summary>
    public EiointcFeatures Configuration
    {
        get => _configuration;
        set => Reroute(() => _configuration = value);
    }

    /// <summary>
    /// Whether anything is delivered at all: bit 48 of the chip's miscellaneous functions. True after construction, for
    /// hosts that have no such switch.
    /// </summary>
    public bool Enabled
    {
        get => _enabled;
        set => Reroute(() => _enabled = value);
    }

    /// <inheritdoc/>
    public void SetLevel(int vector, bool level)
    {
        if ((uint)vector >= Vectors)
        {
            return;
        }

        lock (_lock)
        {
            SetBit(_status, vector, level);
            if (level)
            {
                // A vector that nobody has acknowledged stays where it is.
                _target[vector] = Route(vector, _holder[vector]);
            }

            Hold(vector, level ? _target[vector] : NoCore);
        }
    }

    /// <summary>A message whose source takes nothing back.</summary>
    public void Trigger(int vector) => SetLevel(vector, true);

    /// <summary>As after power-on: nothing is pending, and all lines are low.</summary>
    public void Reset() => Reset(Features, EiointcFeatures.None);

    /// <summary>As after power-on, with other paravirtual registers.</summary>
    /// <param name="features">What they offer from now on.</param>
    /// <param name="configuration">What is configured already.</param>
    public void Reset(EiointcFeatures features, EiointcFeatures configuration) => Reroute(() =>
    {
        foreach (Node node in _nodes)
        {
            node.Clear();
        }

        Array.Clear(_status);
        for (int vector = 0; vector < Vectors; vector++)
        {
            _target[vector] = NoCore;
            Hold(vector, NoCore);
        }

        Features = features;
        _configuration = configuration;
        _enabled = true;
    });

    /// <summary>
    /// Changes what decides the way of vectors. Those whose source still asks and whose way has changed come again
    /// there.
    /// </summary>
    private void Reroute(Action change)
    {
        lock (_lock)
        {
            change();
            for (int vector = 0; vector < Vectors; vector++)
            {
                if (GetBit(_status, vector) && Route(vector, _target[vector]) is var target
                    && target != _target[vector])
                {
                    _target[vector] = target;
                    Hold(vector, target);
                }
            }

            for (int core = 0; core < _cores.Length; core++)
            {
                UpdateLines(core);
            }
        }
    }

    /// <summary>Makes a vector pending at a core, or at none.</summary>
    private void Hold(int vector, short core)
    {
        short old = _holder[vector];
        if (core == old)
        {
            return;
        }

        _holder[vector] = core;
        if (old != NoCore)
        {
            SetBit(_cores[old].Isr, vector, false);
            UpdateLines(old);
        }

        if (core != NoCore)
        {
            _lastPick[vector] = (byte)(core % CoresPerNode);
            SetBit(_cores[core].Isr, vector, true);
            UpdateLines(core);
        }
    }

    /// <summary>The core that a vector goes to, or none while it is disabled somewhere on its way.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="current">The core that keeps it if the registers still allow that.</param>
    private short Route(int vector, short current)
    {
        Node entry = _nodes[0];
        if (!_enabled || !GetBit(entry.Enable, vector))
        {
            return NoCore;
        }

        byte route = entry.RouteOf(vector);
        return _coreOf != null ? CoreOf(route) : RouteOverNodes(vector, entry, route >> 4, current);
    }

    /// <summary>
    /// The lowest core of the bitmap, or the one that has the number where routes are numbers. One that is not there
    /// stands for number 0, where what has no route goes too.
    /// </summary>
    private short CoreOf(byte route)
    {
        int number = (_configuration & EiointcFeatures.CoreEncoding) != 0 ? route
            : (route & 0xf) != 0 ? BitOperations.TrailingZeroCount(route) : 0;
        int core = _coreOf!(number);
        core = (uint)core < (uint)_cores.Length ? core : _coreOf(0);
        return (uint)core < (uint)_cores.Length ? (short)core : NoCore;
    }

    private short RouteOverNodes(int vector, Node entry, int selector, short current)
    {
        int nodeNumber = TargetNode(entry, selector);
        Node node = _nodes[nodeNumber];
        if (!GetBit(node.Enable, vector))
        {
            return NoCore;
        }

        int first = nodeNumber * CoresPerNode;
        int present = (1 << Math.Min(CoresPerNode, _cores.Length - first)) - 1;
        int mapped = node.RouteOf(vector) & 0xf & present;
        // No core mapped: the node's first one, as software that has not set the route expects.
        return (short)(first + (mapped == 0 ? 0 : Pick(vector, mapped, current - first, GetBit(node.Bounce, vector))));
    }

    /// <summary>A bitmap of no existing node means the node where the interrupt came in.</summary>
    private int TargetNode(Node entry, int selector)
    {
        int nodes = entry.NodeBitmap(selector) & (int)((1L << _nodes.Length) - 1);
        return nodes == 0 ? 0 : BitOperations.TrailingZeroCount(nodes);
    }

    /// <summary>
    /// Among several mapped cores the lowest, or with bounce the one after the last; the current one is kept.
    /// </summary>
    private int Pick(int vector, int mapped, int current, bool bounce)
    {
        if (current is >= 0 and < CoresPerNode && ((mapped >> current) & 1) != 0)
        {
            return current;
        }

        int above = bounce ? mapped & (-2 << _lastPick[vector]) : 0;
        return BitOperations.TrailingZeroCount(above != 0 ? above : mapped);
    }

    /// <summary>Drives a core's HWI lines from its ISR and the pins of its node.</summary>
    private void UpdateLines(int number)
    {
        Core core = _cores[number];
        Node node = _nodes[core.Node];
        byte lines = 0;
        for (int group = 0; group < Groups; group++)
        {
            if ((uint)(core.Isr[group / 2] >> (32 * (group % 2))) != 0)
            {
                lines |= (byte)(1 << Pin((byte)(node.IpMap >> (8 * group))));
            }
        }

        for (int changed = lines ^ core.Lines; changed != 0; changed &= changed - 1)
        {
            int pin = BitOperations.TrailingZeroCount(changed);
            _outputs.SetLine(number, CoreLine.Hardware0 + pin, ((lines >> pin) & 1) != 0);
        }

        core.Lines = lines;
    }

    /// <summary>An ipmap byte is one bit of four (none: pin 0), or a number when so configured.</summary>
    private int Pin(byte map)
    {
        if ((_configuration & EiointcFeatures.PinEncoding) != 0)
        {
            return map & (CoreLine.HardwareCount - 1);
        }

        return (map & 0xf) == 0 ? 0 : BitOperations.TrailingZeroCount(map);
    }

    private static bool GetBit(ulong[] bits, int index) => ((bits[index >> 6] >> (index & 63)) & 1) != 0;

    private static void SetBit(ulong[] bits, int index, bool value)
    {
        ulong bit = 1UL << (index & 63);
        bits[index >> 6] = value ? bits[index >> 6] | bit : bits[index >> 6] & ~bit;
    }

    private sealed class Core(int node)
    {
        internal readonly int Node = node;
        internal readonly ulong[] Isr = new ulong[Words];
        internal byte Lines;
    }

    /// <summary>The registers of one node.</summary>
    private sealed class Node
    {
        internal readonly ulong[] NodeMap = new ulong[4];
        internal readonly ulong[] Enable = new ulong[Words];
        internal readonly ulong[] Bounce = new ulong[Words];
        internal readonly ulong[] Routes = new ulong[Vectors / 8];
        internal ulong IpMap;

        internal byte RouteOf(int vector) => (byte)(Routes[vector >> 3] >> (8 * (vector & 7)));

        internal ushort NodeBitmap(int selector) => (ushort)(NodeMap[selector >> 2] >> (16 * (selector & 3)));

        internal void Clear()
        {
            Array.Clear(NodeMap);
            Array.Clear(Enable);
            Array.Clear(Bounce);
            Array.Clear(Routes);
            IpMap = 0;
        }
    }
}
