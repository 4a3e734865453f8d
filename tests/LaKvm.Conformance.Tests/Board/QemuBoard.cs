using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using LaKvm.Isa;
using LaKvm.Tests.Support;

namespace LaKvm.Conformance.Tests.Board;

/// <summary>
/// QEMU's board. A program in its flash makes the accesses, since qtest knows no IOCSR space and no ESTAT: it takes
/// them from the machine's RAM, which is a file that it shares with the test, and leaves there what was read and
/// ESTAT. A reset between sequences goes through the board's own register.
/// </summary>
internal sealed class QemuBoard : IBoard
{
    private const long RamSize = 256 << 20, Mailbox = 0x20_0000, Records = Mailbox + 0x1000;
    private const int RecordSize = 64, StateReady = 0, StateRun = 1, StateDone = 2, StateReset = 3;
    private const int Fault = 40;
    private const uint PicMask = 0x1000_0020;

    // The state is at the mailbox, the number of records at +4. A record: kind (8 iocsr, 4 write, log2 of the size),
    // address, value, what was read, ESTAT, whether the access trapped; 8 bytes each.
    private const string Program = """
        csrrd   $t0, 0x20
        bnez    $t0, park
        li.d    $t0, 0x1c001000
        csrwr   $t0, 0xc
        li.d    $s0, 0x200000
        st.w    $zero, $s0, 0
        wait:
        ld.w    $t0, $s0, 0
        ori     $t1, $zero, 1
        beq     $t0, $t1, run
        ori     $t1, $zero, 3
        bne     $t0, $t1, wait
        li.d    $t0, 0x100e001e
        ori     $t1, $zero, 0x42
        st.b    $t1, $t0, 0
        stop:
        b       stop
        run:
        dbar    0
        ld.wu   $s1, $s0, 4
        li.d    $s2, 0x201000
        next:
        beqz    $s1, done
        ld.d    $t0, $s2, 0
        ld.d    $a0, $s2, 8
        ld.d    $a1, $s2, 16
        move    $s3, $zero
        slli.d  $t0, $t0, 3
        bl      here
        here:
        add.d   $ra, $ra, $t0
        jirl    $zero, $ra, 8
        ld.bu   $a1, $a0, 0
        b       store
        ld.hu   $a1, $a0, 0
        b       store
        ld.wu   $a1, $a0, 0
        b       store
        ld.d    $a1, $a0, 0
        b       store
        st.b    $a1, $a0, 0
        b       store
        st.h    $a1, $a0, 0
        b       store
        st.w    $a1, $a0, 0
        b       store
        st.d    $a1, $a0, 0
        b       store
        iocsrrd.b $a1, $a0
        b       store
        iocsrrd.h $a1, $a0
        b       store
        iocsrrd.w $a1, $a0
        b       store
        iocsrrd.d $a1, $a0
        b       store
        iocsrwr.b $a1, $a0
        b       store
        iocsrwr.h $a1, $a0
        b       store
        iocsrwr.w $a1, $a0
        b       store
        iocsrwr.d $a1, $a0
        b       store
        store:
        st.d    $a1, $s2, 24
        csrrd   $t0, 5
        st.d    $t0, $s2, 32
        st.d    $s3, $s2, 40
        addi.d  $s2, $s2, 64
        addi.d  $s1, $s1, -1
        b       next
        done:
        dbar    0
        ori     $t0, $zero, 2
        st.w    $t0, $s0, 0
        b       wait
        park:
        idle    0
        b       park
        """;

    private const string Handler = """
        csrrd   $t0, 6
        addi.d  $t0, $t0, 4
        csrwr   $t0, 6
        ori     $s3, $zero, 1
        ertn
        """;

    private readonly string _directory = Peers.CreateDirectory();
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _ram;
    private readonly Process _qemu;

