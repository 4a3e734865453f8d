namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>Maps what the guest touches to the same physical address.</summary>
internal sealed class StageTwo : IRootMode
{
    private const ulong Pair = 0x7fff, Valid = 1, Dirty = 2;

    public void TlbRefill(Core core)
    {
        ulong address = core.ReadCsr(Csr.Tlbrbadv) & ~Pair;
        core.ExchangeCsr(Csr.Tlbrehi, 14, 0x3f);
        core.ExchangeCsr(Csr.Tlbrelo0, address | Valid | Dirty, ulong.MaxValue);
        core.ExchangeCsr(Csr.Tlbrelo1, (address + 0x4000) | Valid | Dirty, ulong.MaxValue);
        core.TlbFill();
        core.Ertn();
    }
}
