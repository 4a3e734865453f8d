using System.Text;
using LaKvm.Isa;

namespace LaKvm.Debugger.Monitor;

/// <summary>Memory, code, and how addresses are translated.</summary>
internal static class MemoryLookCommands
{
    private const ulong MostWords = 512;

    internal static void AddTo(Action<MonitorCommand> add)
    {
        add(new("x", "ADDRESS [WORDS]", "memory by virtual address, 64-bit words",
            (context, arguments) => Words(context, arguments, physical: false)));
        add(new("xp", "ADDRESS [WORDS]", "memory by physical address",
            (context, arguments) => Words(context, arguments, physical: true)));
        add(new("dis", "[ADDRESS] [COUNT]", "instructions at an address, or at the PC", Disassemble));
        add(new("page-walk", "ADDRESS", "how an address is translated, step by step", Walk));
    }

    private static string Words(MonitorContext context, string[] arguments, bool physical)
    {
        ulong address = Arguments.Number(context, arguments, 0);
        ulong count = Math.Min(Arguments.Number(context, arguments, 1, 4), MostWords);
        byte[] bytes = new byte[count * sizeof(ulong)];
        int read = ThreadMemory.Read(Arguments.Thread(context), address, bytes, physical) / sizeof(ulong);
        var text = new StringBuilder();
        for (int n = 0; n < read; n++)
        {
            string label = n % 2 == 0 ? $"0x{address + (ulong)(n * sizeof(ulong)):x16}:" : "";
            text.Append($"{label} {BitConverter.ToUInt64(bytes, n * sizeof(ulong)):x16}");
            text.Append(n % 2 == 1 || n == read - 1 ? "\n" : "");
        }

        return (ulong)read == count
            ? text.ToString()
            : text.Append($"No RAM at 0x{address + (ulong)(read * sizeof(ulong)):x}.\n").ToString();
    }

    private static string Disassemble(MonitorContext context, string[] arguments)
    {
        IDebugThread thread = Arguments.Thread(context);
        ulong address = Arguments.Number(context, arguments, 0, thread.Pc);
        ulong count = Math.Min(Arguments.Number(context, arguments, 1, 8), MostWords);
        byte[] bytes = new byte[count * sizeof(uint)];
        int read = ThreadMemory.Read(thread, address, bytes, physical: false) / sizeof(uint);
        var text = new StringBuilder();
        for (int n = 0; n < read; n++)
        {
            ulong at = address + (ulong)(n * sizeof(uint));
            uint word = BitConverter.ToUInt32(bytes, n * sizeof(uint));
            string symbol = context.Machine.Symbols?.Find(at) is { } name ? $" <{name}>" : "";
            text.Append($"{(at == thread.Pc ? "=>" : "  ")} 0x{at:x}{symbol}: {Disassembler.Format(word)}\n");
        }

        return (ulong)read == count ? text.ToString() : text.Append("No RAM.\n").ToString();
    }

    private static string Walk(MonitorContext context, string[] arguments)
    {
        var steps = new List<string>();
        bool found = Arguments.Thread(context).Translate(
            Arguments.Number(context, arguments, 0), out ulong physical, steps);
        string end = found ? $"physical 0x{physical:x}" : "not mapped";
        return string.Join('\n', [.. steps, end]) + '\n';
    }
}
