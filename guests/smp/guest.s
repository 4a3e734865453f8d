# Four cores: wake-up through mailbox and inter-processor interrupt, atomics under contention, and an interrupt to a core
# that idles. Without the other cores the boot core gives up after a while.
.equ CORES, 4
.equ ROUNDS, 20000
.equ PATIENCE, 1000000000           # ticks: 10 s

_start:
    move    $s8, $zero
    # Cores 1 to 3: address to mailbox 0, high half first, then interrupt 0 (MAIL_SEND 0x1048, IPI_SEND 0x1040). Firmware
    # that is not ready yet may miss the interrupt, so it is sent again every millisecond.
    ori     $s0, $zero, 1
    la.local $s1, secondary
    li.w    $s3, 0x1048
    li.w    $s4, 0x1040
    rdtime.d $s7, $zero
    li.w    $t0, PATIENCE
    add.d   $s7, $s7, $t0
1:  slli.d  $s2, $s0, 16            # [25:16]: which core
    ori     $t2, $zero, 1
    slli.d  $t2, $t2, 31            # blocking
    or      $t2, $t2, $s2
    srli.d  $t0, $s1, 32
    slli.d  $t0, $t0, 32
    or      $t0, $t0, $t2
    ori     $t0, $t0, 4             # word 1
    iocsrwr.d $t0, $s3
    slli.d  $t0, $s1, 32
    or      $t0, $t0, $t2
    iocsrwr.d $t0, $s3              # word 0
    iocsrwr.w $t2, $s4
    la.local $t3, arrived
    rdtime.d $t0, $zero
    bgtu    $t0, $s7, impatient
    li.w    $t1, 100000
    add.d   $t1, $t0, $t1
2:  ld.d    $t2, $t3, 0
    beq     $t2, $s0, 3f
    rdtime.d $t0, $zero
    bltu    $t0, $t1, 2b
    b       1b
3:  addi.d  $s0, $s0, 1
    ori     $t0, $zero, CORES
    bne     $s0, $t0, 1b

    # All are there: each in turn says so.
    ori     $s0, $zero, 0
    bl      take_turn
    li.w    $a1, CORES
    la.local $a0, turn
    bl      wait_for
    bl      count
    li.w    $a1, CORES
    la.local $a0, finished
    bl      wait_for
    la.local $a0, n_total
    bl      print
    la.local $t0, total
    ld.d    $a0, $t0, 0
    la.local $t0, total_llsc
    ld.d    $t0, $t0, 0
    add.d   $a0, $a0, $t0
    bl      print_hex
    bl      new_line

    # Core 2 sleeps; interrupt 3 wakes it.
    la.local $a0, asleep
    ori     $a1, $zero, 1
    bl      wait_for
    li.w    $t0, 0x80020003
    iocsrwr.w $t0, $s4
    la.local $a0, woken
    ori     $a1, $zero, 1
    bl      wait_for
    b       power_off

secondary:
    move    $s8, $zero
    csrrd   $s0, 0x20               # CPUID
    bstrpick.d $s0, $s0, 8, 0
    la.local $t0, arrived
    st.d    $s0, $t0, 0
    bl      take_turn
    li.w    $a1, CORES
    la.local $a0, turn
    bl      wait_for
    bl      count
    ori     $t0, $zero, 2
    beq     $s0, $t0, sleeper
1:  idle    0
    b       1b

sleeper:
    la.local $t0, on_interrupt
    csrwr   $t0, 0xc
    li.w    $t0, 0x1000             # ECFG: inter-processor interrupts
    csrwr   $t0, 0x4
    addi.w  $t1, $zero, -1
    li.w    $t0, 0x100c             # IPI_CLEAR: what is left of the wake-up
    iocsrwr.w $t1, $t0
    li.w    $t0, 0x1004             # IPI_EN
    iocsrwr.w $t1, $t0
    ori     $t0, $zero, 4
    csrxchg $t0, $t0, 0x0           # CRMD.IE
    ori     $t1, $zero, 1
    la.local $t0, asleep
    amadd_db.d $zero, $t1, $t0
1:  idle    0
    b       1b

# take_turn: waits until it is this core's ($s0) turn, prints its number and passes the turn on.
take_turn:
    move    $s5, $ra
    la.local $a0, turn
    move    $a1, $s0
    bl      wait_for
    la.local $a0, n_core
    bl      print
    move    $a0, $s0
    bl      print_hex
    bl      new_line
    la.local $t0, turn
    ori     $t1, $zero, 1
    amadd_db.d $zero, $t1, $t0
    jr      $s5

# count: ROUNDS additions with amadd and as many with ll and sc.
count:
    li.w    $t2, ROUNDS
    la.local $t0, total
    la.local $t3, total_llsc
    ori     $t1, $zero, 1
1:  amadd.d $zero, $t1, $t0
2:  ll.d    $t4, $t3, 0
    addi.d  $t4, $t4, 1
    sc.d    $t4, $t3, 0
    beqz    $t4, 2b
    addi.d  $t2, $t2, -1
    bnez    $t2, 1b
    la.local $t0, finished
    amadd_db.d $zero, $t1, $t0
    ret

# wait_for: until the word at $a0 is $a1; loses patience and switches off.
wait_for:
    rdtime.d $t0, $zero
    li.w    $t1, PATIENCE
1:  ld.d    $t2, $a0, 0
    beq     $t2, $a1, 2f
    rdtime.d $t2, $zero
    sub.d   $t2, $t2, $t0
    blt     $t2, $t1, 1b
impatient:
    la.local $a0, n_timeout
    bl      print
    b       power_off
2:  dbar    0
    ret

    .balign 4096
on_interrupt:
    la.local $a0, n_interrupt
    bl      print
    li.w    $t0, 0x1000             # IPI_STATUS
    iocsrrd.w $a0, $t0
    li.w    $t1, 0x100c             # IPI_CLEAR
    iocsrwr.w $a0, $t1
    bl      print_hex
    bl      new_line
    la.local $t0, woken
    ori     $t1, $zero, 1
    amadd_db.d $zero, $t1, $t0
    ertn

    .balign 64
arrived:
    .dword  0
turn:
    .dword  0
    .balign 64
total:
    .dword  0
    .balign 64
total_llsc:
    .dword  0
    .balign 64
finished:
    .dword  0
asleep:
    .dword  0
woken:
    .dword  0
n_core:
    .asciz "core "
n_total:
    .asciz "additions: "
n_interrupt:
    .asciz "core 2 woken by "
n_timeout:
    .asciz "some core did not answer\n"
