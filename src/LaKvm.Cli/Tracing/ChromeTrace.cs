using System.Buffers;
using System.Text.Json;
using LaKvm.Diagnostics;
using LaKvm.Hypervisor;
using LaKvm.Isa;

namespace LaKvm.Cli;

/// <summary>
/// Writes trace events in Chrome's JSON format: complete slices ("X"), instants ("i") and names ("M"), times in
/// microseconds from the beginning of the file on. A row is a thread of one process.
/// </summary>
internal sealed class ChromeTrace : IDisposable
{
    private readonly ArrayBufferWriter<byte> _text;
    private readonly Utf8JsonWriter _json;
    private readonly Dictionary<uint, string> _instructions = [];
    private readonly ulong _start = KvmTracer.Now;
    private bool _isFirst = true;

    /// <summary>Begins the text.</summary>
    internal ChromeTrace(ArrayBufferWriter<byte> text)
    {
        _text = text;
        _json = new Utf8JsonWriter(text, new JsonWriterOptions { SkipValidation = true });
        _text.Write("{\"displayTimeUnit\":\"ns\",\"traceEvents\":["u8);
    }

    /// <summary>Names of the guest's code, if there are any.</summary>
    internal ISymbols? Symbols { get; set; }

    /// <summary>Lets go of the writer; the text stays.</summary>
    public void Dispose() => _json.Dispose();

    /// <summary>Names a row.</summary>
    internal void NameRow(int row, string name)
    {
        Begin("thread_name", "M", row);
        _json.WriteStartObject("args"u8);
        _json.WriteString("name"u8, name);
        EndArguments();
    }

    /// <summary>Begins a slice; arguments follow, then <see cref="EndArguments"/>.</summary>
    /// <param name="row">Row.</param>
    /// <param name="name">Text on it.</param>
    /// <param name="from">Nanoseconds.</param>
    /// <param name="to">Nanoseconds.</param>
    internal void BeginSlice(int row, string name, ulong from, ulong to)
    {
        Begin(name, "X", row);
        WriteTime(from);
        _json.WriteNumber("dur"u8, (to - from) / 1000.0);
        _json.WriteStartObject("args"u8);
    }

    /// <summary>Begins an instant; arguments follow, then <see cref="EndArguments"/>.</summary>
    internal void BeginInstant(int row, string name, ulong at)
    {
        Begin(name, "i", row);
        WriteTime(at);
        _json.WriteString("s"u8, "t"u8);
        _json.WriteStartObject("args"u8);
    }

    /// <summary>An argument that is a number, written in decimal.</summary>
    internal void Number(string name, ulong value) => _json.WriteNumber(name, value);

    /// <summary>An argument that is an address or a word.</summary>
    internal void Hex(string name, ulong value)
    {
        Span<byte> text = stackalloc byte[18];
        "0x"u8.CopyTo(text);
        value.TryFormat(text[2..], out int digits, "x");
        _json.WriteString(name, text[..(2 + digits)]);
    }

    /// <summary>The argument "pc", and the function there as "symbol" if it is known.</summary>
    internal void Pc(ulong pc)
    {
        Hex("pc", pc);
        if (Symbols?.Find(pc) is { } symbol)
        {
            Text("symbol", symbol);
        }
    }

    /// <summary>An argument that is a text.</summary>
    internal void Text(string name, string value) => _json.WriteString(name, value);

    /// <summary>An argument that is an instruction.</summary>
    internal void Instruction(string name, uint word)
    {
        if (!_instructions.TryGetValue(word, out string? text))
        {
            text = Disassembler.Format(word).Replace('\t', ' ');
            _instructions.Add(word, text);
        }

        _json.WriteString(name, text);
    }

    /// <summary>Ends the slice's or instant's arguments, and with them the event.</summary>
    internal void EndArguments()
    {
        _json.WriteEndObject();
        End();
    }

    private void Begin(string name, string phase, int row)
    {
        _text.Write(_isFirst ? "\n"u8 : ",\n"u8);
        _isFirst = false;
        _json.WriteStartObject();
        _json.WriteString("name"u8, name);
        _json.WriteString("ph"u8, phase);
        _json.WriteNumber("pid"u8, 1);
        _json.WriteNumber("tid"u8, row);
    }

    private void WriteTime(ulong nanoseconds)
    {
        _json.WriteNumber("ts"u8, (long)(nanoseconds - _start) / 1000.0);
    }

    private void End()
    {
        _json.WriteEndObject();
        _json.Flush();
        _json.Reset();
    }
}
