# The core's timer: periodic interrupts that wake the core from idle, a one-shot that fires once, and the stable counter.
.equ MILLISECOND, 100000            # ticks of the 100 MHz counter

_start:
    move    $s8, $zero
    move    $s0, $zero              # interrupts seen
    la.local $t0, handler
    csrwr   $t0, 0xc                # EENTRY; ECFG.VS = 0: everything enters here
    li.w    $t0, 0x800
    csrwr   $t0, 0x4                # ECFG.LIE: timer only
    rdtime.d $s1, $zero
    li.w    $t0, MILLISECOND + 3
    csrwr   $t0, 0x41               # TCFG: periodic, enabled
    ori     $t0, $zero, 4
    csrxchg $t0, $t0, 0x0           # CRMD.IE

    ori     $s2, $zero, 5
wait:
    idle    0
    blt     $s0, $s2, wait
    rdtime.d $t0, $zero
    sub.d   $s3, $t0, $s1

    # One-shot: one interrupt in four of its periods.
    move    $s0, $zero
    li.w    $t0, MILLISECOND + 1
    csrwr   $t0, 0x41
    rdtime.d $s1, $zero
    li.w    $s4, MILLISECOND * 4
1:  rdtime.d $t0, $zero
    sub.d   $t0, $t0, $s1
    blt     $t0, $s4, 1b
    csrwr   $zero, 0x41
    move    $s5, $s0

    la.local $a0, one_shot
    bl      print
    move    $a0, $s5
    bl      print_hex
    bl      new_line

    # Five periods cannot be over before five milliseconds have passed.
    li.w    $t0, MILLISECOND * 5
    la.local $a0, early
    blt     $s3, $t0, 2f
    la.local $a0, in_time
2:  bl      print
    b       power_off

    .balign 4096
handler:
    csrwr   $t0, 0x30               # SAVE0
    csrrd   $t0, 0x5                # ESTAT
    bstrpick.d $t0, $t0, 11, 11
    beqz    $t0, unexpected
    addi.d  $s0, $s0, 1
    ori     $t0, $zero, 1
    csrwr   $t0, 0x44               # TICLR
    csrrd   $t0, 0x5
    bstrpick.d $t0, $t0, 11, 11
    bnez    $t0, unexpected         # cleared, so no longer pending
    csrrd   $t0, 0x30
    ertn

unexpected:
    la.local $a0, surprise
    bl      print
    csrrd   $a0, 0x5
    bl      print_hex
    bl      new_line
    b       power_off

one_shot:
    .asciz "one-shot interrupts: "
in_time:
    .asciz "five periods took their time\n"
early:
    .asciz "five periods were too short\n"
surprise:
    .asciz "unexpected exception, ESTAT "
