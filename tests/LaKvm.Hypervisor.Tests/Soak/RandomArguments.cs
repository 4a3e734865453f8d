using System.Buffers.Binary;
using LaKvm.Ioctl;
using LaKvm.Isa;

namespace LaKvm.Hypervisor.Tests;

/// <summary>Arguments for ioctls: random, but often nearly right, so that calls get past the first check.</summary>
internal sealed class RandomArguments(Random random, ulong ramAddress, ulong ramSize)
{
    internal const int Size = 0x2000;
    private const ulong Page = HostPages.DefaultPageSize;
    private const int Block = 256;

    private static readonly byte[] Exits = Assembler.Assemble("""
        lu12i.w $t0, 0x1fe00
        add.d   $t1, $t0, $t2
        st.w    $t1, $t0, 0x20
        ld.d    $t2, $t0, 8
        ori     $t3, $zero, 0x420
        iocsrrd.w $t4, $t3
        lu12i.w $t3, 1
        iocsrwr.w $t2, $t3
        hvcl    0x102
        hvcl    0x100
        cpucfg  $t4, $t3
        csrwr   $t1, 0x80
        st.d    $t2, $a0, 0
        """).BytesOrThrow();

    private static readonly uint[] Requests =
    [
        KvmIoctl.GetApiVersion, KvmIoctl.CheckExtension, KvmIoctl.GetVcpuMmapSize, KvmIoctl.CreateVm,
        KvmIoctl.CreateVcpu,
        KvmIoctl.GetDirtyLog, KvmIoctl.SetUserMemoryRegion, KvmIoctl.SetUserMemoryRegion2, KvmIoctl.CreateIrqChip,
        KvmIoctl.IrqLine, KvmIoctl.IrqLineStatus, KvmIoctl.RegisterCoalescedMmio, KvmIoctl.UnregisterCoalescedMmio,
        KvmIoctl.SetGsiRouting, KvmIoctl.IrqFd, KvmIoctl.IoEventFd, KvmIoctl.SignalMsi, KvmIoctl.ClearDirtyLog,
        KvmIoctl.ResetDirtyRings, KvmIoctl.CreateDevice, KvmIoctl.GetRegs, KvmIoctl.SetRegs, KvmIoctl.Translate,
        KvmIoctl.Interrupt, KvmIoctl.SetSignalMask, KvmIoctl.GetFpu, KvmIoctl.SetFpu, KvmIoctl.GetMpState,
        KvmIoctl.SetMpState, KvmIoctl.SetGuestDebug, KvmIoctl.GetOneReg, KvmIoctl.SetOneReg, KvmIoctl.EnableCap,
        KvmIoctl.GetStatsFd, KvmIoctl.SetDeviceAttr, KvmIoctl.GetDeviceAttr, KvmIoctl.HasDeviceAttr,
    ];

    /// <summary>An address that no program has.</summary>
    internal static nint Nowhere(Random random) => (nint)(random.NextInt64() | (1L << 62));

    /// <summary>A request number: mostly one of KVM's, else one that is nearly or not at all.</summary>
    internal uint Request() => random.Next(20) switch
    {
        0 => (uint)random.NextInt64(),
        1 => Requests[random.Next(Requests.Length)] ^ (1u << random.Next(32)),
        < 6 => KvmIoctl.SetUserMemoryRegion,
        < 9 => KvmIoctl.SetOneReg,
        _ => Requests[random.Next(Requests.Length)],
    };

