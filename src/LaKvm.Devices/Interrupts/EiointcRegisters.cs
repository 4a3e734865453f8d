using System.Numerics;

namespace LaKvm.Devices;

public sealed partial class Eiointc
{
    /// <summary>Offset from IOCSR 0x1400: a byte for 32 vectors, which names their HWI line.</summary>
    public const uint PinMap = EiointcRegisters.IpMap;

    /// <summary>Offset of the vectors' enable bits.</summary>
    public const uint Enables = EiointcRegisters.Enable;

    /// <summary>Offset of the bits of the vectors that are pending at a core.</summary>
    public const uint CoreStatus = EiointcRegisters.CoreIsr;

    /// <summary>Offset of the routes: a byte for each vector, which names node and core.</summary>
    public const uint Routes = EiointcRegisters.Route;

    /// <summary>Reads 64 bits of state, without side effects.</summary>
    /// <param name="core">The core whose node and ISR are meant.</param>
    /// <param name="offset">Offset from IOCSR 0x1400 of a 64-bit register.</param>
    public ulong Peek(int core, uint offset)
    {
        lock (_lock)
        {
            return Register(core, offset);
        }
    }

    /// <summary>
    /// Forces 64 bits of state, as a snapshot or a hypervisor's device attributes restore it: the ISR registers are set
    /// instead of cleared. <see cref="Restored"/> must follow.
    /// </summary>
    /// <param name="core">The core whose node and ISR are meant.</param>
    /// <param name="offset">Offset from IOCSR 0x1400 of a 64-bit register.</param>
    /// <param name="value">The state.</param>
    public void Poke(int core, uint offset, ulong value)
    {
        lock (_lock)
        {
            switch (offset)
            {
                case >= EiointcRegisters.Isr and < EiointcRegisters.Isr + (Words * 8):
                    _status[(offset - EiointcRegisters.Isr) / 8] = value;
                    break;
                case >= EiointcRegisters.CoreIsr and < EiointcRegisters.CoreIsr + (Words * 8):
                    _cores[core].Isr[(offset - EiointcRegisters.CoreIsr) / 8] = value;
                    break;
                default:
                    if (IsStorage(core, offset, out ulong[] file, out int index))
                    {
                        file[index] = value;
                    }
                    else if (offset == EiointcRegisters.IpMap)
                    {
                        NodeOf(core).IpMap = value;
                    }

                    break;
            }
        }
    }

    /// <summary>
    /// Ends a sequence of <see cref="Poke"/>: vectors in the cores' ISR are pending there, and the lines follow.
    /// </summary>
    public void Restored() => Reroute(() =>
    {
        Array.Fill(_holder, NoCore);
        for (short core = 0; core < _cores.Length; core++)
        {
            for (int vector = 0; vector < Vectors; vector++)
            {
                if (!GetBit(_cores[core].Isr, vector))
                {
                    continue;
                }

                if (_holder[vector] == NoCore)
                {
                    _holder[vector] = core;
                    SetBit(_status, vector, true);
                }
                else
                {
                    SetBit(_cores[core].Isr, vector, false);
                }
            }
        }

        for (int vector = 0; vector < Vectors; vector++)
        {
            // Whose source asks and that no core holds was acknowledged before it was saved: it does not come again.
            _target[vector] = _holder[vector] != NoCore ? _holder[vector] : Route(vector, NoCore);
        }
    });

    private Node NodeOf(int core) => _nodes[_cores[core].Node];

    /// <summary>What a register reads as; the caller holds the lock.</summary>
    private ulong Register(int core, uint register)
    {
        if (IsStorage(core, register, out ulong[] file, out int index))
        {
            return file[index];
        }

        return register switch
        {
            EiointcRegisters.IpMap => NodeOf(core).IpMap,
            >= EiointcRegisters.CoreIsr and < EiointcRegisters.CoreIsr + (Words * 8) =>
                _cores[core].Isr[(register - EiointcRegisters.CoreIsr) / 8],
            >= EiointcRegisters.Isr and < EiointcRegisters.Isr + (Words * 8) =>
                _status[(register - EiointcRegisters.Isr) / 8],
            _ => 0,
        };
    }

    private void WriteRegister(int core, Lane lane)
    {
        var register = (uint)lane.Register;
        if (register is >= EiointcRegisters.CoreIsr and < EiointcRegisters.CoreIsr + (Words * 8))
        {
            lock (_lock)
            {
                Acknowledge(core, (int)(register - EiointcRegisters.CoreIsr) / 8, lane.Value);
            }
        }
        else if (IsStorage(core, register, out ulong[] file, out int index))
        {
            Reroute(() => file[index] = lane.Merge(file[index]));
        }
        else if (register == EiointcRegisters.IpMap)
        {
            Reroute(() => NodeOf(core).IpMap = lane.Merge(NodeOf(core).IpMap));
        }
    }

    /// <summary>Write 1 to a core's ISR: the vectors are no longer pending, even if their source still asks.</summary>
    private void Acknowledge(int core, int word, ulong value)
    {
        for (ulong rest = value & _cores[core].Isr[word]; rest != 0; rest &= rest - 1)
        {
            Hold((word * 64) + BitOperations.TrailingZeroCount(rest), NoCore);
        }
    }

    /// <summary>The registers that are storage: nodemap, enable, bounce and route.</summary>
    private bool IsStorage(int core, uint register, out ulong[] file, out int index)
    {
        Node node = NodeOf(core);
        (file, uint first) = register switch
        {
            >= EiointcRegisters.NodeMap and < EiointcRegisters.IpMap => (node.NodeMap, EiointcRegisters.NodeMap),
            >= EiointcRegisters.Enable and < EiointcRegisters.Enable + 0x20 => (node.Enable, EiointcRegisters.Enable),
            >= EiointcRegisters.Bounce and < EiointcRegisters.Bounce + 0x20 => (node.Bounce, EiointcRegisters.Bounce),
            >= EiointcRegisters.Route and < EiointcRegisters.Size => (node.Routes, EiointcRegisters.Route),
            _ => ([], 0u),
        };
        index = (int)(register - first) / 8;
        return file.Length != 0;
    }

    /// <summary>
    /// The IOCSR window 0x1400 to 0x1cff; offsets within it are also those of KVM's device attributes.
    /// </summary>
    private sealed class EiointcRegisters(Eiointc owner) : IIocsrDevice
    {
        internal const uint Base = 0x1400;
        internal const uint Size = 0x900;
        internal const uint TriggerBase = 0x1140;
        internal const uint NodeMap = 0xa0;
        internal const uint IpMap = 0xc0;
        internal const uint Enable = 0x200;
        internal const uint Bounce = 0x280;
        internal const uint Isr = 0x300;
        internal const uint CoreIsr = 0x400;
        internal const uint Route = 0x800;

        public ulong Read(int core, uint offset, int size)
        {
            if ((uint)core >= (uint)owner._cores.Length)
            {
                return 0;
            }

            lock (owner._lock)
            {
                return Lane.Extract(owner.Register(core, offset & ~7u), offset);
            }
        }

        public void Write(int core, uint offset, int size, ulong value)
        {
            if ((uint)core < (uint)owner._cores.Length)
            {
                owner.WriteRegister(core, new Lane(offset, size, value));
            }
        }
    }

    /// <summary>The software trigger at IOCSR 0x1140: [7:0] is the vector to latch.</summary>
    private sealed class EiointcTrigger(Eiointc owner) : IIocsrDevice
    {
        public ulong Read(int core, uint offset, int size) => 0;

        public void Write(int core, uint offset, int size, ulong value) => owner.Trigger((int)(value & 0xff));
    }
}
