using System.Numerics;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>
/// What is to be asserted and deasserted in a guest before it executes again: interrupts by bit number of ESTAT.IS, and
/// one exception.
/// </summary>
internal sealed class InterruptQueue(VcpuTracer tracer)
{
    /// <summary>Numbers are below this.</summary>
    internal const int Count = 15;

    private int _pending;
    private int _clear;

    /// <summary>The exception that the guest sees next, or none.</summary>
    internal Trap Exception { get; private set; }

    /// <summary>An interrupt is waiting to be delivered, so that the vCPU has something to run for.</summary>
    internal bool IsRunnable => Volatile.Read(ref _pending) != 0;

    /// <summary>Whether this interrupt is waiting to be delivered.</summary>
    internal bool IsPending(int irq) => (Volatile.Read(ref _pending) & (1 << irq)) != 0;

    /// <summary>Asserts an interrupt. Any thread.</summary>
    internal void Queue(int irq)
    {
        Interlocked.Or(ref _pending, 1 << irq);
        Interlocked.And(ref _clear, ~(1 << irq));
    }

    /// <summary>Deasserts an interrupt. Any thread.</summary>
    internal void Dequeue(int irq)
    {
        Interlocked.And(ref _pending, ~(1 << irq));
        Interlocked.Or(ref _clear, 1 << irq);
    }

    /// <summary>Makes an exception the next thing the guest sees; PC is the instruction that caused it.</summary>
    internal void QueueException(Trap exception) => Exception = exception;

    /// <summary>Forgets everything.</summary>
    internal void Reset()
    {
        _pending = 0;
        _clear = 0;
        Exception = Trap.None;
    }

    /// <summary>Moves what is asserted and deasserted into the guest CSR file and GINTC.</summary>
    internal void Deliver(Core core)
    {
        if ((Volatile.Read(ref _clear) | Volatile.Read(ref _pending)) != 0)
        {
            SetStatus(core, Interlocked.Exchange(ref _clear, 0), level: false);
            SetStatus(core, Interlocked.Exchange(ref _pending, 0), level: true);
        }
    }

    /// <summary>
    /// Takes the queued exception in the guest, as its core would have (manual volume 1, 6.2.3): previous mode, error
    /// PC and cause into the guest CSR file, PC to the vector.
    /// </summary>
    /// <param name="core">Core that the vCPU is loaded on.</param>
    /// <param name="exit">The exit that the exception is for.</param>
    /// <param name="registers">The vCPU's registers.</param>
    internal void DeliverException(Core core, in ExitInfo exit, VcpuRegisters registers)
    {
        if (Exception == Trap.None)
        {
            return;
        }

        core.WatchInjected(Exception, registers.Pc, exit.Badv, exit.Badi);
        ulong ecode = (ulong)Exception & 0x3f;
        ulong esubcode = ((ulong)Exception >> 6) & 0x1ff;
        const ulong modeMask = Crmd.PlvMask | Crmd.Ie;
        if (Exception is Trap.Adef or Trap.Adem)
        {
            core.ExchangeGcsr(Csr.Badv, exit.Badv, ulong.MaxValue);
        }

        core.ExchangeGcsr(Csr.Badi, exit.Badi, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Prmd, core.ReadGcsr(Csr.Crmd) & modeMask, modeMask);
        core.ExchangeGcsr(Csr.Crmd, 0, modeMask);
        core.ExchangeGcsr(Csr.Era, registers.Pc, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Estat, (ecode << Estat.EcodeShift) | (esubcode << (Estat.EcodeShift + 6)),
            Estat.CodeMask);
        int spacing = (int)(core.ReadGcsr(Csr.Ecfg) >> 16) & 7;
        ulong offset = spacing == 0 ? 0 : ecode * (4UL << spacing);
        registers.Pc = core.ReadGcsr(Csr.Eentry) + offset;
        Exception = Trap.None;
    }

    private void SetStatus(Core core, int interrupts, bool level)
    {
        if (interrupts == 0)
        {
            return;
        }

        ulong hardware = ((ulong)interrupts & Estat.HwiMask) >> Estat.Hwi0;
        if (hardware != 0)
        {
            core.ExchangeCsr(Csr.Gintc, level ? hardware : 0, hardware);
        }

        ulong software = (ulong)interrupts & ~Estat.HwiMask;
        if (software != 0)
        {
            core.ExchangeGcsr(Csr.Estat, level ? software : 0, software);
        }

        for (int rest = interrupts; tracer.Wants(TraceEvent.SetIrq) && rest != 0; rest &= rest - 1)
        {
            tracer.Trace(TraceEvent.SetIrq, (ulong)BitOperations.TrailingZeroCount(rest), level ? 1UL : 0);
        }
    }
}
