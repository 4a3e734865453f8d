using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// The floating-point and vector registers of a vCPU: loaded when the guest first uses them, saved when the vCPU leaves
/// its core. Until then the host's EUEN keeps the units off, and the guest's first use exits.
/// </summary>
internal sealed unsafe class GuestFpu(VcpuRegisters registers, VcpuTracer tracer)
{
    /// <summary>EUEN.FPE, SXE, ASXE: the unit of scalars, of 128-bit and of 256-bit vectors.</summary>
    internal const ulong Fpe = 1, Sxe = 2, Asxe = 4;

    private const int Bytes = 32 * 32;

    /// <summary>Units whose registers are in the core, as EUEN bits.</summary>
    internal ulong Loaded { get; private set; }

    /// <summary>Gives the guest the units that it has, with their registers.</summary>
    /// <param name="core">Core that the vCPU is loaded on.</param>
    /// <param name="units">EUEN bits.</param>
    internal void Own(Core core, ulong units)
    {
        if (Loaded == units)
        {
            return;
        }

        CpuState* s = core.State;
        s->Fcsr = registers.Fcsr;
        *(ulong*)s->Fcc = registers.Fcc;
        Buffer.MemoryCopy(registers.Vector, s->Vr, Bytes, Bytes);
        core.ExchangeCsr(Csr.Euen, units, units);
        Loaded = units;
        tracer.Trace(TraceEvent.Aux, 0, units);
    }

    /// <summary>Takes the registers back, if they are in the core.</summary>
    internal void Lose(Core core)
    {
        if (Loaded == 0)
        {
            return;
        }

        CpuState* s = core.State;
        registers.Fcsr = s->Fcsr;
        registers.Fcc = *(ulong*)s->Fcc;
        Buffer.MemoryCopy(s->Vr, registers.Vector, Bytes, Bytes);
        core.ExchangeCsr(Csr.Euen, 0, Loaded);
        tracer.Trace(TraceEvent.Aux, 1, Loaded);
        Loaded = 0;
    }

    /// <summary>Where a vector register is: four words, in the core or in memory.</summary>
    internal ulong* Register(Core? core, int number) =>
        Loaded != 0 ? CpuState.Vector(core!.State, number) : registers.Vector + (4 * number);
}
