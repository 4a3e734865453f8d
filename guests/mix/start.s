# Entry of the C guest: stack, floating point stays off. $a1 is the command line.
    .section .text.start, "ax"
    .globl  _start
_start:
    la.local $sp, stack_top
    move    $a0, $a1
    bl      run
1:  idle    0
    b       1b
