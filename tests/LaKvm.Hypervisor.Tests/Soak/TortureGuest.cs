using LaKvm.Isa;

namespace LaKvm.Hypervisor.Tests;

/// <summary>
/// The program of each vCPU of the torture test. It walks randomly over pages of its own area, verifies what it wrote
/// there last and writes anew; adds to shared words atomically; sends and counts interrupts, each with a flag in memory
/// that its receiver takes back, so that a lost one leaves a flag behind; and touches memory that comes and goes.
/// </summary>
internal static class TortureGuest
{
    internal const ulong Control = 0x10_0000, Work = 0x4000_0000, Scratch = 0x8000_0000, DeviceBase = 0x1fe0_0000;
    internal const ulong Code = 0x20_0000, Handler = 0x21_0000;
    internal const int Vcpus = 4;

    /// <summary>
    /// Value that user space gives for a scratch address without memory; the guest stores only such values.
    /// </summary>
    internal const ulong ScratchTag = 0x5c5c_0000_0000_0000;

    // Device registers: what the guest asks of or tells the host.
    internal const ulong ShallStop = 0x00, AllQuiet = 0x08, Quiet = 0x10, Done = 0x18, Acknowledge = 0x40,
        Failure = 0xf00;

    // Control page: a block for each vCPU, the flags of interrupts under way, and shared words.
    internal const ulong BlockSize = 0x80, TimerCount = 0, LastTimer = 8, IpiReceived = 16, IpiSent = 24, HwiCount = 32,
        AtomicCount = 40, PvReceived = 48, PvSent = 56, Steps = 64;

    internal const ulong IpiFlags = Control + 0x200, PvFlags = Control + 0x300, Shared = Control + 0x400,
        Steal = Control + 0x500;

    /// <summary>
    /// What the program can find wrong; it tells by a store to <see cref="Failure"/> and 8 times the number.
    /// </summary>
    internal enum Failed
    {
        Contents = 0, Exception = 1, SpuriousIpi = 2, TimerLost = 3, Scratch = 4,
    }

