using System.Numerics;
using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>Interrupts into the guest: numbers are bits of ESTAT.IS.</summary>
public sealed unsafe partial class KvmVcpu
{
    private const int InterruptCount = 15;
    private const int Hwi0 = Estat.Hwi0, HwiCount = 8;

    private int _irqPending;
    private int _irqClear;

    private Trap _exception;

    /// <summary>Asserts an interrupt; it is in the guest's ESTAT before the guest executes again. Any thread.</summary>
    internal void QueueIrq(int irq)
    {
        Interlocked.Or(ref _irqPending, 1 << irq);
        Interlocked.And(ref _irqClear, ~(1 << irq));
    }

    /// <summary>Deasserts an interrupt. Any thread.</summary>
    internal void DequeueIrq(int irq)
    {
        Interlocked.And(ref _irqPending, ~(1 << irq));
        Interlocked.Or(ref _irqClear, 1 << irq);
    }

    /// <summary>Drives an interrupt as an interrupt controller does, and interrupts or wakes the vCPU. Any thread.</summary>
    internal void SetIrq(int irq, bool level)
    {
        if (level)
        {
            QueueIrq(irq);
        }
        else
        {
            DequeueIrq(irq);
        }

        Kick();
    }

    /// <summary>
    /// KVM_INTERRUPT: n asserts, -n deasserts. EINVAL for 0, from 15 on, and for 14 without message interrupts. Any thread.
    /// </summary>
    public Errno Interrupt(int irq)
    {
        long number = Math.Abs((long)irq);
        if (number is 0 or >= InterruptCount || (number == Estat.Avec && !Vm.Supports(KvmFeature.MsgInt)))
        {
            return Errno.Inval;
        }

        SetIrq((int)number, irq > 0);
        return Errno.None;
    }

    /// <summary>Makes an exception the next thing the guest sees; PC is the instruction that caused it.</summary>
    private void QueueException(Trap exception) => _exception = exception;

    /// <summary>Moves what is asserted and deasserted into the guest CSR file and GINTC.</summary>
    private void DeliverInterrupts()
    {
        if ((Volatile.Read(ref _irqClear) | Volatile.Read(ref _irqPending)) == 0)
        {
            return;
        }

        SetStatus(Interlocked.Exchange(ref _irqClear, 0), level: false);
        SetStatus(Interlocked.Exchange(ref _irqPending, 0), level: true);
    }

    private void SetStatus(int interrupts, bool level)
    {
        if (interrupts == 0)
        {
            return;
        }

        ulong hardware = ((ulong)interrupts & Estat.HwiMask) >> Hwi0;
        if (hardware != 0)
        {
            _core!.ExchangeCsr(Csr.Gintc, level ? hardware : 0, hardware);
        }

        ulong software = (ulong)interrupts & ~Estat.HwiMask;
        if (software != 0)
        {
            ExchangeGcsr(Csr.Estat, level ? software : 0, software);
        }

        for (int rest = interrupts; _tracer.Wants(TraceEvent.SetIrq) && rest != 0; rest &= rest - 1)
        {
            Trace(TraceEvent.SetIrq, (ulong)BitOperations.TrailingZeroCount(rest), level ? 1UL : 0);
        }
    }

    /// <summary>
    /// Takes the queued exception in the guest, as its core would have (manual volume 1, 6.2.3): previous mode, error PC
    /// and cause into the guest CSR file, PC to the vector.
    /// </summary>
    private void DeliverException()
    {
        if (_exception == Trap.None)
        {
            return;
        }

        _core!.WatchInjected(_exception, _registers.Pc, _exitBadv, _exitBadi);
        ulong ecode = (ulong)_exception & 0x3f;
        ulong esubcode = ((ulong)_exception >> 6) & 0x1ff;
        const ulong modeMask = Crmd.PlvMask | Crmd.Ie;
        if (_exception is Trap.Adef or Trap.Adem)
        {
            ExchangeGcsr(Csr.Badv, _exitBadv);
        }

        ExchangeGcsr(Csr.Badi, _exitBadi);
        ExchangeGcsr(Csr.Prmd, ReadGcsr(Csr.Crmd) & modeMask, modeMask);
        ExchangeGcsr(Csr.Crmd, 0, modeMask);
        ExchangeGcsr(Csr.Era, _registers.Pc);
        ExchangeGcsr(Csr.Estat, (ecode << Estat.EcodeShift) | (esubcode << (Estat.EcodeShift + 6)), Estat.CodeMask);
        int spacing = (int)(ReadGcsr(Csr.Ecfg) >> 16) & 7;
        ulong offset = spacing == 0 ? 0 : ecode * (4UL << spacing);
        _registers.Pc = ReadGcsr(Csr.Eentry) + offset;
        _exception = Trap.None;
    }
}