    /// <summary>
    /// Fills what the argument points to. Pointers in it lead to the second half of the buffer, or nowhere.
    /// </summary>
    internal void Fill(uint request, Span<byte> bytes, nint inner)
    {
        random.NextBytes(bytes);
        nint pointer = random.Next(16) switch { 0 => 0, 1 => Nowhere(random), _ => inner };
        switch (request)
        {
            case KvmIoctl.SetUserMemoryRegion or KvmIoctl.SetUserMemoryRegion2:
                Region(bytes);
                break;
            case KvmIoctl.GetDirtyLog:
                Words(bytes, (uint)random.Next(4), 0);
                Long(bytes, 8, (ulong)pointer);
                break;
            case KvmIoctl.ClearDirtyLog:
                Words(bytes, (uint)random.Next(4), (uint)random.Next(5) * 32);
                Long(bytes, 8, (ulong)random.Next(5) * 32);
                Long(bytes, 16, (ulong)pointer);
                break;
            case KvmIoctl.EnableCap:
                Words(bytes, (uint)(random.Next(
                    5) switch { 0 => 168, 1 => 182, 2 => 192, 3 => 223, _ => random.Next(300) }),
                    (uint)random.Next(8) / 7);
                Long(bytes, 8, random.Next(2) == 0 ? (ulong)random.Next(5) : 1UL << random.Next(22));
                break;
            case KvmIoctl.CreateDevice:
                Words(bytes, (uint)random.Next(10, 17), 0, (uint)random.Next(8) / 7);
                break;
            case KvmIoctl.GetDeviceAttr or KvmIoctl.SetDeviceAttr or KvmIoctl.HasDeviceAttr:
                Words(bytes, 0, random.Next(3) == 0 ? (uint)random.Next(3) : 0x4000_0000 + (uint)random.Next(9));
                Long(bytes, 8, Attribute());
                Long(bytes, 16, (ulong)pointer);
                break;
            case KvmIoctl.GetOneReg or KvmIoctl.SetOneReg:
                Long(bytes, 0, Register());
                Long(bytes, 8, (ulong)pointer);
                break;
            case KvmIoctl.SetGsiRouting:
                Routing(bytes);
                break;
            case KvmIoctl.IrqFd:
                Words(bytes, (uint)random.Next(64), (uint)random.Next(70), (uint)random.Next(5), (uint)random.Next(64));
                break;
            case KvmIoctl.IoEventFd:
                Long(bytes, 8, DeviceAddress());
                Words(bytes[16..], (uint)(1 << random.Next(5)) & 15, (uint)random.Next(64), (uint)random.Next(8));
                break;
            case KvmIoctl.RegisterCoalescedMmio or KvmIoctl.UnregisterCoalescedMmio:
                Long(bytes, 0, DeviceAddress());
                Words(bytes[8..], (uint)random.Next(0x200), (uint)random.Next(3));
                break;
            case KvmIoctl.IrqLine or KvmIoctl.IrqLineStatus:
                Words(bytes, (uint)random.Next(80), (uint)random.Next(2));
                break;
            case KvmIoctl.SignalMsi:
                Words(bytes[8..], (uint)random.Next(300), (uint)random.Next(3));
                break;
            case KvmIoctl.Interrupt:
                Words(bytes, (uint)random.Next(-16, 17));
                break;
            case KvmIoctl.SetSignalMask:
                Words(bytes, (uint)random.Next(7, 10));
                bytes[4 + 1] &= 0xfd; // the signal that ends runs stays open
                break;
            case KvmIoctl.SetRegs:
                Long(bytes, 256, (ulong)random.Next((int)ramSize / Block) * Block);
                break;
            case KvmIoctl.SetGuestDebug:
                Words(bytes, (uint)(random.Next(4) + (random.Next(2) * 0x10000)));
                break;
        }
    }

    /// <summary>The argument of a request that takes a number.</summary>
    internal nint Number(uint request) => request switch
    {
        KvmIoctl.CreateVcpu => random.Next(8) == 0 ? random.Next() : random.Next(6),
        KvmIoctl.CheckExtension => random.Next(300),
        _ => random.Next(16) == 0 ? random.Next() : 0,
    };