    // s0 id, s1 area, s2 index mask, s3 random, s4 control, s5 steps, s6 atomic count, s7 own block, s8 device,
    // fp flags of IPIs to this vCPU, tp page shift, ra longest silence of the timer, sp mask of scratch offsets
    internal static byte[] Program() => Assembler.Assemble("""
        loop:
        slli.d  $t0, $s3, 13
        xor     $s3, $s3, $t0
        srli.d  $t0, $s3, 7
        xor     $s3, $s3, $t0
        slli.d  $t0, $s3, 17
        xor     $s3, $s3, $t0
        addi.d  $s5, $s5, 1

        # a random page: verify generation g, write generation g + 1
        and     $a1, $s3, $s2
        sll.d   $a1, $a1, $tp
        add.d   $a1, $a1, $s1
        li.d    $a5, 0x9e3779b97f4a7c15
        ld.d    $a2, $a1, 0
        addi.d  $a6, $a2, 1
        addi.d  $a3, $a1, 8
        ori     $a4, $zero, 15
        1:
        xor     $t1, $a3, $a5
        mul.d   $t2, $t1, $a2
        ld.d    $t3, $a3, 0
        bne     $t2, $t3, contents
        mul.d   $t2, $t1, $a6
        st.d    $t2, $a3, 0
        addi.d  $a3, $a3, 248
        addi.d  $a4, $a4, -1
        bnez    $a4, 1b
        st.d    $a6, $a1, 0

        # shared words: an AM instruction and an ll-sc pair
        srli.d  $t0, $s3, 20
        andi    $t0, $t0, 0x38
        addi.d  $t1, $s4, 0x400
        add.d   $t1, $t1, $t0
        ori     $t2, $zero, 1
        amadd.d $t3, $t2, $t1
        addi.d  $s6, $s6, 1
        2:
        ll.d    $t3, $t1, 64
        addi.d  $t3, $t3, 1
        sc.d    $t3, $t1, 64
        beqz    $t3, 2b

        # an IPI to another vCPU, unless the last one is still on its way
        andi    $t0, $s5, 15
        bnez    $t0, 3f
        srli.d  $t0, $s3, 9
        andi    $t0, $t0, 3
        beq     $t0, $s0, 3f
        slli.d  $t1, $s0, 5
        slli.d  $t2, $t0, 3
        add.d   $t1, $t1, $t2
        add.d   $t1, $t1, $s4
        addi.d  $t1, $t1, 0x200
        ld.d    $t2, $t1, 0
        bnez    $t2, 3f
        ori     $t2, $zero, 1
        st.d    $t2, $t1, 0
        ld.d    $t2, $s7, 24
        addi.d  $t2, $t2, 1
        st.d    $t2, $s7, 24
        dbar    0
        slli.d  $t0, $t0, 16
        or      $t0, $t0, $s0
        li.d    $t1, 0x1040
        iocsrwr.w $t0, $t1
        3:

        # the same by hypercall
        andi    $t0, $s5, 31
        bnez    $t0, 4f
        srli.d  $t0, $s3, 11
        andi    $t0, $t0, 3
        beq     $t0, $s0, 4f
        slli.d  $t1, $s0, 5
        slli.d  $t2, $t0, 3
        add.d   $t1, $t1, $t2
        add.d   $t1, $t1, $s4
        addi.d  $t1, $t1, 0x300
        ld.d    $t2, $t1, 0
        bnez    $t2, 4f
        ori     $t2, $zero, 1
        st.d    $t2, $t1, 0
        ld.d    $t2, $s7, 56
        addi.d  $t2, $t2, 1
        st.d    $t2, $s7, 56
        dbar    0
        ori     $a0, $zero, 1
        ori     $a1, $zero, 1
        sll.d   $a1, $a1, $t0
        ori     $a2, $zero, 0
        ori     $a3, $zero, 0
        hvcl    0x100
        4:

        # memory that comes and goes: any value in it is one that was stored, or the host's
        andi    $t0, $s5, 7
        bnez    $t0, 5f
        and     $t0, $s3, $sp
        slli.d  $t0, $t0, 3
        li.d    $t1, 0x80000000
        add.d   $t1, $t1, $t0
        ld.d    $t2, $t1, 0
        beqz    $t2, 6f
        srli.d  $t2, $t2, 48
        li.d    $t3, 0x5c5c
        bne     $t2, $t3, scratch
        6:
        li.d    $t2, 0x5c5c000000000000
        add.d   $t2, $t2, $t0
        st.d    $t2, $t1, 0
        5:

        # rest until the next interrupt, and see that the timer still ticks
        andi    $t0, $s5, 127
        bnez    $t0, 7f
        idle    0
        7:
        rdtime.d $t0, $zero
        ld.d    $t1, $s7, 8
        sub.d   $t0, $t0, $t1
        bge     $t0, $ra, timer

        andi    $t0, $s5, 63
        bnez    $t0, loop
        st.d    $s5, $s7, 64
        ld.d    $t0, $s8, 0
        beqz    $t0, loop

        # everything that this vCPU has sent must arrive
        quiet:
        ld.d    $t1, $s8, 8
        slli.d  $t0, $s0, 5
        add.d   $t0, $t0, $s4
        addi.d  $t0, $t0, 0x200
        ori     $a4, $zero, 4
        8:
        ld.d    $t2, $t0, 0
        bnez    $t2, quiet
        ld.d    $t2, $t0, 0x100
        bnez    $t2, quiet
        addi.d  $t0, $t0, 8
        addi.d  $a4, $a4, -1
        bnez    $a4, 8b
        st.d    $s6, $s7, 40
        ori     $t2, $zero, 1
        st.d    $t2, $s8, 0x10
        beqz    $t1, quiet

        # the whole area once more
        addi.d  $a0, $s2, 1
        move    $a1, $s1
        9:
        ld.d    $a2, $a1, 0
        addi.d  $a3, $a1, 8
        ori     $a4, $zero, 15
        10:
        xor     $t1, $a3, $a5
        mul.d   $t2, $t1, $a2
        ld.d    $t3, $a3, 0
        bne     $t2, $t3, contents
        addi.d  $a3, $a3, 248
        addi.d  $a4, $a4, -1
        bnez    $a4, 10b
        ori     $t0, $zero, 1
        sll.d   $t0, $t0, $tp
        add.d   $a1, $a1, $t0
        addi.d  $a0, $a0, -1
        bnez    $a0, 9b
        end:
        st.d    $s5, $s8, 0x18
        b       end

        contents:
        li.d    $t0, 0x1fe00f00
        st.d    $t2, $t0, 0
        scratch:
        li.d    $t0, 0x1fe00f20
        st.d    $t2, $t0, 0
        timer:
        li.d    $t1, 0x1fe00f18
        st.d    $t0, $t1, 0
        """, Code).BytesOrThrow();

