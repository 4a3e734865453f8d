using LaKvm.Cpu;
using LaKvm.Cpu.Tests.Interpreter;
using LaKvm.Interpreter;

namespace LaKvm.Translator.Tests;

/// <summary>
/// Instructions that make a guest leave guest mode do it from machine code, with the state that the interpreter leaves.
/// </summary>
public sealed unsafe class GuestExitTests
{
    private const ulong Gid = 5, GuestVector = TestMachine.Vector;
    private const int Budget = 100;

    /// <summary>The fetch that missed the TLB counts, too.</summary>
    private const int Executed = 4;

    /// <summary>A privileged one is a guest's own exception outside PLV0, all others are exits of any level.</summary>
    public static TheoryData<string, bool, int> Exits()
    {
        var exits = new TheoryData<string, bool, int>();
        foreach (string privileged in (string[])
            ["csrrd $t1, 0x80", "csrwr $t1, 0x80", "csrxchg $t1, $t2, 0x80", "csrrd $t1, 0x50", "csrrd $t1, 0x3fff",
            "iocsrrd.b $t1, $t2", "iocsrrd.h $t1, $t2", "iocsrrd.w $t1, $t2", "iocsrrd.d $t1, $t2",
            "iocsrwr.b $t1, $t2", "iocsrwr.h $t1, $t2", "iocsrwr.w $t1, $t2", "iocsrwr.d $t1, $t2", "idle 0"])
        {
            exits.Add(privileged, true, 0x16);
        }

        exits.Add("cpucfg $t1, $t2", false, 0x16);
        exits.Add("hvcl 0x100", false, 0x17);
        return exits;
    }

    [Theory]
    [MemberData(nameof(Exits))]
    public void Guest_leaves_as_on_the_interpreter_and_without_a_handler(
        string instruction, bool isPrivileged, int ecode)
    {
        for (int plv = 0; plv <= 3; plv += 3)
        {
            using var expected = new TestMachine(createEngine: core => new InterpreterEngine(core));
            using var actual = new TestMachine(
                createEngine: core => new TranslatorEngine(core, new() { WarmCount = 0 }));
            bool leaves = plv == 0 || !isPrivileged;
            Run(expected, instruction, plv, leaves);
            Run(actual, instruction, plv, leaves);
            Same(expected, actual);
            if (leaves)
            {
                (actual.Core.ReadCsr(Csr.Estat) >> 16).Should().Be((ulong)ecode);
                ((TranslatorEngine)actual.Engine).HandlerCalls.Should().Be(0);
            }
        }
    }

    /// <summary>
    /// Enters the guest and runs it until it leaves, or a loop in its own exception handler has taken the budget.
    /// </summary>
    private static void Run(TestMachine machine, string instruction, int plv, bool leaves)
    {
        machine.Load($"addi.d $t0, $t0, 1\nadd.w $t3, $t0, $t0\n{instruction}\naddi.d $t0, $t0, 1\n1: b 1b");
        machine.Load("2: addi.d $t4, $t4, 1\nb 2b", GuestVector);
        Core core = machine.Core;
        core.RootMode = new StageTwo();
        for (int register = 1; register < 32; register++)
        {
            machine[register] = 0x0123_4567_89ab_cdefUL * (ulong)register;
        }

        core.ExchangeGcsr(Csr.Crmd, Crmd.Da, ulong.MaxValue);
        core.ExchangeGcsr(Csr.Eentry, GuestVector, ulong.MaxValue);
        machine.WriteCsr(Csr.Stlbps, 14);
        machine.WriteCsr(Csr.Gstat, (Gid << 16) | LvzFields.GstatPvm);
        machine.WriteCsr(Csr.Gtlbc, LvzFields.GtlbcUseTgid | (Gid << 16));
        machine.WriteCsr(Csr.Era, TestMachine.Origin);
        machine.WriteCsr(Csr.Prmd, 0);
        core.Ertn();
        core.ExchangeGcsr(Csr.Crmd, (ulong)plv, 3);
        core.ExchangeCsr(Csr.Euen, 0, 0); // takes the new level over
        ulong before = machine.State->Retired;
        machine.Engine.Run(Budget).Should().Be(leaves ? RunExit.GuestExit : RunExit.Budget);
        (machine.State->Retired - before).Should().Be(leaves ? Executed : (ulong)Budget);
        machine.State->Budget.Should().Be(leaves ? Budget - Executed : 0);
    }

    private static void Same(TestMachine expected, TestMachine actual)
    {
        for (int register = 0; register < 32; register++)
        {
            actual[register].Should().Be(expected[register], $"of r{register}");
        }

        actual.State->Pc.Should().Be(expected.State->Pc);
        actual.State->Vm.Should().Be(expected.State->Vm);
        actual.State->Plv.Should().Be(expected.State->Plv);
        foreach (int csr in (int[])[Csr.Crmd, Csr.Prmd, Csr.Estat, Csr.Era, Csr.Badv, Csr.Badi, Csr.Gstat])
        {
            actual.Core.ReadCsr(csr).Should().Be(expected.Core.ReadCsr(csr), $"of CSR 0x{csr:x}");
            actual.Core.ReadGcsr(csr).Should().Be(expected.Core.ReadGcsr(csr), $"of the guest's CSR 0x{csr:x}");
        }
    }

    /// <summary>Maps what the guest touches to the same physical address.</summary>
    private sealed class StageTwo : IRootMode
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
}