    /// <summary>Whether the argument is a number.</summary>
    internal static bool TakesNumber(uint request) => request is KvmIoctl.GetApiVersion or KvmIoctl.CheckExtension
        or KvmIoctl.GetVcpuMmapSize or KvmIoctl.CreateVm or KvmIoctl.CreateVcpu or KvmIoctl.CreateIrqChip
        or KvmIoctl.ResetDirtyRings or KvmIoctl.GetStatsFd or KvmIoctl.Run;

    /// <summary>
    /// Instructions of all kinds with random operands, and at the beginning of every second block some that leave the
    /// guest. Exceptions go to address 0.
    /// </summary>
    internal void FillWithCode(Span<byte> memory)
    {
        for (int at = 0; at + 4 <= memory.Length; at += 4)
        {
            OpcodeInfo row = ((Opcode)random.Next(1, OpcodeTable.Count)).Info();
            uint word = random.Next(40) switch
            {
                0 => (uint)random.NextInt64(),
                1 => Opcode.Hvcl.Info().Word | (uint)random.Next(0xff, 0x104),
                _ => row.Word | ((uint)random.NextInt64() & ~row.Mask),
            };
            BinaryPrimitives.WriteUInt32LittleEndian(memory[at..], word);
        }

        for (int block = 0; block + Block <= memory.Length; block += 2 * Block)
        {
            Exits.CopyTo(memory[block..]);
        }
    }

    /// <summary>A CSR that exists, a CPUCFG word, one of KVM's registers, or anything.</summary>
    private ulong Register() => random.Next(8) switch
    {
        0 => (ulong)random.NextInt64(),
        1 => 0x9030_0000_0002_0000 + (ulong)random.Next(5),
        2 => 0x9030_0000_0004_0000 + ((ulong)random.Next(22) * 8),
        3 => 0x9030_0000_0005_0000 + (ulong)random.Next(8),
        _ => 0x9030_0000_0001_0000 + ((ulong)random.Next(0x600) * 8),
    };

    private ulong Attribute() => random.Next(5) switch
    {
        0 => (ulong)random.NextInt64(),
        1 => (ulong)random.Next(12),
        2 => 0x4000_0004,
        _ => ((ulong)random.Next(4) << 16) + ((ulong)random.Next(0x240) * 4),
    };

    private ulong DeviceAddress() =>
        random.Next(16) == 0 ? (ulong)random.NextInt64() : 0x1fe0_0000 + (ulong)random.Next(0x40) * 4;

    private void Region(Span<byte> bytes)
    {
        if (random.Next(12) == 0)
        {
            return; // as random as it is
        }

        ulong pages = (ulong)random.Next(0, (int)(ramSize / Page) + 1);
        ulong start = (ulong)random.Next((int)(ramSize / Page - pages) + 1) * Page;
        Words(bytes, (uint)random.Next(4), (uint)random.Next(8) switch { 0 => 4u, var f => f & 3 });
        Long(bytes, 8, random.Next(4) switch
        {
            0 => (ulong)random.Next(0x10) * Page,
            1 => (1UL << 47) - (pages * Page),
            2 => 0x1000_0000 + ((ulong)random.Next(0x100) * Page),
            _ => 0,
        });
        Long(bytes, 16, random.Next(4) == 0 ? 0 : pages * Page);
        Long(bytes, 24, ramAddress + start);
    }

    private void Routing(Span<byte> bytes)
    {
        int count = random.Next(20);
        Words(bytes, random.Next(16) == 0 ? (uint)random.NextInt64() : (uint)count, (uint)random.Next(16) / 15);
        for (int i = 0; i < count; i++)
        {
            Words(bytes[(8 + (i * 48))..], (uint)(i + (random.Next(8) * 10)), (uint)random.Next(1, 3), 0, 0, 0,
                (uint)random.Next(66), (uint)random.Next(260), 0);
        }
    }

    private static void Words(Span<byte> bytes, params ReadOnlySpan<uint> words)
    {
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(4 * i)..], words[i]);
        }
    }

    private static void Long(Span<byte> bytes, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[offset..], value);
}
