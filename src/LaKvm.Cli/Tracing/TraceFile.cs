using System.Buffers;
using LaKvm.Diagnostics;
using LaKvm.Hypervisor;
using LaKvm.Linux;
using Microsoft.Win32.SafeHandles;

namespace LaKvm.Cli;

/// <summary>
/// The file of --trace. A thread of its own writes what the vCPUs' threads collect, ten times a second or when a buffer
/// is half full. Each write ends with the end of the JSON text, which the next one overwrites: the file is valid
/// between two writes, whatever becomes of the process.
/// </summary>
internal sealed class TraceFile : IDisposable
{
    internal const string Option = "--trace";

    private const int PeriodMilliseconds = 100, ChunkBytes = 1 << 18;

    private static ReadOnlySpan<byte> End => "\n]}\n"u8;

    private readonly SafeFileHandle _file;
    private readonly bool _canSeek;
    private readonly TraceBuffer[] _buffers;
    private readonly VcpuTrack[] _tracks;
    private readonly ArrayBufferWriter<byte> _text = new(1 << 16);
    private readonly ChromeTrace _json;
    private readonly AutoResetEvent _wake = new(false);
    private readonly Thread _thread;
    private long _position;
    private volatile bool _closing;

    /// <summary>Begins the file; <paramref name="row"/> is what a row stands for: a vCPU or a core.</summary>
    /// <exception cref="UserErrorException">It cannot be written.</exception>
    internal TraceFile(string path, ExitFilter filter, int vcpus, string row)
    {
        _file = FileChecks.OpenForWriting(Option, path);
        _canSeek = FileCalls.Seek(_file, 0, FileCalls.SeekEnd) >= 0;
        _json = new ChromeTrace(_text);
        _buffers = [.. Enumerable.Range(0, vcpus).Select(_ => new TraceBuffer(() => _wake.Set()))];
        _tracks = [.. Enumerable.Range(0, vcpus).Select(id => new VcpuTrack(id, $"{row} {id}", _json, filter))];
        bool works = Write();
        _thread = new Thread(() => WritePeriodically(works)) { Name = "trace", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Records a VM's events, with its kernel's symbols, until what is returned is disposed of.</summary>
    internal IDisposable Attach(Ioctl.Vm vm, ISymbols? symbols)
    {
        _json.Symbols = symbols;
        return vm.Trace(KvmTracer.AllEvents, Take);
    }

    /// <summary>
    /// Records what a bare machine's cores tell of their guests; its kernel's symbols are not theirs.
    /// </summary>
    internal IDisposable Attach(KvmTracer tracer) => tracer.Attach(KvmTracer.AllEvents, Take);

    /// <summary>Writes the rest.</summary>
    public void Dispose()
    {
        _closing = true;
        _wake.Set();
        _thread.Join();
        _json.Dispose();
        _file.Dispose();
    }

    private void Take(in TraceRecord record) => _buffers[record.Vcpu].Add(record);

    private void WritePeriodically(bool works)
    {
        while (works && !_closing)
        {
            _wake.WaitOne(PeriodMilliseconds);
            works = WriteCollected();
        }

        // Whoever waits for room must not do so for ever, and what was added before that is still written.
        foreach (TraceBuffer buffer in _buffers)
        {
            buffer.Close();
        }

        if (works && WriteCollected())
        {
            foreach (VcpuTrack track in _tracks)
            {
                track.End();
            }

            Write();
        }
    }

    private bool WriteCollected()
    {
        bool works = true;
        for (int id = 0; id < _buffers.Length; id++)
        {
            foreach (ref readonly TraceRecord record in _buffers[id].Take())
            {
                _tracks[id].Add(record);
                works = works && (_text.WrittenCount < ChunkBytes || Write());
            }
        }

        return works && Write();
    }

    /// <summary>Writes what has become text; false if that is not possible any more.</summary>
    private bool Write()
    {
        int count = _text.WrittenCount;
        if (_canSeek || _closing)
        {
            _text.Write(End);
        }

        try
        {
            WriteText();
            _position += count;
            _text.ResetWrittenCount();
            return true;
        }
        catch (IOException e)
        {
            Console.Error.WriteLine($"lakvm: {Option}: the trace ends here: {e.Message}");
            return false;
        }
    }

    private void WriteText()
    {
        if (_canSeek)
        {
            RandomAccess.Write(_file, _text.WrittenSpan, _position);
        }
        else if (FileCalls.WriteAll((int)_file.DangerousGetHandle(), _text.WrittenSpan) is var error and not 0)
        {
            throw new IOException(LinuxError.Describe(error));
        }
    }
}
