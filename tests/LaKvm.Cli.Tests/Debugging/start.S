# Where program.c begins: the boot core with its stack, and the other core once it is called.
    .text
    .globl _start
_start:
    ori     $t0, $zero, 1
    csrwr   $t0, 2                  # EUEN: the FPU
    la.local $sp, stacks + 0x1000
    b       main
    .globl second_entry
second_entry:
    la.local $sp, stacks + 0x2000
    b       second

    .bss
    .balign 16
stacks:
    .space  0x2000
