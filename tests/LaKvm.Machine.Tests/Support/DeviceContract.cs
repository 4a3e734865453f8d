using LaKvm.Devices;
using LaKvm.Diagnostics;

namespace LaKvm.Machine.Tests;

/// <summary>A device under the common tests: how the board maps it, and how it is reset.</summary>
public sealed record DeviceUnderTest(IBusDevice Device, ulong Size, AccessWidths Widths, Action? Reset);

/// <summary>What every memory-mapped device must do. Derive, and say how to make the device.</summary>
public abstract class DeviceContract
{
    protected abstract DeviceUnderTest Make();

    /// <summary>What offsets without a register read as.</summary>
    protected virtual ulong Unmapped => 0;

    /// <summary>Offsets in the window that hold no register.</summary>
    protected abstract IEnumerable<ulong> Holes { get; }

    /// <summary>Offsets whose reads change with time or are otherwise not part of the reset state.</summary>
    protected virtual IEnumerable<ulong> Volatile => [];

    private static int Narrowest(DeviceUnderTest device) =>
        new[] { 1, 2, 4, 8 }.First(width => ((int)device.Widths & width) != 0);

    private ulong[] Dump(DeviceUnderTest device)
    {
        int width = Narrowest(device);
        return [.. Enumerable.Range(0, (int)device.Size / width)
            .Select(i => (ulong)(i * width))
            .Select(offset => Volatile.Contains(offset) ? 0 : Bits.Low(device.Device.Read(offset, width), width))];
    }

    [Fact]
    public void Holes_read_as_nothing_and_ignore_writes()
    {
        DeviceUnderTest device = Make();
        int width = Narrowest(device);
        ulong[] before = Dump(device);
        foreach (ulong hole in Holes)
        {
            device.Device.Write(hole, width, ulong.MaxValue);
            Bits.Low(device.Device.Read(hole, width), width).Should().Be(Bits.Low(Unmapped, width));
        }

        Dump(device).Should().Equal(before);
    }

    [Fact]
    public void Random_accesses_of_declared_widths_never_throw()
    {
        var random = new Random(1);
        DeviceUnderTest device = Make();
        for (int i = 0; i < 20_000; i++)
        {
            int width = 1 << random.Next(4);
            if (((int)device.Widths & width) == 0 || device.Size < (ulong)width)
            {
                continue;
            }

            ulong offset = (ulong)random.NextInt64((long)device.Size) & ~(ulong)(width - 1);
            if (offset + (ulong)width > device.Size)
            {
                continue;
            }

            if (random.Next(2) == 0)
            {
                device.Device.Write(offset, width, (ulong)random.NextInt64());
            }
            else
            {
                device.Device.Read(offset, width);
            }
        }
    }

    [Fact]
    public void Reset_restores_the_registers()
    {
        DeviceUnderTest device = Make();
        if (device.Reset == null)
        {
            return;
        }

        device.Reset();
        ulong[] fresh = Dump(device);
        device.Reset();
        var random = new Random(2);
        int width = Narrowest(device);
        for (int i = 0; i < 1000; i++)
        {
            ulong offset = (ulong)random.Next((int)device.Size / width) * (ulong)width;
            device.Device.Write(offset, width, (ulong)random.NextInt64());
        }

        device.Reset();
        Dump(device).Should().Equal(fresh);
    }

    [Fact]
    public void Undeclared_widths_are_split_or_dropped_by_the_bus()
    {
        DeviceUnderTest device = Make();
        var lines = new List<string>();
        var bus = new MmioBus(new GuestErrorLog(lines.Add));
        bus.Map("device", 0x1000, device.Size, device.Widths, device.Device);
        foreach (int width in new[] { 1, 2, 4, 8 })
        {
            bool possible = ((int)device.Widths & ((2 * width) - 1)) != 0 && (ulong)width <= device.Size;
            lines.Clear();
            bus.Read(0x1000, width);
            lines.Should().HaveCount(possible ? 0 : 1, "a {0}-byte read", width);
        }
    }
}
