# Stands behind every assembler guest: console and power switch.
# The routines change $t0-$t8 and $a0 only. $s8 is added to device addresses: 0 in direct-address mode, the start of an
# uncached window when paging is on.

    .balign 4
# print: sends the NUL-terminated text at $a0.
print:
    li.w    $t0, 0x1fe001e0         # 16550: data 0, line status 5
    add.d   $t0, $t0, $s8
1:  ld.bu   $t1, $a0, 0
    beqz    $t1, 3f
2:  ld.bu   $t2, $t0, 5
    andi    $t2, $t2, 0x20          # transmitter empty
    beqz    $t2, 2b
    st.b    $t1, $t0, 0
    addi.d  $a0, $a0, 1
    b       1b
3:  ret

# print_hex: sends $a0 in hexadecimal, without leading zeros.
print_hex:
    move    $t3, $ra
    la.local $t4, hex_end
    la.local $t7, hex_digits
1:  andi    $t5, $a0, 15
    add.d   $t6, $t7, $t5
    ld.bu   $t6, $t6, 0
    addi.d  $t4, $t4, -1
    st.b    $t6, $t4, 0
    srli.d  $a0, $a0, 4
    bnez    $a0, 1b
    move    $a0, $t4
    bl      print
    jr      $t3

# new_line: ends the line.
new_line:
    move    $t3, $ra
    la.local $a0, end_of_line
    bl      print
    jr      $t3

# power_off: does not return.
power_off:
    li.w    $t0, 0x100e001c         # sleep control: type 5 and start
    add.d   $t0, $t0, $s8
    ori     $t1, $zero, 0x34
    st.b    $t1, $t0, 0
1:  idle    0
    b       1b

hex_digits:
    .ascii "0123456789abcdef"
    .space 16
hex_end:
    .byte 0
end_of_line:
    .asciz "\n"