    internal static byte[] InterruptHandler() => Assembler.Assemble("""
        csrwr   $t0, 0x30
        csrwr   $t1, 0x31
        csrwr   $t2, 0x32
        csrwr   $t3, 0x33
        csrrd   $t0, 5
        srli.d  $t1, $t0, 16
        bnez    $t1, exception

        # timer: count, note the time, and start a one-shot again
        srli.d  $t1, $t0, 11
        andi    $t1, $t1, 1
        beqz    $t1, 1f
        csrwr   $t1, 0x44
        ld.d    $t1, $s7, 0
        addi.d  $t1, $t1, 1
        st.d    $t1, $s7, 0
        rdtime.d $t1, $zero
        st.d    $t1, $s7, 8
        csrrd   $t1, 0x41
        andi    $t2, $t1, 2
        bnez    $t2, 1f
        csrwr   $t1, 0x41
        1:

        # a device: user space takes the line back
        andi    $t1, $t0, 8
        beqz    $t1, 2f
        ld.d    $t1, $s7, 32
        addi.d  $t1, $t1, 1
        st.d    $t1, $s7, 32
        st.d    $t1, $s8, 0x40
        2:

        # IPIs: bit i is from vCPU i, whose flag must be set
        srli.d  $t1, $t0, 12
        andi    $t1, $t1, 1
        beqz    $t1, 3f
        li.d    $t1, 0x1000
        iocsrrd.w $t2, $t1
        addi.d  $t1, $t1, 12
        iocsrwr.w $t2, $t1
        move    $t1, $fp
        4:
        andi    $t3, $t2, 1
        beqz    $t3, 5f
        ld.d    $t3, $t1, 0
        beqz    $t3, spurious
        ld.d    $t3, $s7, 16
        addi.d  $t3, $t3, 1
        st.d    $t3, $s7, 16
        dbar    0
        st.d    $zero, $t1, 0
        5:
        addi.d  $t1, $t1, 32
        srli.d  $t2, $t2, 1
        bnez    $t2, 4b
        3:

        # IPIs by hypercall: the software interrupt is taken back, then all flags are looked at
        andi    $t1, $t0, 1
        beqz    $t1, 6f
        csrxchg $zero, $t1, 5
        dbar    0
        addi.d  $t1, $fp, 0x100
        ori     $t2, $zero, 4
        7:
        ld.d    $t3, $t1, 0
        beqz    $t3, 8f
        ld.d    $t3, $s7, 48
        addi.d  $t3, $t3, 1
        st.d    $t3, $s7, 48
        dbar    0
        st.d    $zero, $t1, 0
        8:
        addi.d  $t1, $t1, 32
        addi.d  $t2, $t2, -1
        bnez    $t2, 7b
        6:
        csrrd   $t0, 0x30
        csrrd   $t1, 0x31
        csrrd   $t2, 0x32
        csrrd   $t3, 0x33
        ertn

        exception:
        li.d    $t1, 0x1fe00f08
        st.d    $t0, $t1, 0
        spurious:
        li.d    $t3, 0x1fe00f10
        st.d    $t2, $t3, 0
        """, Handler).BytesOrThrow();
}
