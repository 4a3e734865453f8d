using System.Globalization;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests.Scenarios;

/// <content>Commands on descriptors: any ioctl, and what is common with vCPUs.</content>
internal sealed unsafe partial class FacadeClient
{
    private void Ioctl()
    {
        int fd = Find(Word());
        string name = Word(), label = Word();
        uint request = (uint)Number();
        Array.Clear(_argument);
        int result;
        fixed (byte* argument = _argument)
        {
            var pointer = (nint)argument;
            if (_words.TryPeek(out string? first) && first == "value")
            {
                Word();
                pointer = (nint)Number();
            }
            else
            {
                PutFields();
            }

            result = _process.Ioctl(fd, request, pointer);
        }

        string? end = OptionalWord();
        if (name != "-" && result >= 0)
        {
            _descriptors.Add((name, end == "<" ? BitConverter.ToInt32(_argument, (int)Number()) : result));
        }

        if (label != "." || result < 0)
        {
            PrintResult(label, result, name != "-");
            PrintFields(end);
        }
    }

    private void PutFields()
    {
        int at = 0;
        while (_words.TryPeek(out string? word) && word is not (">" or "<"))
        {
            string[] parts = Word().Split(':');
            (ulong bits, int bytes) = parts[0] switch
            {
                "z" => (0UL, (int)Hex(parts[1])),
                "m" => (Address(parts[1]), sizeof(ulong)),
                "fd" => ((ulong)Find(parts[1]), sizeof(int)),
                _ => (Hex(parts[1]), (int)Hex(parts[0])),
            };
            for (int i = 0; i < bytes; i++)
            {
                _argument[at++] = i < sizeof(ulong) ? (byte)(bits >> (8 * i)) : (byte)0;
            }
        }
    }

    private void PrintResult(string label, int result, bool makesDescriptor) => _output.Append(
        CultureInfo.InvariantCulture, $"{label} {(makesDescriptor && result >= 0 ? "fd" : $"{result}")}");

    private void PrintFields(string? end)
    {
        while (end == ">" && OptionalWord() is { } place)
        {
            string[] parts = place.Split(':');
            ulong value = 0;
            for (int i = 0; i < (int)Hex(parts[1]); i++)
            {
                value |= (ulong)_argument[(int)Hex(parts[0]) + i] << (8 * i);
            }

            _output.Append(CultureInfo.InvariantCulture, $" {value:x}");
        }

        _output.Append('\n');
    }

    private void Sweep()
    {
        int fd = Find(Word());
        string label = Word();
        uint request = (uint)Number();
        ulong first = Number(), step = Number(), count = Number();
        string? value = OptionalWord();
        int last = 0;
        for (ulong i = 0; i <= count; i++)
        {
            ulong at = first + (i * step);
            int result = i == count ? 0 : Call(fd, request, at, value);
            if (i != 0 && (i == count || result != last))
            {
                _output.Append(CultureInfo.InvariantCulture, $"..{at - step:x} {last}\n");
            }

            if (i != count && (i == 0 || result != last))
            {
                _output.Append(CultureInfo.InvariantCulture, $"{label} {at:x}");
            }

            last = result;
        }
    }

    private int Call(int fd, uint request, ulong at, string? value)
    {
        ulong contents = value == null ? 0 : Hex(value);
        ulong* register = stackalloc ulong[2];
        register[0] = at;
        register[1] = (ulong)&contents;
        return _process.Ioctl(fd, request, value == null ? (nint)at : (nint)register);
    }

    private void RunVcpu()
    {
        int fd = Find(Word());
        int milliseconds = OptionalWord() is { } time ? (int)Hex(time) : PatienceMilliseconds;
        HostThread thread = HostThread.Current;
        int result;
        using (new Timer(_ => thread.Signal(Alarm), null, milliseconds, Timeout.Infinite))
        {
            result = _process.Ioctl(fd, KvmIoctl.Run, 0);
        }

        thread.TakeSignal(Alarm);
        PrintResult("run", result, makesDescriptor: false);
        PrintExit(fd);
        _output.Append('\n');
    }

    private void PrintExit(int fd)
    {
        ulong reason = PageField(fd, 8, 4);
        switch ((KvmExitReason)reason)
        {
            case KvmExitReason.Mmio or KvmExitReason.LoongArchIocsr:
                bool write = PageField(fd, 52, 1) != 0;
                ulong length = PageField(fd, 48, 4);
                _output.Append(reason == (uint)KvmExitReason.Mmio ? " mmio" : " iocsr")
                    .Append(write ? " write" : " read");
                _output.Append(CultureInfo.InvariantCulture, $" {PageField(fd, 32, 8):x} bytes {length:x}");
                if (write)
                {
                    _output.Append(CultureInfo.InvariantCulture, $" data {PageField(fd, 40, (int)length):x}");
                }

                break;
            case KvmExitReason.Hypercall:
                _output.Append(" hypercall");
                for (int word = 0; word < 9; word++)
                {
                    _output.Append(CultureInfo.InvariantCulture, $" {PageField(fd, 32 + (8 * word), 8):x}");
                }

                break;
            default:
                _output.Append(CultureInfo.InvariantCulture, $" reason {reason:x}");
                break;
        }
    }

    private byte* PageByte(int fd, int offset) => (byte*)_shared[fd] + offset;

    private ulong PageField(int fd, int offset, int bytes)
    {
        ulong value = 0;
        for (int i = 0; i < bytes; i++)
        {
            value |= (ulong)*PageByte(fd, offset + i) << (8 * i);
        }

        return value;
    }

    private void Page()
    {
        int fd = Find(Word()), offset = (int)Number(), bytes = (int)Number();
        if (OptionalWord() is not { } value)
        {
            _output.Append(CultureInfo.InvariantCulture, $"page {offset:x} {PageField(fd, offset, bytes):x}\n");
            return;
        }

        for (int i = 0; i < bytes; i++)
        {
            *PageByte(fd, offset + i) = (byte)(Hex(value) >> (8 * i));
        }
    }

    private void Registers()
    {
        int fd = Find(Word());
        KvmRegs regs;
        var registers = (ulong*)&regs;
        _process.Ioctl(fd, KvmIoctl.GetRegs, (nint)registers).Should().Be(0);
        var printed = new List<string>();
        bool changed = false;
        while (OptionalWord() is { } word)
        {
            string[] parts = word.Split(':');
            int index = (int)Hex(parts[1]);
            if (parts.Length > 2)
            {
                registers[index] = Hex(parts[2]);
                changed = true;
            }
            else
            {
                printed.Add($"{parts[0]}={registers[index]:x}");
            }
        }

        if (printed.Count != 0)
        {
            _output.AppendJoin(' ', printed).Append('\n');
        }

        if (changed)
        {
            _process.Ioctl(fd, KvmIoctl.SetRegs, (nint)registers).Should().Be(0);
        }
    }
}
