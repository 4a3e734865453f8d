# Exceptions that instructions raise: each line shows the name, ESTAT.Ecode, ESTAT.EsubCode and, where the exception has
# one, the bad address relative to the data or the bad instruction.
_start:
    move    $s8, $zero
    la.local $t0, handler
    csrwr   $t0, 0xc                # EENTRY
    csrwr   $zero, 0x4              # ECFG: no interrupts, one entry

    la.local $s0, n_syscall
    la.local $s7, 1f
    syscall 0
1:  la.local $s0, n_break
    la.local $s7, 1f
    break   5
1:  la.local $s0, n_invalid
    la.local $s7, 1f
    .word   0
1:  la.local $s0, n_fp
    la.local $s7, 1f
    fadd.s  $fa0, $fa0, $fa0
1:  la.local $s0, n_lsx
    la.local $s7, 1f
    vadd.b  $vr0, $vr0, $vr0
1:  la.local $s0, n_lasx
    la.local $s7, 1f
    xvadd.b $xr0, $xr0, $xr0
1:  la.local $s0, n_align
    la.local $s7, 1f
    la.local $t1, data
    ll.w    $t2, $t1, 0             # aligned: no exception
    addi.d  $t1, $t1, 2
    ll.w    $t2, $t1, 0
1:  la.local $s0, n_fetch
    la.local $s7, 1f
    la.local $t1, data
    addi.d  $t1, $t1, 2
    jirl    $zero, $t1, 0
1:  la.local $s0, n_bound
    la.local $s7, 1f
    ori     $t1, $zero, 5
    ori     $t2, $zero, 4
    asrtle.d $t2, $t1               # holds: no exception
    asrtle.d $t1, $t2

    # Unit on: division by zero with its exception enabled in FCSR0.
1:  la.local $s0, n_divide
    la.local $s7, 1f
    ori     $t0, $zero, 1
    csrwr   $t0, 0x2                # EUEN.FPE
    ori     $t0, $zero, 8
    movgr2fcsr $fcsr0, $t0
    movgr2fr.w $fa0, $zero
    lu12i.w $t0, 0x3f800
    movgr2fr.w $fa1, $t0
    fdiv.s  $fa2, $fa1, $fa0

    # User mode: a privileged instruction, then back through a system call.
1:  la.local $s0, n_privileged
    la.local $s7, 1f
    ori     $t0, $zero, 3
    csrwr   $t0, 0x1                # PRMD.PPLV = 3
    la.local $t0, user
    csrwr   $t0, 0x6                # ERA
    ertn
user:
    csrrd   $t0, 0x0
1:  la.local $a0, done
    bl      print
    b       power_off

    .balign 4096
handler:
    move    $a0, $s0
    bl      print
    csrrd   $a0, 0x5
    bstrpick.d $a0, $a0, 21, 16     # Ecode
    move    $s1, $a0
    bl      print_hex
    la.local $a0, space
    bl      print
    csrrd   $a0, 0x5
    bstrpick.d $a0, $a0, 30, 22     # EsubCode
    bl      print_hex
    ori     $t0, $zero, 8
    beq     $s1, $t0, address
    ori     $t0, $zero, 9
    beq     $s1, $t0, address
    ori     $t0, $zero, 0xe
    beq     $s1, $t0, word
    b       resume
address:
    la.local $a0, at
    bl      print
    csrrd   $a0, 0x7                # BADV
    la.local $t0, data
    sub.d   $a0, $a0, $t0
    bl      print_hex
    b       resume
word:
    la.local $a0, at
    bl      print
    csrrd   $a0, 0x8                # BADI
    bl      print_hex
resume:
    bl      new_line
    csrwr   $zero, 0x1              # PRMD: kernel mode
    csrwr   $s7, 0x6
    ertn

    .balign 8
data:
    .dword  0
n_syscall:
    .asciz "syscall: "
n_break:
    .asciz "break: "
n_invalid:
    .asciz "no instruction: "
n_fp:
    .asciz "floating point off: "
n_lsx:
    .asciz "128-bit vectors off: "
n_lasx:
    .asciz "256-bit vectors off: "
n_align:
    .asciz "misaligned ll: "
n_fetch:
    .asciz "misaligned fetch: "
n_bound:
    .asciz "bound check: "
n_divide:
    .asciz "floating-point division by zero: "
n_privileged:
    .asciz "privileged instruction in user mode: "
space:
    .asciz " "
at:
    .asciz " at "
done:
    .asciz "done\n"
