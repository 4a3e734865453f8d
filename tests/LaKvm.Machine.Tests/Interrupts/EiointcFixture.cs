using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Machine.Tests;

/// <summary>A controller for three nodes of four cores, and what Linux writes to it.</summary>
public abstract class EiointcFixture
{
    protected const uint Trigger = 0x1140, NodeMap = 0x14a0, IpMap = 0x14c0, Enable = 0x1600, Bounce = 0x1680,
        Isr = 0x1700, CoreIsr = 0x1800, Route = 0x1c00;

    private protected readonly RecordingCores _cores = new();
    private protected readonly IocsrBus _bus = new(new GuestErrorLog(null));
    private protected readonly Eiointc _controller;

    protected EiointcFixture() => _controller = new Eiointc(12, _bus, _cores);

    protected static uint Hwi(int pin) => 1u << (CoreLine.Hardware0 + pin);

    protected ulong Read(int core, uint address, int size = 8) => _bus.Read(core, address, size);

    protected void Write(int core, uint address, ulong value, int size = 8) => _bus.Write(core, address, size, value);

    /// <summary>
    /// What Linux writes on every node: selector n names node n, all on HWI1, all enabled, all to core 0.
    /// </summary>
    protected void Program(int nodes)
    {
        for (int node = 0; node < nodes; node++)
        {
            int core = node * Eiointc.CoresPerNode;
            for (uint i = 0; i < 8; i++)
            {
                Write(core, NodeMap + (4 * i), ((1u << (int)((2 * i) + 1)) << 16) | (1u << (int)(2 * i)), 4);
                Write(core, Enable + (4 * i), 0xffffffff, 4);
                Write(core, Bounce + (4 * i), 0xffffffff, 4);
            }

            Write(core, IpMap, 0x0202_0202_0202_0202);
            for (uint vector = 0; vector < 256; vector++)
            {
                Write(core, Route + vector, 1, 1);
            }
        }
    }

    /// <summary>The route that Linux gives a vector on every node.</summary>
    protected void RouteTo(int vector, int core, int nodes = 3)
    {
        for (int node = 0; node < nodes; node++)
        {
            int target = node == 0 ? core / 4 : node;
            Write(node * 4, Route + (uint)vector, (ulong)((1 << (core % 4)) | (target << 4)), 1);
        }
    }
}
