namespace LaKvm.Cpu.Tests.Privileged;

/// <summary>A bench whose core runs a guest, and what the tests of guest mode ask of it.</summary>
internal static class GuestBench
{
    public const ulong V = 1, D = 2;
    public const ulong Exit = 0x9000_0000_0008_0000;
    public const int Gid = 5;

    /// <summary>A guest in direct-address mode at 0x4000, entered as Linux's KVM does.</summary>
    public static TestBench Guest(bool withRootMode = true)
    {
        var bench = new TestBench();
        bench.Core.RootMode = withRootMode ? new NoRefill() : null;
        bench.Csrwr(Csr.Crmd, Crmd.Pg);
        bench.Csrwr(Csr.Dmw0, 0x9000_0000_0000_0001);
        bench.Csrwr(Csr.Stlbps, 14);
        bench.Csrwr(Csr.Eentry, Exit);
        bench.Csrwr(Csr.Gstat, ((ulong)Gid << 16) | LvzFields.GstatPvm);
        bench.Csrwr(Csr.Gtlbc, LvzFields.GtlbcUseTgid | ((ulong)Gid << 16));
        bench.Csrwr(Csr.Era, 0x4000);
        bench.Csrwr(Csr.Prmd, 4);
        bench.Step(Words.Ertn);
        return bench;
    }

    public static void Expect(TestBench bench, uint word, ulong ecode, ulong era)
    {
        bench.Step(word);
        bench.LastDelivery.Should().Be(Trap.Leave);
        bench.Core.PendingExit.Should().Be(RunExit.GuestExit);
        bench.Core.ReadCsr(Csr.Estat).Should().Be(ecode << 16);
        bench.Core.ReadCsr(Csr.Era).Should().Be(era);
        Vm(bench).Should().Be(0);
    }

    public static unsafe void FillStageTwo(TestBench bench, ulong gpa, ulong elo) => InRoot(bench, () =>
    {
        bench.Csrwr(Csr.Tlbehi, gpa);
        bench.Csrwr(Csr.Tlbelo0, elo);
        bench.Csrwr(Csr.Tlbelo1, 0);
        bench.Csrwr(Csr.Tlbidx, 14UL << 24);
        bench.Core.TlbFill();
    });

    /// <summary>Does something in root mode without going through an exit, then returns to the guest.</summary>
    public static unsafe void InRoot(TestBench bench, Action action)
    {
        bench.State->Vm = 0;
        action();
        bench.State->Vm = 1;
        bench.Core.ExchangeCsr(Csr.Euen, 0, 0); // brings the mode's tables back
    }

    public static void InRootAfterExit(TestBench bench) => bench.Step(Words.Ertn);

    public static unsafe Trap Load(TestBench bench, ulong va) => bench.Load(va, out _);

    public static unsafe Trap Store(TestBench bench, ulong va) => bench.Store(va, 1);

    public static void Raise(TestBench bench, Trap trap) => bench.Core.RaiseException(trap, 0);

    public static unsafe int Vm(TestBench bench) => bench.State->Vm;

    public static unsafe int Units(TestBench bench) => bench.State->Units;

    private sealed class NoRefill : IRootMode
    {
        public void TlbRefill(Core core)
        {
        }
    }
}
