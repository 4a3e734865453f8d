using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using LaKvm.Tests.Support;

namespace LaKvm.Conformance.Tests.Acpi;

/// <summary>The files that QEMU's board hands to its firmware (fw_cfg), read over qtest.</summary>
internal sealed class QemuFirmwareFiles : IDisposable
{
    private const ulong Port = 0x1e02_0000, Descriptor = 0x1000, Buffer = 0x10_0000;
    private const int Directory = 0x19, EntrySize = 64;

    private readonly Process _qemu;
    private readonly string _directory = Peers.CreateDirectory();

    internal QemuFirmwareFiles(string options)
    {
        ProcessStartInfo start = Peers.Command(_directory, "exec timeout 60 qemu-system-loongarch64 -M virt -cpu la464"
            + " -display none -accel qtest -qtest stdio -qtest-log none -nic none -serial none -monitor none "
            + options);
        _qemu = Process.Start(start)!;
        _qemu.ErrorDataReceived += (_, _) => { };
        _qemu.BeginErrorReadLine();
    }

    /// <summary>A file's content.</summary>
    internal byte[] Read(string name)
    {
        int count = BinaryPrimitives.ReadInt32BigEndian(ReadItem(Directory, 4));
        byte[] directory = ReadItem(Directory, 4 + (count * EntrySize));
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = directory.AsSpan(4 + (i * EntrySize), EntrySize);
            if (Encoding.ASCII.GetString(entry[8..]).TrimEnd('\0') == name)
            {
                return ReadItem(
                    BinaryPrimitives.ReadUInt16BigEndian(entry[4..]), BinaryPrimitives.ReadInt32BigEndian(entry));
            }
        }

        throw new InvalidOperationException($"QEMU has no file {name}.");
    }

    public void Dispose()
    {
        _qemu.Kill();
        _qemu.WaitForExit();
        _qemu.Dispose();
        System.IO.Directory.Delete(_directory, recursive: true);
    }

    /// <summary>Selects an item and has it written to RAM: control, length and address, big endian.</summary>
    private byte[] ReadItem(int item, int length)
    {
        const int selectAndRead = 8 | 2;
        Command($"write 0x{Descriptor:x} 16 0x{(item << 16) | selectAndRead:x8}{length:x8}{Buffer:x16}");
        Command($"write 0x{Port + 16:x} 8 0x{Descriptor:x16}");
        return Convert.FromHexString(Command($"read 0x{Buffer:x} {length}")[2..]);
    }

    private string Command(string command)
    {
        _qemu.StandardInput.WriteLine(command);
        _qemu.StandardInput.Flush();
        string? line = _qemu.StandardOutput.ReadLine();
        return line?.StartsWith("OK", true, CultureInfo.InvariantCulture) == true
            ? line[2..].Trim()
            : throw new InvalidOperationException($"QEMU answers '{line}' to {command}.");
    }
}
