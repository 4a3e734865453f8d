namespace LaKvm.Translator.Tests.Code;

/// <summary>Loops and pieces of code as compilers and kernels make them.</summary>
internal static class SamplePrograms
{
    /// <summary>Name and text; the region is what begins at the first instruction.</summary>
    public static readonly (string Name, string Assembly)[] All =
    [
        ("words copied", """
        loop:
            ld.d    $t0, $a1, 0
            ld.d    $t1, $a1, 8
            st.d    $t0, $a0, 0
            st.d    $t1, $a0, 8
            addi.d  $a1, $a1, 16
            addi.d  $a0, $a0, 16
            addi.d  $a2, $a2, -16
            bnez    $a2, loop
        """),
        ("length of a string", """
            or      $a1, $a0, $zero
        loop:
            ld.bu   $t0, $a1, 0
            addi.d  $a1, $a1, 1
            bnez    $t0, loop
            sub.d   $a0, $a1, $a0
            addi.d  $a0, $a0, -1
            ret
        """),
        ("bytes counted", """
        loop:
            ldx.bu  $t0, $a0, $t1
            alsl.d  $t0, $t0, $a1, 2
            ld.w    $t2, $t0, 0
            addi.w  $t2, $t2, 1
            st.w    $t2, $t0, 0
            addi.d  $t1, $t1, 1
            bne     $t1, $a2, loop
        """),
        ("round of SHA-256", """
            rotri.w $t0, $a4, 6
            rotri.w $t1, $a4, 11
            xor     $t0, $t0, $t1
            rotri.w $t1, $a4, 25
            xor     $t0, $t0, $t1
            and     $t1, $a4, $a5
            andn    $t2, $a6, $a4
            xor     $t1, $t1, $t2
            add.w   $t0, $t0, $t1
            ld.w    $t1, $s1, 0
            add.w   $t0, $t0, $t1
            ld.w    $t1, $s2, 0
            add.w   $t0, $t0, $t1
            add.w   $t0, $t0, $a7
            add.w   $a3, $a3, $t0
            rotri.w $t1, $a0, 2
            rotri.w $t2, $a0, 13
            xor     $t1, $t1, $t2
            rotri.w $t2, $a0, 22
            xor     $t1, $t1, $t2
            and     $t2, $a0, $a1
            and     $t3, $a0, $a2
            xor     $t2, $t2, $t3
            and     $t3, $a1, $a2
            xor     $t2, $t2, $t3
            add.w   $t1, $t1, $t2
            add.w   $a7, $t0, $t1
            ret
        """),
        ("dispatch of bytecode", """
            ld.bu   $t0, $s0, 0
            addi.d  $s0, $s0, 1
            alsl.d  $t0, $t0, $s1, 3
            ld.d    $t0, $t0, 0
            jirl    $zero, $t0, 0
        """),
        ("inner loop of a sort", """
        loop:
            ld.w    $t0, $a0, 0
            ld.w    $t1, $a0, 4
            bge     $t1, $t0, ordered
            st.w    $t1, $a0, 0
            st.w    $t0, $a0, 4
            ori     $t2, $zero, 1
        ordered:
            addi.d  $a0, $a0, 4
            bne     $a0, $a1, loop
        """),
        ("list walked", """
        loop:
            ld.w    $t0, $a0, 8
            add.d   $t1, $t1, $t0
            ld.d    $a0, $a0, 0
            bnez    $a0, loop
        """),
        ("frame of a function", """
            addi.d  $sp, $sp, -48
            st.d    $ra, $sp, 40
            st.d    $s0, $sp, 32
            st.d    $s1, $sp, 24
            st.d    $s2, $sp, 16
            or      $s0, $a0, $zero
            addi.w  $s1, $zero, 0
            ld.d    $ra, $sp, 40
            ld.d    $s0, $sp, 32
            ld.d    $s1, $sp, 24
            ld.d    $s2, $sp, 16
            addi.d  $sp, $sp, 48
            ret
        """),
        ("constants", """
            lu12i.w $t0, 0x12345
            ori     $t0, $t0, 0x678
            lu32i.d $t0, 0x5
            lu52i.d $t0, $t0, 0x12
            xor     $a0, $a0, $t0
            pcaddu12i $t1, 1
            addi.d  $t1, $t1, 64
            add.d   $a0, $a0, $t1
            ret
        """),
        ("product of matrices", """
        loop:
            fld.d   $f0, $a0, 0
            fld.d   $f1, $a1, 0
            fmadd.d $f2, $f0, $f1, $f2
            addi.d  $a0, $a0, 8
            add.d   $a1, $a1, $a3
            addi.d  $a2, $a2, -1
            bnez    $a2, loop
        """),
        ("vectors added", """
        loop:
            xvld    $xr0, $a0, 0
            xvld    $xr1, $a1, 0
            xvadd.w $xr0, $xr0, $xr1
            xvst    $xr0, $a0, 0
            addi.d  $a0, $a0, 32
            addi.d  $a1, $a1, 32
            bne     $a0, $a2, loop
        """),
        ("lock taken", """
        again:
            ll.w    $t0, $a0, 0
            bnez    $t0, held
            ori     $t1, $zero, 1
            sc.w    $t1, $a0, 0
            beqz    $t1, again
        held:
            dbar    0
            ret
        """),
        ("registers of a system call", """
            csrwr   $sp, 0x31
            csrrd   $sp, 0x33
            st.d    $tp, $sp, 16
            csrrd   $t0, 0x0
            st.d    $t0, $sp, 24
            csrrd   $t0, 0x1
            st.d    $t0, $sp, 32
            csrrd   $t0, 0x6
            st.d    $t0, $sp, 40
            addi.d  $t1, $zero, 4
            csrxchg $zero, $t1, 0x0
            ret
        """),
        ("checksum", """
        loop:
            ld.d    $t0, $a0, 0
            crc.w.d.w $a1, $t0, $a1
            addi.d  $a0, $a0, 8
            bne     $a0, $a2, loop
        """),
    ];
}
