namespace LaKvm.Cpu.Tests.Interpreter;

public sealed unsafe class ExceptionTests
{
    [Theory]
    [InlineData("syscall 1", Trap.Sys)]
    [InlineData("break 1", Trap.Brk)]
    [InlineData(".word 0xffffffff", Trap.Ine)]
    [InlineData(".word 0", Trap.Ine)]
    [InlineData("adc.w $a0, $a1, $a2", Trap.Ine)]
    [InlineData(".word 0x38611484", Trap.Ine)]
    public void Instruction_raises_its_exception(string source, Trap trap)
    {
        using var machine = new TestMachine();
        machine.Load("nop\n" + source);
        machine.Run(2);
        ExpectTrap(machine, trap, TestMachine.Origin + 4);
    }

    [Theory]
    [InlineData("csrrd $a0, 0")]
    [InlineData("ertn")]
    [InlineData("tlbrd")]
    [InlineData("idle 0")]
    public void Privileged_instruction_outside_plv0_raises_ipe(string source)
    {
        using var machine = new TestMachine();
        machine.Load(source);
        machine.WriteCsr(Csr.Crmd, 0xb);
        machine.Run(1);
        ExpectTrap(machine, Trap.Ipe, TestMachine.Origin);
    }

    [Theory]
    [InlineData("fadd.d $fa0, $fa1, $fa2")]
    [InlineData("fld.d $fa0, $sp, 0")]
    [InlineData("bceqz $fcc0, -4")]
    [InlineData("bcnez $fcc0, 0x10000")]
    [InlineData("fldgt.d $fa0, $sp, $sp")]
    public void Fp_instruction_with_the_fpu_off_raises_fpd(string source)
    {
        using var machine = new TestMachine();
        machine.Load("nop\n" + source);
        machine.WriteCsr(Csr.Euen, 0);
        machine.Run(2);
        ExpectTrap(machine, Trap.Fpd, TestMachine.Origin + 4);
    }

    [Theory]
    [InlineData("vadd.b $vr0, $vr1, $vr2", 2, Trap.Sxd)]
    [InlineData("xvadd.b $xr0, $xr1, $xr2", 4, Trap.Asxd)]
    public void Vector_instruction_raises_disabled_or_nonexistent(string source, int unit, Trap disabled)
    {
        using var machine = new TestMachine();
        machine.Load(source);
        machine.Run(1);
        ExpectTrap(machine, (La464.SupportedUnits & unit) != 0 ? disabled : Trap.Ine, TestMachine.Origin);
    }

    [Theory]
    [InlineData(0x2000_0000UL)]
    [InlineData(TestMachine.Origin + 2)]
    [InlineData(TestMachine.Origin + 0x1001)]
    public void Jump_to_no_code_raises_adef_at_the_target(ulong target)
    {
        using var machine = new TestMachine();
        machine.Load("jirl $ra, $t0, 0");
        machine[12] = target;
        machine.Run(2);
        ExpectTrap(machine, Trap.Adef, target);
        machine.State->Csr[Csr.Badv].Should().Be(target);
        machine[1].Should().Be(TestMachine.Origin + 4);
    }

    [Theory]
    [InlineData("ll.w $a0, $t0, 0", 0x30_0002UL)]
    [InlineData("ll.d $a0, $t0, 0", 0x30_0004UL)]
    [InlineData("sc.w $a0, $t0, 0", 0x30_0001UL)]
    [InlineData("sc.d $a0, $t0, 0", 0x30_0004UL)]
    [InlineData("amadd.w $a0, $a1, $t0", 0x30_0002UL)]
    [InlineData("amswap_db.d $a0, $a1, $t0", 0x30_0004UL)]
    [InlineData("ldgt.h $a0, $t0, $zero", 0x30_0001UL)]
    [InlineData("stle.d $a0, $t0, $t0", 0x30_0004UL)]
    public void Atomic_or_bound_checked_access_off_alignment_raises_ale(string source, ulong address)
    {
        using var machine = new TestMachine();
        machine.Load(source);
        machine[4] = 77;
        machine[12] = address;
        machine.State->Llbit[0] = 1;
        machine.State->LlAddress = address;
        machine.Run(1);
        ExpectTrap(machine, Trap.Ale, TestMachine.Origin);
        machine.State->Csr[Csr.Badv].Should().Be(address);
        machine[4].Should().Be(77);
    }

    [Theory]
    [InlineData("asrtle.d $t0, $t1", 5UL, 4UL, true)]
    [InlineData("asrtle.d $t0, $t1", 5UL, 5UL, false)]
    [InlineData("asrtle.d $t0, $t1", ulong.MaxValue, 5UL, false)]
    [InlineData("asrtgt.d $t0, $t1", 5UL, 5UL, true)]
    [InlineData("asrtgt.d $t0, $t1", 6UL, 5UL, false)]
    [InlineData("ldgt.d $a0, $t0, $t1", 0x30_0000UL, 0x30_0000UL, true)]
    [InlineData("ldgt.d $a0, $t0, $t1", 0x30_0008UL, 0x30_0000UL, false)]
    [InlineData("ldle.b $a0, $t0, $t1", 0x30_0001UL, 0x30_0000UL, true)]
    [InlineData("stgt.w $a0, $t0, $t1", 0x5000_0000UL, 0x5000_0000UL, true)]
    [InlineData("stle.w $a0, $t0, $t1", 0x30_0000UL, 0x30_0000UL, false)]
    [InlineData("fldle.d $fa0, $t0, $t1", 0x30_0008UL, 0x30_0000UL, true)]
    [InlineData("fstgt.s $fa0, $t0, $t1", 0x30_0000UL, 0x30_0008UL, true)]
    public void Bound_check_raises_bce_before_the_access(string source, ulong j, ulong k, bool raises)
    {
        using var machine = new TestMachine();
        machine.Load(source);
        machine[12] = j;
        machine[13] = k;
        machine.Run(1);
        if (raises)
        {
            ExpectTrap(machine, Trap.Bce, TestMachine.Origin);
            machine.State->Csr[Csr.Badv].Should().Be(j);
        }
        else
        {
            machine.State->Pc.Should().Be(TestMachine.Origin + 4);
        }
    }

    private static void ExpectTrap(TestMachine machine, Trap trap, ulong pc)
    {
        machine.State->Pc.Should().Be(TestMachine.Vector);
        ((Trap)((machine.State->Csr[Csr.Estat] >> 16) & 0x7fff)).Should().Be(trap);
        machine.State->Csr[Csr.Era].Should().Be(pc);
        if (trap != Trap.Adef)
        {
            machine.State->Csr[Csr.Badi].Should().Be(*(uint*)machine.Memory.Pointer(pc));
        }
    }
}
