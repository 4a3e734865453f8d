using System.Diagnostics;
using System.Runtime.InteropServices;
using LaKvm.Tests.Support;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>
/// Runs batches of blocks in QEMU's user mode: a process with which this one shares memory (Runner/blocks.c).
/// </summary>
internal sealed unsafe partial class QemuRunner : IDisposable
{
    private const int DataOffset = 2 * Layout.StatesSize,
        CodeOffset = DataOffset + (int)(Layout.Blocks * Layout.Window);
    private const int SharedSize = CodeOffset + (int)Layout.CodeSize;

    /// <summary>A batch takes less than a second, unless the computer has much other work.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly string _directory = Peers.CreateDirectory();
    private readonly byte* _shared;
    private readonly int _file;
    private Process _process;

    public QemuRunner(ReadOnlySpan<ulong> readOnlyPage)
    {
        string source = Path.Combine(Peers.Repository, "tests/LaKvm.Conformance.Tests/Runner/blocks.c");
        File.Copy(source, Path.Combine(_directory, "blocks.c"));
        Peers.Run(
            _directory,
            "loongarch64-linux-gnu-gcc -std=gnu17 -O2 -Wall -Wextra -Werror -mlasx -static blocks.c -o blocks");
        _file = MakeMemoryFile("blocks", 0); // the processes started from here on inherit it
        if (_file < 0 || Truncate(_file, SharedSize) != 0)
        {
            throw new InvalidOperationException("cannot make a memory file");
        }

        _shared = (byte*)Map(0, SharedSize, 3, 1, _file, 0);
        for (int n = 0; n < Layout.Blocks; n++)
        {
            readOnlyPage.CopyTo(new Span<ulong>(WindowAddress(n) + Layout.Writable, (int)Layout.Page / 8));
        }

        _process = StartProcess();
    }

    /// <summary>State after block <paramref name="n"/> of the last batch.</summary>
    public MachineState* Result(int n) => (MachineState*)(_shared + Layout.StatesSize) + n;

    /// <summary>Data window <paramref name="n"/>.</summary>
    public ReadOnlySpan<byte> Window(int n) => new(WindowAddress(n), (int)Layout.Writable);

    /// <summary>Puts a block in place <paramref name="n"/> of the batch.</summary>
    public void Load(Block block, int n)
    {
        ((MachineState*)_shared)[n] = block.Start;
        ((MachineState*)_shared)[n].Pc -= 4; // the prologue
    }

    /// <summary>Puts a block's data into its window.</summary>
    public void LoadData(Block block) =>
        block.Data.CopyTo(new Span<ulong>(WindowAddress(block.Window), block.Data.Length));

    /// <summary>Puts code at its address.</summary>
    public void LoadCode(ulong address, ReadOnlySpan<uint> code) =>
        code.CopyTo(new Span<uint>(_shared + CodeOffset + (address - Layout.Code), code.Length));

    /// <summary>
    /// Removes all code. QEMU must forget what it has translated: only a new one does so for certain.
    /// </summary>
    public void ClearCode()
    {
        new Span<byte>(_shared + CodeOffset, (int)Layout.CodeSize).Clear();
        Restart();
    }

    /// <summary>Ends QEMU and starts it again.</summary>
    public void Restart()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = StartProcess();
    }

    /// <summary>Starts the first <paramref name="count"/> blocks.</summary>
    public void Start(int count)
    {
        _process.StandardInput.BaseStream.Write(BitConverter.GetBytes(count));
        _process.StandardInput.BaseStream.Flush();
    }

    /// <summary>
    /// Waits for the blocks. Null when they have ended, else what is known of QEMU, which has to be started again.
    /// </summary>
    public string? Wait()
    {
        Task<int> answer = Task.Run(_process.StandardOutput.BaseStream.ReadByte);
        if (answer.Wait(Patience) && answer.Result >= 0)
        {
            return null;
        }

        _process.Kill();
        return $"QEMU ended or hangs in block {Running()} of a batch: {_process.StandardError.ReadToEnd()}";
    }

    /// <summary>The block that did not end, or the number of places.</summary>
    private int Running()
    {
        int n = 0;
        while (n < Layout.Blocks && Result(n)->Signal != Signals.Endless)
        {
            n++;
        }

        return n;
    }

    private Process StartProcess() =>
        Process.Start(Peers.Command(
        _directory, $"exec qemu-loongarch64 -cpu la464 -tb-size 67108864 ./blocks {_file}"))!;

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        _process.Dispose();
        _ = Unmap((nint)_shared, SharedSize);
        _ = Close(_file);
        Directory.Delete(_directory, recursive: true);
    }

    private byte* WindowAddress(int n) => _shared + DataOffset + ((int)Layout.Window * n);

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MakeMemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    private static partial int Truncate(int file, long length);

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint Map(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nint length);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);
}
