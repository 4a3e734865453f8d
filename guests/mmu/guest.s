# Paging: refill through a three-level table of 16 KiB pages, huge pages, each page exception, ASIDs and TLB maintenance.
# Physical layout: tables at ROOT.., data pages at PAGES, a 32 MiB page at HUGE. Virtual: 16 KiB pages from VIRTUAL, the
# 32 MiB page 32 MiB above.
.equ ROOT, 0x400000
.equ MIDDLE, 0x404000
.equ LEAF, 0x408000
.equ PAGES, 0x500000
.equ HUGE, 0x2000000
.equ VIRTUAL, 0x40000000
.equ PAGE, 0x4000
.equ VALID, 0x11                    # V, MAT = coherent cached
.equ WRITABLE, 0x13                 # and D
.equ USER, 0xc                      # PLV 3
.equ HUGE_BIT, 0x40

_start:
    move    $s8, $zero
    # Tables: one entry in the root and two in the middle; the leaf table has six pages with different rights.
    li.w    $t0, ROOT
    li.w    $t1, MIDDLE
    st.d    $t1, $t0, 0
    li.w    $t2, LEAF
    st.d    $t2, $t1, VIRTUAL >> 25 << 3
    li.w    $t3, HUGE + WRITABLE + HUGE_BIT
    st.d    $t3, $t1, (VIRTUAL >> 25 << 3) + 8
    li.w    $t3, PAGES + WRITABLE
    st.d    $t3, $t2, 0
    li.w    $t3, PAGES + PAGE + VALID
    st.d    $t3, $t2, 8
    st.d    $zero, $t2, 16
    li.w    $t3, PAGES + 3 * PAGE + WRITABLE
    ori     $t4, $zero, 3
    slli.d  $t4, $t4, 61            # NR and NX
    or      $t3, $t3, $t4
    st.d    $t3, $t2, 24
    li.w    $t3, PAGES + 4 * PAGE + WRITABLE
    st.d    $t3, $t2, 32
    li.w    $t3, PAGES + 5 * PAGE + WRITABLE + USER
    st.d    $t3, $t2, 40

    # Windows as Linux has them; walker: 14 + 11 bits, then levels 1 and 3 of 11 bits.
    ori     $t0, $zero, 1
    lu52i.d $t0, $t0, -0x800        # 0x8000... uncached
    csrwr   $t0, 0x180
    ori     $t0, $zero, 0x11
    lu52i.d $t0, $t0, -0x700        # 0x9000... cached
    csrwr   $t0, 0x181
    ori     $t0, $zero, 0x11
    csrwr   $t0, 0x182              # 0x0000...: only until the jump below
    li.w    $t0, 14 | 11 << 5 | 25 << 10 | 11 << 15
    csrwr   $t0, 0x1c               # PWCL
    li.w    $t0, 36 | 11 << 6
    csrwr   $t0, 0x1d               # PWCH
    ori     $t0, $zero, 14
    csrwr   $t0, 0x1e               # STLBPS
    ori     $t0, $zero, 14
    csrwr   $t0, 0x8e               # TLBREHI.PS
    li.w    $t0, 14 << 24
    csrwr   $t0, 0x10               # TLBIDX.PS
    li.w    $t0, ROOT
    csrwr   $t0, 0x19               # PGDL
    csrwr   $zero, 0x18             # ASID 0
    la.local $t0, refill
    csrwr   $t0, 0x88               # TLBRENTRY, physical
    invtlb  0, $zero, $zero
    la.local $t0, handler
    lu52i.d $t0, $t0, -0x700
    csrwr   $t0, 0xc                # EENTRY
    csrwr   $zero, 0x4
    la.local $t0, mapped
    lu52i.d $t0, $t0, -0x700
    ori     $t1, $zero, 0xb0        # CRMD: PG, cached
    csrwr   $t1, 0x0
    jr      $t0
mapped:
    csrwr   $zero, 0x182
    ori     $s8, $zero, 0
    lu52i.d $s8, $s8, -0x800
    ori     $s6, $zero, 0
    lu52i.d $s6, $s6, -0x700        # cached window
    li.w    $s5, VIRTUAL

    # Both pages of a TLB pair, seen through the map and through the window.
    la.local $s0, n_load
    li.d    $t1, 0x123456789abcdef0
    li.w    $t0, PAGES + 0x10
    or      $t0, $t0, $s6
    st.d    $t1, $t0, 0
    ld.d    $t2, $s5, 0x10
    bl      same
    la.local $s0, n_store
    li.d    $t1, 0xfedcba987654321
    st.d    $t1, $s5, 0x18
    ld.d    $t2, $t0, 8
    bl      same
    la.local $s0, n_huge
    li.w    $t0, HUGE + 0x1800000
    or      $t0, $t0, $s6
    st.d    $t1, $t0, 0
    li.w    $t3, VIRTUAL + 0x2000000 + 0x1800000
    ld.d    $t2, $t3, 0
    bl      same

    # Exceptions. The first is handled: the page becomes writable and the store happens.
    la.local $s0, n_modify
    li.w    $s4, VIRTUAL + PAGE
    move    $s7, $zero
    ori     $t1, $zero, 0x55
    ld.d    $t2, $s4, 8
    st.d    $t1, $s4, 8
    li.w    $t0, PAGES + PAGE + 8
    or      $t0, $t0, $s6
    ld.d    $t2, $t0, 0
    ori     $t1, $zero, 0x55
    bl      same
    la.local $s0, n_load_invalid
    li.w    $s4, VIRTUAL + 2 * PAGE
    la.local $s7, 1f
    ld.d    $t0, $s4, 0