    public QemuBoard()
    {
        string ram = Path.Combine(_directory, "ram");
        _file = MemoryMappedFile.CreateFromFile(ram, FileMode.Create, null, RamSize);
        _ram = _file.CreateViewAccessor();
        _ram.Write(Mailbox, StateDone);
        File.WriteAllBytes(Path.Combine(_directory, "flash"), Flash());
        ProcessStartInfo start = Peers.Command(_directory, "exec qemu-system-loongarch64 -machine virt,v-eiointc=off"
            + $",memory-backend=ram -object memory-backend-file,id=ram,size={RamSize},mem-path=ram,share=on"
            + $" -m {RamSize >> 20} -smp {OurBoard.Cores} -bios flash -display none -nodefaults -serial null");
        _qemu = Process.Start(start)!;
    }

    public BoardOutcome[] Run(IReadOnlyList<BoardAccess> accesses)
    {
        AwaitState(StateReady);
        Perform(accesses);
        var outcomes = new BoardOutcome[accesses.Count];
        for (int i = 0; i < outcomes.Length; i++)
        {
            outcomes[i] = Read(accesses[i], Records + (i * RecordSize));
        }

        Perform(Cleaning);
        _ram.Write(Mailbox, StateReset);
        return outcomes;
    }

    /// <summary>Releases the lines of core 0, which QEMU's reset leaves as they are in its ESTAT.</summary>
    private static BoardAccess[] Cleaning { get; } =
    [
        Store(PicMask, 4, uint.MaxValue),
        .. Enumerable.Range(0, 4).Select(word => Write(0x1800 + ((uint)word * 8), 8, ulong.MaxValue)),
        Write(0x1004, 4, uint.MaxValue),
        Write(0x100c, 4, uint.MaxValue),
    ];

    private static BoardAccess Store(uint address, int size, ulong value) => new(false, true, address, size, value);

    private static BoardAccess Write(uint address, int size, ulong value) => new(true, true, address, size, value);

    private void Perform(IReadOnlyList<BoardAccess> accesses)
    {
        for (int i = 0; i < accesses.Count; i++)
        {
            long record = Records + (i * RecordSize);
            BoardAccess access = accesses[i];
            _ram.Write(record, (access.Iocsr ? 8UL : 0) | (access.Write ? 4UL : 0) | (uint)int.Log2(access.Size));
            _ram.Write(record + 8, (ulong)access.Address);
            _ram.Write(record + 16, access.Value);
        }

        _ram.Write(Mailbox + 4, accesses.Count);
        Thread.MemoryBarrier();
        _ram.Write(Mailbox, StateRun);
        AwaitState(StateDone);
    }

    public void Dispose()
    {
        _qemu.Kill();
        _qemu.WaitForExit();
        _qemu.Dispose();
        _ram.Dispose();
        _file.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private BoardOutcome Read(BoardAccess access, long record)
    {
        if (_ram.ReadUInt64(record + Fault) != 0)
        {
            throw new InvalidOperationException(
                $"QEMU's board does not take {access}: the generator must not make it.");
        }

        ulong value = access.Write ? 0 : access.Carried(_ram.ReadUInt64(record + 24));
        return new BoardOutcome(value, (uint)_ram.ReadUInt64(record + 32) & BoardOutcome.LineMask);
    }

    private void AwaitState(int state)
    {
        var waited = Stopwatch.StartNew();
        SpinWait spin = default;
        while (_ram.ReadInt32(Mailbox) != state)
        {
            if (_qemu.HasExited || waited.Elapsed > TimeSpan.FromSeconds(30))
            {
                throw new InvalidOperationException(
                    $"QEMU does not answer: {(_qemu.HasExited ? _qemu.StandardError.ReadToEnd() : "it runs on")}");
            }

            spin.SpinOnce();
        }

        Thread.MemoryBarrier();
    }

    private static byte[] Flash()
    {
        const ulong start = 0x1c00_0000;
        const int handler = 0x1000;
        var flash = new byte[0x2000];
        Assembler.Assemble(Program, start).BytesOrThrow().CopyTo(flash, 0);
        Assembler.Assemble(Handler, start + handler).BytesOrThrow().CopyTo(flash, handler);
        return flash;
    }
}
