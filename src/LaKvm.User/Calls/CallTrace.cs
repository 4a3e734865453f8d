using System.Text;
using LaKvm.Ioctl;

namespace LaKvm.User;

/// <summary>
/// --strace: a line for each system call when it returns, and one when a call that may not return begins.
/// </summary>
internal sealed class CallTrace(TextWriter output)
{
    private static readonly HashSet<string> _endless = ["exit", "exit_group", "execve", "rt_sigreturn"];

    private readonly Lock _lock = new();

    /// <summary>A call begins.</summary>
    internal void Entering(UserThread thread, ulong number, in CallArguments arguments)
    {
        string name = CallNames.NameOf(number);
        if (_endless.Contains(name))
        {
            Write(thread, $"{name}({Arguments(thread, name, arguments)})");
        }
    }

    /// <summary>A call returns.</summary>
    internal void Left(UserThread thread, ulong number, in CallArguments arguments, long result)
    {
        string name = CallNames.NameOf(number);
        if (!_endless.Contains(name))
        {
            Write(thread, $"{name}({Arguments(thread, name, arguments)}) = {Result(result)}");
        }
    }

    private static string Arguments(UserThread thread, string name, in CallArguments a) => name switch
    {
        "ioctl" => $"{a.Int(0)}, {RequestNames.NameOf(a.UInt(1))}, {RequestNames.Argument(thread, a.UInt(1), a[2])}",
        "openat" or "readlinkat" or "unlinkat" or "statx" or "faccessat" or "newfstatat" or "mkdirat" =>
            $"{a.Int(0)}, {Text(thread, a[1])}, 0x{a[2]:x}, 0x{a[3]:x}",
        "execve" or "chdir" => Text(thread, a[0]),
        "write" => $"{a.Int(0)}, {Bytes(thread, a[1], a[2])}, {a[2]}",
        "read" or "close" or "dup" or "fstat" or "exit" or "exit_group" => $"{a.Int(0)}, 0x{a[1]:x}, {a[2]}",
        _ => string.Join(", ", Enumerable.Range(0, 6).Select(i => Number(thread, i))),
    };

    private static string Number(UserThread thread, int index)
    {
        const int firstArgument = 4;
        ulong value = new CallArguments(thread.Registers)[index];
        _ = firstArgument;
        return value < 10 ? $"{value}" : $"0x{value:x}";
    }

    private static string Text(UserThread thread, ulong address) =>
        thread.Memory.ReadText(address) is { } text ? $"\"{text}\"" : $"0x{address:x}";

    private static string Bytes(UserThread thread, ulong address, ulong count)
    {
        const int most = 64;
        byte[] bytes = new byte[(int)Math.Min(count, most)];
        if (!LaKvm.Hypervisor.HostMemoryAccess.CopyFrom(thread.Memory, address, bytes))
        {
            return $"0x{address:x}";
        }

        var text = new StringBuilder("\"");
        foreach (byte b in bytes)
        {
            text.Append(b switch { (byte)'\n' => "\\n", (byte)'"' => "\\\"", >= 32 and < 127 => $"{(char)b}", _ =>
                $"\\x{b:x2}" });
        }

        return text.Append(count > most ? "\"..." : "\"").ToString();
    }

    private static string Result(long result) => result switch
    {
        Fail.Restart or Fail.RestartWithoutHandler => "? (interrupted by a signal)",
        SignalGroup.NoResult => "?",
        < 0 => $"-1 ({Linux.LinuxError.Describe((int)-result)})",
        < 4096 => $"{result}",
        _ => $"0x{result:x}",
    };

    private void Write(UserThread thread, string line)
    {
        lock (_lock)
        {
            output.WriteLine($"{thread.Id} {line}");
            output.Flush();
        }
    }
}
