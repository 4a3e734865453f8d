using System.Text;
using LaKvm.Debugger.Monitor;

namespace LaKvm.Debugger;

/// <summary>What the other side can do, what the machine is like, and commands for a person.</summary>
internal sealed class QueryCommands(SessionState state, ThreadCommands threads)
{
    /// <summary>One region: what is RAM depends on translation, and breakpoints need no writable memory.</summary>
    private const string MemoryMap = "<?xml version=\"1.0\"?>\n"
        + "<!DOCTYPE memory-map PUBLIC \"+//IDN gnu.org//DTD GDB Memory Map V1.0//EN\" "
        + "\"http://sourceware.org/gdb/gdb-memory-map.dtd\">\n<memory-map>\n"
        + "<memory type=\"ram\" start=\"0x0\" length=\"0xffffffffffffffff\"/>\n</memory-map>\n";

    /// <summary>What lldb asks for.</summary>
    private static readonly string Architecture =
        $"triple:{Hex.Of("loongarch64-unknown-none"u8)};ptrsize:8;endian:little;";

    private readonly MonitorCommands _monitor = new();

    internal void AddTo(CommandTable table)
    {
        table.Add("qSupported", Supported);
        table.Add("vMustReplyEmpty", _ => Reply.Unknown);
        table.Add("!", _ => Reply.Ok);
        table.Add("qXfer", Transfer);
        table.Add("qRcmd", Monitor);
        table.Add("qSymbol", _ => Reply.Ok);
        table.Add("qTStatus", _ => Reply.Unknown);
        table.Add("qOffsets", _ => Reply.Unknown);
        table.Add("qHostInfo", _ => Reply.Of(Architecture));
        table.Add("qProcessInfo", _ => Reply.Of($"pid:{state.Process:x};{Architecture}"));
    }

    private Reply Supported(string arguments)
    {
        string[] features = arguments.Split(';');
        state.Multiprocess = features.Contains("multiprocess+");
        state.KnowsBreakpointKinds = features.Contains("swbreak+");
        return Reply.Of($"PacketSize={PacketParser.MaxPacket:x};QStartNoAckMode+;vContSupported+;multiprocess+;"
            + "swbreak+;hwbreak+;binary-upload+;error-message+;"
            + "qXfer:features:read+;qXfer:threads:read+;qXfer:memory-map:read+");
    }

    /// <summary>OBJECT:read:ANNEX:OFFSET,LENGTH.</summary>
    private Reply Transfer(string arguments)
    {
        string[] parts = arguments.Split(':');
        string[] range = parts.Length == 4 ? parts[3].Split(',') : [];
        if (range.Length != 2 || parts[1] != "read" || !Hex.TryNumber(range[0], out ulong offset)
            || !Hex.TryNumber(range[1], out ulong length))
        {
            return Reply.Unknown;
        }

        string? document = (parts[0], parts[2]) switch
        {
            ("features", "target.xml") => state.Layout?.Xml,
            ("threads", "") => threads.Document(),
            ("memory-map", "") => MemoryMap,
            _ => null,
        };
        return document == null ? Reply.Missing : Part(Encoding.UTF8.GetBytes(document), offset, length);
    }

    private static Reply Part(byte[] document, ulong offset, ulong length)
    {
        int start = (int)Math.Min(offset, (ulong)document.Length);
        int end = (int)Math.Min((ulong)start + Math.Min(length, PacketParser.MaxPacket / 4), (ulong)document.Length);
        return Reply.Binary(end == document.Length ? 'l' : 'm', document.AsSpan(start, end - start));
    }

    private Reply Monitor(string arguments)
    {
        if (!Hex.TryBytes(arguments, out byte[] bytes) || state.Machine is not { } machine)
        {
            return Reply.Bad;
        }

        var context = new MonitorContext(machine, state.Thread, state.FindProcess(state.Process))
        {
            StopPoints = [.. state.Points.Select(entry => entry.Point)],
        };
        string text = _monitor.Execute(context, Encoding.UTF8.GetString(bytes)).Text;
        return text.Length == 0 ? Reply.Ok : Reply.Of(Hex.Of(Encoding.UTF8.GetBytes(text)));
    }
}
