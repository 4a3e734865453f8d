using System.Globalization;
using System.Text;
using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests.Scenarios;

/// <summary>
/// Executes the script of guests/kvm-client against the raw system-call interface of a <see cref="HostProcess"/>, and
/// prints what that client prints under Linux.
/// </summary>
internal sealed unsafe partial class FacadeClient : IDisposable
{
    private const int Alarm = 14, ArgumentBytes = 0x4000, ScratchBytes = 0x8000, SharedBytes = 0x8000;
    private const int PatienceMilliseconds = 20_000;

    private readonly HostProcess _process;
    private readonly StringBuilder _output = new();
    private readonly List<(string Name, int Number)> _descriptors = [];
    private readonly Dictionary<int, nint> _shared = [];
    private readonly UserMemory?[] _memories = new UserMemory?[8];
    private readonly byte[] _argument = GC.AllocateArray<byte>(ArgumentBytes, pinned: true);
    private readonly byte[] _scratch = GC.AllocateArray<byte>(ScratchBytes, pinned: true);
    private Queue<string> _words = new();

    internal FacadeClient(HostProcess process) => _process = process;

    /// <summary>Executes a script and returns the lines.</summary>
    internal string Run(string script)
    {
        foreach (string line in script.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Execute(line);
        }

        Reset();
        return _output.Append("end\n").ToString();
    }

    public void Dispose() => Reset();

    private void Execute(string line)
    {
        if (line[0] == ':')
        {
            Reset();
            _output.Append(line).Append('\n');
            return;
        }

        _words = new Queue<string>(line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string command = Word();
        Action run = command switch
        {
            "open" => () => _descriptors.Add((Word(), _process.Open(HostProcess.KvmDevice))),
            "close" => Close,
            "eventfd" => () => _descriptors.Add((Word(), _process.CreateEventFd())),
            "take" => Take,
            "map" => () => _memories[Number()] = UserMemory.Map(_process, Number()),
            "share" => Share,
            "write" => Write,
            "read" => Read,
            "ioctl" => Ioctl,
            "sweep" => Sweep,
            "run" => RunVcpu,
            "page" => Page,
            "registers" => Registers,
            _ => throw new FormatException(line),
        };
        run();
    }

    private void Reset()
    {
        foreach (nint page in _shared.Values)
        {
            _process.Unmap((byte*)page).Should().Be(0);
        }

        _shared.Clear();
        for (int i = _descriptors.Count - 1; i >= 0; i--)
        {
            _process.Close(_descriptors[i].Number);
        }

        _descriptors.Clear();
        for (int i = 0; i < _memories.Length; i++)
        {
            _memories[i]?.Dispose();
            _memories[i] = null;
        }

        Array.Clear(_scratch);
    }

    private string Word() => _words.Dequeue();

    private string? OptionalWord() => _words.TryDequeue(out string? word) ? word : null;

    private ulong Number() => Hex(Word());

    private static ulong Hex(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private int Find(string name) => _descriptors.FindLast(d => d.Name == name) is { Name: not null } found
        ? found.Number
        : throw new FormatException($"no descriptor {name}");

    private void Close()
    {
        string name = Word();
        _process.Close(Find(name));
        _descriptors.RemoveAll(d => d.Name == name);
    }

    /// <summary>Maps a vCPU's shared pages.</summary>
    private void Share()
    {
        int fd = Find(Word());
        _shared[fd] = (nint)_process.Map(fd, 0, SharedBytes);
    }

    private void Take()
    {
        string name = Word();
        Span<byte> count = stackalloc byte[8];
        int result = _process.Read(Find(name), count, 0);
        _output.Append(CultureInfo.InvariantCulture, $"take {name} ");
        _output.Append(result < 0 ? $"{result}" : $"{BitConverter.ToUInt64(count):x}").Append('\n');
    }

    private void Write()
    {
        (UserMemory? memory, ulong offset) = Place(Word());
        while (OptionalWord() is { } word)
        {
            byte[] bytes = BitConverter.GetBytes((uint)Hex(word));
            if (memory == null)
            {
                bytes.CopyTo(_scratch, (int)offset);
            }
            else
            {
                memory.Write(offset, bytes).Should().BeTrue();
            }

            offset += sizeof(uint);
        }
    }

    private void Read()
    {
        _output.Append(Word());
        (UserMemory? memory, ulong offset) = Place(Word());
        byte[] bytes = new byte[8 * Number()];
        if (memory == null)
        {
            Array.Copy(_scratch, (int)offset, bytes, 0, bytes.Length);
        }
        else
        {
            memory.Read(offset, bytes).Should().BeTrue();
        }

        for (int at = 0; at < bytes.Length; at += 8)
        {
            _output.Append(CultureInfo.InvariantCulture, $" {BitConverter.ToUInt64(bytes, at):x}");
        }

        _output.Append('\n');
    }

    /// <summary>MEMORY+OFFSET, or +OFFSET in the scratch buffer.</summary>
    private (UserMemory? Memory, ulong Offset) Place(string text)
    {
        string[] parts = text.Split('+');
        return (parts[0].Length == 0 ? null : _memories[Hex(parts[0])], Hex(parts[1]));
    }

    private ulong Address(string text)
    {
        (UserMemory? memory, ulong offset) = Place(text);
        fixed (byte* scratch = _scratch)
        {
            return offset + (memory?.Address ?? (ulong)scratch);
        }
    }
}
