using System.Numerics;

namespace LaKvm.Machine;

/// <summary>
/// The extended I/O interrupt controller (3A5000 manual, "Extended I/O interrupts"): 256 vectors in, HWI lines of the
/// cores out. Every node of four cores has its own registers; interrupts enter at node 0, whose route names the node
/// that delivers. A pending vector is held by exactly one core, in that core's ISR, until written 1 there or, for a
/// level source, until the source goes low; a level source that is still high is pending again at once.
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
    private readonly ulong[] _level = new ulong[Words];
    private readonly ulong[] _pending = new ulong[Words];
    private readonly short[] _holder = new short[Vectors];
    private readonly byte[] _lastPick = new byte[Vectors];
    private EiointcFeatures _configuration;
    private bool _enabled;

    /// <summary>Makes the controller in its reset state and maps its registers.</summary>
    /// <param name="cores">Number of cores.</param>
    /// <param name="bus">The IOCSR space.</param>
    /// <param name="outputs">Receives HWI0 to HWI7 of every core; called under this controller's lock.</param>
    /// <param name="features">What the paravirtual registers offer.</param>
    /// <param name="oneNode">
    /// True as in KVM's model: one set of registers. False as in hardware: one for four cores.
    /// </param>
    public Eiointc(int cores, IocsrBus bus, ICoreInterrupts outputs, EiointcFeatures features = EiointcFeatures.None,
        bool oneNode = false)
    {
        _outputs = outputs;
        Features = features;
        _nodes = new Node[oneNode ? 1 : (cores + CoresPerNode - 1) / CoresPerNode];
        _cores = new Core[cores];
        for (int node = 0; node < _nodes.Length; node++)
        {
            _nodes[node] = new Node();
        }

        for (int core = 0; core < cores; core++)
        {
            _cores[core] = new Core(oneNode ? 0 : core / CoresPerNode);
        }

        Array.Fill(_holder, NoCore);
        Reset();
        var registers = new EiointcRegisters(this);
        bus.Map("EIOINTC", EiointcRegisters.Base, EiointcRegisters.Size, AccessWidths.All, registers);
        bus.Map("EIOINTC trigger", EiointcRegisters.TriggerBase, 4, AccessWidths.Word, new EiointcTrigger(this));
        if (features != EiointcFeatures.None)
        {
            bus.Map("EIOINTC virtual", EiointcVirtual.Base, EiointcVirtual.Size, AccessWidths.Word,
                new EiointcVirtual(this));
        }
    }

    /// <summary>What the paravirtual registers offer.</summary>
    public EiointcFeatures Features { get; }

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
            SetBit(_level, vector, level);
            SetBit(_pending, vector, level);
            Deliver(vector);
        }
    }

    /// <inheritdoc/>
    public void Trigger(int vector)
    {
        if ((uint)vector < Vectors)
        {
            lock (_lock)
            {
                SetBit(_pending, vector, true);
                Deliver(vector);
            }
        }
    }

    /// <summary>Registers as after power-on; level sources keep their levels.</summary>
    public void Reset() => Reroute(() =>
    {
        foreach (Node node in _nodes)
        {
            node.Clear();
        }

        _level.CopyTo(_pending, 0);
        _configuration = EiointcFeatures.None;
        _enabled = true;
    });

    /// <summary>Changes what decides the way of vectors, and moves the pending ones accordingly.</summary>
    private void Reroute(Action change)
    {
        lock (_lock)
        {
            change();
            for (int vector = 0; vector < Vectors; vector++)
            {
                Deliver(vector);
            }

            for (int core = 0; core < _cores.Length; core++)
            {
                UpdateLines(core);
            }
        }
    }

    /// <summary>
    /// Makes the holder of a vector what the registers say: the routed core if it is pending, nobody if not.
    /// </summary>
    private void Deliver(int vector)
    {
        short old = _holder[vector];
        short now = GetBit(_pending, vector) ? Route(vector, old) : NoCore;
        if (now == old)
        {
            return;
        }

        _holder[vector] = now;
        if (old != NoCore)
        {
            SetBit(_cores[old].Isr, vector, false);
            UpdateLines(old);
        }

        if (now != NoCore)
        {
            _lastPick[vector] = (byte)(now % CoresPerNode);
            SetBit(_cores[now].Isr, vector, true);
            UpdateLines(now);
        }
    }

    /// <summary>The core that a vector goes to, or none while it is disabled somewhere on its way.</summary>
    private short Route(int vector, short holder)
    {
        bool stopped = (Features & EiointcFeatures.Enable) != 0 && (_configuration & EiointcFeatures.Enable) == 0;
        Node entry = _nodes[0];
        if (!_enabled || stopped || !GetBit(entry.Enable, vector))
        {
            return NoCore;
        }

        byte route = entry.RouteOf(vector);
        if ((_configuration & EiointcFeatures.CoreEncoding) != 0)
        {
            return (short)(route < _cores.Length ? route : 0);
        }

        int nodeNumber = TargetNode(entry, route >> 4);
        Node node = _nodes[nodeNumber];
        if (!GetBit(node.Enable, vector))
        {
            return NoCore;
        }

        int first = nodeNumber * CoresPerNode;
        int present = (1 << Math.Min(CoresPerNode, _cores.Length - first)) - 1;
        int mapped = node.RouteOf(vector) & 0xf & present;
        // No core mapped: the node's first one, as software that has not set the route expects.
        return (short)(first + (mapped == 0 ? 0 : Pick(vector, mapped, holder - first, GetBit(node.Bounce, vector))));
    }

    /// <summary>A bitmap of no existing node means the node where the interrupt came in.</summary>
    private int TargetNode(Node entry, int selector)
    {
        int nodes = entry.NodeBitmap(selector) & (int)((1L << _nodes.Length) - 1);
        return nodes == 0 ? 0 : BitOperations.TrailingZeroCount(nodes);
    }

    /// <summary>
    /// Among several mapped cores the lowest, or with bounce the one after the last; a holder is kept.
    /// </summary>
    private int Pick(int vector, int mapped, int holder, bool bounce)
    {
        if (holder is >= 0 and < CoresPerNode && ((mapped >> holder) & 1) != 0)
        {
            return holder;
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
