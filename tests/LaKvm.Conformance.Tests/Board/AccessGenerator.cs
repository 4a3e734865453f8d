using LaKvm.Conformance.Tests.RandomBlocks;

namespace LaKvm.Conformance.Tests.Board;

/// <summary>
/// Random accesses to the devices that both boards have. What is left out, and why, is said at each device and in
/// <see cref="BoardDeviations"/>.
/// </summary>
internal sealed class AccessGenerator(ulong seed)
{
    private const uint Pic = 0x1000_0000, Rtc = 0x100d_0100, Power = 0x100e_001c, Uart = 0x1fe0_01e0, Msi = 0x2ff0_0000;
    private const int UartPin = 2;

    private readonly Rng _rng = new(seed);

    /// <summary>A number below a limit, as the data of a write.</summary>
    private ulong Data(int limit) => (uint)_rng.Below(limit);

    /// <summary>A sequence: most begin as a kernel sets the controllers up, so that interrupts get through.</summary>
    public List<BoardAccess> Sequence(int length)
    {
        var accesses = new List<BoardAccess>();
        SetUp(accesses, open: !_rng.Once(4));
        while (accesses.Count < length)
        {
            accesses.Add(Next());
        }

        return accesses;
    }

    /// <summary>
    /// What may not change later (<see cref="BoardDeviations"/>), and what opens the way of interrupts.
    /// </summary>
    private void SetUp(List<BoardAccess> accesses, bool open)
    {
        accesses.Add(Store(Pic + 0x60, 4, _rng.Once(2) ? 0 : 1u << UartPin));
        accesses.Add(Write(0x14c0, 8, RandomBytes([1, 2, 4, 8, 0, 3, 0x10])));
        if (!open)
        {
            return;
        }

        accesses.Add(Store(Pic + 0x20, 4, ~(1u << UartPin)));
        accesses.Add(Write(0x1004, 4, uint.MaxValue)); // all of the IPI, or none
        for (uint word = 0; word < 32; word += 8)
        {
            accesses.Add(Write(0x1600 + word, 8, ulong.MaxValue));
        }
    }

    private BoardAccess Next() => _rng.Below(16) switch
    {
        < 6 => UartAccess(),
        < 9 => PicAccess(),
        < 12 => EiointcAccess(),
        < 14 => IpiAccess(),
        14 => Store(Msi, 4, 32 + Data(224)),
        _ => SmallAccess(),
    };

    /// <summary>Port 0; what it sends goes nowhere, or comes back in loop-back mode.</summary>
    private BoardAccess UartAccess()
    {
        uint register = (uint)_rng.Below(8);
        ulong value = register switch
        {
            1 => Data(8),
            2 => _rng.Pick<ulong>([1, 3]),
            3 => (_rng.Once(6) ? 0x80UL : 0) | Data(0x40),
            4 => Data(32),
            _ => Data(256),
        };
        return register is 5 or 6 || _rng.Once(2) ? Load(Uart + register, 1) : Store(Uart + register, 1, value);
    }

    private BoardAccess PicAccess()
    {
        if (_rng.Once(4))
        {
            uint bytes = Pic + _rng.Pick<uint>([0x100, 0x200]) + (uint)_rng.Below(32);
            return _rng.Once(2) ? Load(bytes, 1) : Store(bytes, 1, Data(32));
        }

        uint register = _rng.Pick<uint>([0x00, 0x04, 0x20, 0x20, 0x20, 0x40, 0x80, 0x80, 0x380, 0x3e0]);
        return _rng.Once(3) ? Load(Pic + register, 4) : Store(Pic + register, 4, PinBits());
    }

    private BoardAccess EiointcAccess()
    {
        (uint first, uint bytes) = _rng.Pick<(uint, uint)>(
            [(0x1600, 0x20), (0x1680, 0x20), (0x1800, 0x20), (0x1800, 0x20), (0x1c00, 0x100)]);
        int size = _rng.Once(2) ? 4 : 8;
        uint address = first + ((uint)_rng.Below((int)bytes) & ~(uint)(size - 1));
        if (_rng.Once(3))
        {
            return Read(address, size);
        }

        return first switch
        {
            0x1c00 => Write(address, size, RandomBytes([1, 2, 4, 8])),
            _ => Write(address, size, _rng.Once(2) ? ulong.MaxValue : _rng.Next()),
        };
    }

    private BoardAccess IpiAccess()
    {
        uint register = _rng.Pick<uint>(
            [0x1000, 0x1008, 0x1008, 0x100c, 0x100c, 0x1020, 0x1028, 0x1034, 0x1040, 0x1048, 0x1158]);
        ulong core = Data(OurBoard.Cores) << 16;
        return register switch
        {
            0x1000 => Read(register, 4),
            0x1040 => Write(register, 4, core | Data(32)),
            0x1048 => Write(register, 8, (_rng.Next() & 0xffff_ffff_7800_001c) | core),
            0x1158 => Write(
                register, 8, (_rng.Next() & 0xffff_ffff_0000_0000) | core | _rng.Pick<uint>([0x1008, 0x1020])),
            _ when _rng.Once(3) => Read(register, 4),
            >= 0x1020 => Write(register, 4, _rng.Next() & uint.MaxValue),
            _ => Write(register, 4, _rng.Once(2) ? 1UL << _rng.Below(32) : _rng.Next() & uint.MaxValue),
        };
    }

    /// <summary>The RTC's match and control registers, read only, and power's, which read as 0.</summary>
    private BoardAccess SmallAccess() => _rng.Once(2)
        ? Load(Power + (uint)_rng.Below(3), 1)
        : Load(Rtc + _rng.Pick<uint>([0x34, 0x38, 0x3c, 0x6c, 0x70, 0x74]), 4);

    private ulong PinBits() => _rng.Below(5) switch
    {
        0 => 0,
        1 => uint.MaxValue,
        2 => 1u << UartPin,
        3 => ~(1u << UartPin),
        _ => _rng.Next() & uint.MaxValue,
    };

    private ulong RandomBytes(ReadOnlySpan<byte> choices)
    {
        ulong value = 0;
        for (int i = 0; i < 8; i++)
        {
            value = (value << 8) | _rng.Pick(choices);
        }

        return value;
    }

    private static BoardAccess Load(uint address, int size) => new(false, false, address, size, 0);

    private static BoardAccess Store(uint address, int size, ulong value) => new(false, true, address, size, value);

    private static BoardAccess Read(uint address, int size) => new(true, false, address, size, 0);

    private static BoardAccess Write(uint address, int size, ulong value) => new(true, true, address, size, value);
}
