using System.Text;
using LaKvm.Cpu;

namespace LaKvm.Debugger.Monitor;

/// <summary>Registers, CSRs, TLBs, cores.</summary>
internal static class LookCommands
{
    private static readonly string[] _abiNames =
    [
        "zero", "ra", "tp", "sp", .. Numbered("a", 8), .. Numbered("t", 9), "r21", "fp", .. Numbered("s", 9),
    ];

    internal static void AddTo(Action<MonitorCommand> add)
    {
        add(new("info registers", "", "general registers and PC of the core", (context, _) => Registers(context)));
        add(new("info csrs", "[NAME]", "CSRs of the core's mode with their fields, and the guest CSR file", Csrs));
        add(new("info tlb", "", "what is in the TLB", (context, _) => Tlb(context)));
        add(new("info cpus", "", "all cores", (context, _) => Cores(context)));
        add(new("info breakpoints", "", "breakpoints and watchpoints", (context, _) => Points(context)));
    }

    private static IEnumerable<string> Numbered(string letter, int count) =>
        Enumerable.Range(0, count).Select(n => $"{letter}{n}");

    private static string Registers(MonitorContext context)
    {
        IDebugThread thread = Arguments.Thread(context);
        var text = new StringBuilder($"{thread.Name}: {thread.Describe()}\n");
        text.Append($"pc   {Place(context, thread.Pc)}\n");
        if (!thread.HasRegisters)
        {
            text.Append("The guest does not run on this core now: its hypervisor has its registers.\n");
            return text.ToString();
        }

        for (int n = 0; n < 32; n++)
        {
            text.Append($"{_abiNames[n],-4} {thread.ReadGpr(n):x16}{(n % 4 == 3 ? '\n' : ' ')}");
        }

        return text.ToString();
    }

    private static string Csrs(MonitorContext context, string[] arguments)
    {
        IDebugThread thread = Arguments.Thread(context);
        var text = new StringBuilder();
        foreach (CsrGroup group in context.Process!.Csrs)
        {
            foreach (CsrDeclaration row in group.Rows)
            {
                string name = group.Prefix + row.Name.ToLowerInvariant();
                if (arguments.Length == 0 || name.Contains(arguments[0], StringComparison.OrdinalIgnoreCase))
                {
                    ulong value = thread.ReadCsr(group.File, row.Number);
                    text.Append($"{name,-16} 0x{row.Number:x3} {value:x16}{Fields(row.Number, value)}\n");
                }
            }
        }

        return text.Length == 0
            ? throw new MonitorException($"no CSR has '{arguments[0]}' in its name")
            : text.ToString();
    }

    private static string Fields(int csr, ulong value) =>
        string.Concat(CsrFields.Of(csr).Select(field => $" {field.Name}={Short(field.Of(value))}"));

    private static string Short(ulong value) => value < 10 ? $"{value}" : $"0x{value:x}";

    private static string Tlb(MonitorContext context)
    {
        string lines = string.Join('\n', Arguments.Thread(context).Tlb());
        return lines.Length == 0 ? "Nothing that can be seen.\n" : lines + '\n';
    }

    private static string Cores(MonitorContext context)
    {
        var text = new StringBuilder();
        foreach (IDebugThread thread in context.Process?.Threads ?? [])
        {
            text.Append($"{(thread == context.Thread ? '*' : ' ')} {thread.Name}: {thread.Describe()}, ")
                .Append($"pc {Place(context, thread.Pc)}\n");
        }

        return text.ToString();
    }

    private static string Points(MonitorContext context) => context.StopPoints.Count == 0
        ? "None.\n"
        : string.Concat(context.StopPoints.Select(point =>
            $"{point.Kind} {Place(context, point.Address)}, {point.Length} bytes{(point.InGuest ? ", guest" : "")}\n"));

    private static string Place(MonitorContext context, ulong address) =>
        context.Machine.Symbols?.Find(address) is { } symbol ? $"0x{address:x} ({symbol})" : $"0x{address:x}";
}
