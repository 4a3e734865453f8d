using LaKvm.Cpu;
using LaKvm.Devices;

namespace LaKvm.Machine;

/// <summary>
/// Sees that a core does nothing but read memory until another core writes it: a slice has ended where the last one
/// did, and no register is different. What it waits for may be a core that has no processor of the host just then: the
/// holder of a lock, the next one in its queue, or one that is to answer an interrupt.
/// </summary>
internal sealed unsafe class SpinWatch(Core core)
{
    /// <summary>Ticks (10 ns) for which such a core should leave its processor to others.</summary>
    public const ulong Pause = 3_000;

    /// <summary>Bytes of code in which such loops lie.</summary>
    private const ulong Window = 128;

    private const int Registers = 32;

    private readonly ulong[] _registers = new ulong[Registers];
    private ulong _pc;

    /// <summary>Whether the core waits; to be asked when a slice has been used up.</summary>
    public bool IsWaiting()
    {
        var now = new ReadOnlySpan<ulong>(core.State->Gpr, Registers);
        ulong pc = core.State->Pc;
        bool same = pc - _pc + (Window / 2) < Window && now.SequenceEqual(_registers);
        _pc = pc;
        now.CopyTo(_registers);
        return same;
    }
}