1:  la.local $s0, n_store_invalid
    la.local $s7, 1f
    st.d    $t0, $s4, 0
1:  la.local $s0, n_fetch_invalid
    la.local $s7, 1f
    jr      $s4
1:  la.local $s0, n_not_readable
    li.w    $s4, VIRTUAL + 3 * PAGE
    la.local $s7, 1f
    ld.d    $t0, $s4, 0
1:  la.local $s0, n_not_executable
    la.local $s7, 1f
    jr      $s4

    # User mode: its own page may be used, the kernel's not. The code is copied to the user page.
1:  la.local $s0, n_privilege
    la.local $t0, user
    li.w    $t1, PAGES + 5 * PAGE
    or      $t1, $t1, $s6
    ld.d    $t2, $t0, 0
    st.d    $t2, $t1, 0
    ld.d    $t2, $t0, 8
    st.d    $t2, $t1, 8
    ibar    0
    li.w    $s4, VIRTUAL + 4 * PAGE
    li.w    $s3, VIRTUAL + 5 * PAGE
    la.local $s7, 1f
    ori     $t0, $zero, 3
    csrwr   $t0, 0x1
    csrwr   $s3, 0x6
    move    $s3, $s4
    li.w    $t3, VIRTUAL + 5 * PAGE
    ertn

    # TLB maintenance: found, gone after invtlb of the page, and not found under another ASID.
1:  ld.d    $t0, $s5, 0
    la.local $s0, n_found
    bl      search
    invtlb  5, $zero, $s5
    la.local $s0, n_flushed
    bl      search
    ld.d    $t0, $s5, 0
    ori     $t0, $zero, 1
    csrwr   $t0, 0x18
    la.local $s0, n_other_asid
    bl      search
    csrwr   $zero, 0x18
    la.local $s0, n_found
    bl      search
    b       power_off

# Runs in user mode: stores to its own page, then loads from the kernel's ($s3).
user:
    st.d    $zero, $t3, 0x100
    ld.d    $t3, $t3, 0x100
    ld.d    $t0, $s3, 0
    nop

# same: prints $s0 and whether $t1 equals $t2; keeps $t0 and $t1.
same:
    move    $s1, $ra
    move    $s2, $t0
    move    $s3, $t1
    la.local $fp, yes
    beq     $t1, $t2, 1f
    la.local $fp, no
1:  move    $a0, $s0
    bl      print
    move    $a0, $fp
    bl      print
    move    $t0, $s2
    move    $t1, $s3
    jr      $s1

# search: prints $s0 and whether the TLB has the page at $s5.
search:
    move    $s1, $ra
    csrwr   $s5, 0x11               # TLBEHI
    li.w    $s5, VIRTUAL
    tlbsrch
    csrrd   $t0, 0x10
    srli.w  $t0, $t0, 31            # NE
    la.local $fp, no
    bnez    $t0, 1f
    la.local $fp, yes
1:  move    $a0, $s0
    bl      print
    move    $a0, $fp
    bl      print
    li.w    $t0, 14 << 24
    csrwr   $t0, 0x10
    jr      $s1

    .balign 4096
# Refill runs in direct-address mode, whatever the mode before.
refill:
    csrwr   $t0, 0x8b               # TLBRSAVE
    csrrd   $t0, 0x1b               # PGD
    lddir   $t0, $t0, 3
    lddir   $t0, $t0, 1
    ldpte   $t0, 0
    ldpte   $t0, 1
    tlbfill
    csrrd   $t0, 0x8b
    ertn

    .balign 4096
# Prints the name, Ecode and BADV; then goes to $s7, or makes the page at $s4 writable and tries again if $s7 is 0.
handler:
    csrwr   $t1, 0x30
    csrwr   $t2, 0x31
    csrwr   $ra, 0x32
    move    $a0, $s0
    bl      print
    csrrd   $a0, 0x5
    bstrpick.d $a0, $a0, 21, 16
    bl      print_hex
    la.local $a0, at
    bl      print
    csrrd   $a0, 0x7                # BADV
    bl      print_hex
    bl      new_line
    csrrd   $ra, 0x32
    bnez    $s7, 1f
    li.w    $t0, LEAF + 8
    or      $t0, $t0, $s6
    ld.d    $t1, $t0, 0
    ori     $t1, $t1, 2             # D
    st.d    $t1, $t0, 0
    invtlb  5, $zero, $s4
    csrrd   $t1, 0x30
    csrrd   $t2, 0x31
    la.local $s0, n_modified
    ertn
1:  csrwr   $zero, 0x1              # PRMD: kernel mode
    csrwr   $s7, 0x6
    ertn

n_load:
    .asciz "load through the map: "
n_store:
    .asciz "store through the map: "
n_huge:
    .asciz "huge page: "
n_modify:
    .asciz "store to a clean page: "
n_modified:
    .asciz "store after it became dirty: "
n_load_invalid:
    .asciz "load from an invalid page: "
n_store_invalid:
    .asciz "store to an invalid page: "
n_fetch_invalid:
    .asciz "fetch from an invalid page: "
n_not_readable:
    .asciz "load from a page that must not be read: "
n_not_executable:
    .asciz "fetch from a page that must not be executed: "
n_privilege:
    .asciz "user mode loads from a kernel page: "
n_found:
    .asciz "page found in the TLB: "
n_flushed:
    .asciz "page found after invtlb: "
n_other_asid:
    .asciz "page found under another ASID: "
at:
    .asciz " at "
yes:
    .asciz "yes\n"
no:
    .asciz "no\n"
