using System.Runtime.InteropServices;
using LaKvm.Interpreter;
using LaKvm.Translator;

namespace LaKvm.Conformance.Tests.RandomBlocks;

/// <summary>A block for which one of our engines does not do what it should.</summary>
internal sealed record Finding(Block Block, string Engine, MachineState Expected, MachineState Actual, string Memory);

/// <summary>Runs batches of blocks on QEMU, on the interpreter and on the translator, and compares.</summary>
/// <param name="warmCount">How often the translator interprets code before it translates it.</param>
internal sealed unsafe class BlockChecker(int warmCount) : IDisposable
{
    private const string Interpreter = "interpreter", Translator = "translator";

    private readonly CoreRunner _interpreter = new(core => new InterpreterEngine(core), MemoryBank.ReadOnlyPage);
    private readonly CoreRunner _translator =
        new(core => new TranslatorEngine(core, new() { WarmCount = warmCount }), MemoryBank.ReadOnlyPage);

    private readonly QemuRunner _qemu = new(MemoryBank.ReadOnlyPage);
    private readonly MachineState[] _interpreted = new MachineState[Layout.Blocks],
        _translated = new MachineState[Layout.Blocks];
    private readonly ulong[] _interpretedCount = new ulong[Layout.Blocks], _translatedCount = new ulong[Layout.Blocks];

    /// <summary>Of the blocks of the batch those that run on QEMU.</summary>
    private readonly List<int> _batch = [];
    private readonly List<uint> _code = [];

    /// <summary>Those of them of which QEMU is not known to make something else.</summary>
    private readonly List<Block> _clean = [];

    private ulong _nextAddress = Layout.Code;

    /// <summary>Blocks compared, those with a known difference included.</summary>
    public long Compared { get; private set; }

    /// <summary>Blocks with a known difference.</summary>
    public long Known { get; private set; }

    /// <summary>Blocks that an exception ended.</summary>
    public long Trapped { get; private set; }

    /// <summary>Blocks that were no test.</summary>
    public long Dropped { get; private set; }

    /// <summary>How often QEMU did not end a batch, and did when it was started anew.</summary>
    public long Restarts { get; private set; }

    /// <summary>Instructions that the interpreter executed.</summary>
    public long Instructions { get; private set; }

    /// <summary>
    /// Runs blocks that lie one behind the other (<see cref="AddressBehind"/>), each in a window of its own. Returns
    /// what is wrong. What differs from QEMU is run again, elsewhere and without the blocks that end differently there
    /// or do not run there: those may have written into the windows of others, or have made QEMU translate code that
    /// was not there yet.
    /// </summary>
    public List<Finding> Run(IReadOnlyList<Block> blocks)
    {
        List<Finding> findings = RunOnce(blocks);
        Compared += _batch.Count;
        Known += _batch.Count - _clean.Count;
        Dropped += blocks.Count - _batch.Count;
        List<Finding> certain = findings.FindAll(finding => finding.Engine == Translator);
        if (certain.Count == findings.Count)
        {
            return findings;
        }

        foreach (Block block in blocks)
        {
            LoadData(block);
        }

        Block? previous = null;
        findings = RunOnce([.. _clean.ToArray().Select(block => previous = Move(block, AddressBehind(previous)))]);
        return [.. certain, .. findings.Where(finding => finding.Engine == Interpreter)];
    }

    /// <summary>Runs one block; returns what an engine does wrong with it.</summary>
    public Finding? RunAlone(Block block, string engine) =>
        RunOnce([Move(block, AddressBehind(null))]).Find(finding => finding.Engine == engine);

    /// <summary>Address of a block behind another one, or of the first one of a batch.</summary>
    public ulong AddressBehind(Block? previous) =>
        (previous == null ? _nextAddress : previous.End + ((ulong)Layout.Epilogue.Length * 4)) + 4;

    public void Dispose()
    {
        _qemu.Dispose();
        _interpreter.Dispose();
        _translator.Dispose();
    }

    private static Block Move(Block block, ulong address)
    {
        Block moved = block.Copy();
        moved.Start.Pc = address;
        return moved;
    }

    private List<Finding> RunOnce(IReadOnlyList<Block> blocks)
    {
        LoadCode(blocks);
        Interpret(blocks);
        _qemu.Start(_batch.Count);
        Translate(blocks);
        if (_qemu.Wait() != null)
        {
            RunOnNewQemu(blocks);
        }

        List<Finding> findings = Compare(blocks);
        const ulong room = 1 << 20;
        if (_nextAddress + room > Layout.Code + Layout.CodeSize)
        {
            ForgetCode();
        }

        return findings;
    }

    /// <summary>What happens once may be QEMU's fault; what happens again is the block's.</summary>
    private void RunOnNewQemu(IReadOnlyList<Block> blocks)
    {
        Restarts++;
        _qemu.Restart();
        foreach (Block block in blocks)
        {
            _qemu.LoadData(block);
        }

        _qemu.Start(_batch.Count);
        if (_qemu.Wait() is { } problem)
        {
            throw new InvalidOperationException(
                $"{problem} Seeds of the batch: {string.Join(' ', _batch.Select(n => $"{blocks[n].Seed:x}"))}");
        }
    }

    private void LoadData(Block block)
    {
        _interpreter.LoadData(block);
        _translator.LoadData(block);
        _qemu.LoadData(block);
    }

    private void LoadCode(IReadOnlyList<Block> blocks)
    {
        _code.Clear();
        foreach (Block block in blocks)
        {
            _code.Add(Layout.Prologue);
            _code.AddRange(block.Code);
            _code.AddRange(Layout.Epilogue);
            LoadData(block);
        }

        ReadOnlySpan<uint> code = CollectionsMarshal.AsSpan(_code);
        _qemu.LoadCode(_nextAddress, code);
        _interpreter.LoadCode(_nextAddress, code);
        _translator.LoadCode(_nextAddress, code);
        _nextAddress += (ulong)code.Length * 4;
    }

    /// <summary>
    /// Begins at the start again. Nothing old may be left that a wrong jump could execute: QEMU would keep it.
    /// </summary>
    private void ForgetCode()
    {
        _nextAddress = Layout.Code;
        _qemu.ClearCode();
        _interpreter.ClearCode();
        _translator.ClearCode();
    }

    private void Interpret(IReadOnlyList<Block> blocks)
    {
        _batch.Clear();
        for (int n = 0; n < blocks.Count; n++)
        {
            _interpretedCount[n] = _interpreter.Run(blocks[n], ref _interpreted[n]);
        }

        for (int n = 0; n < blocks.Count; n++)
        {
            if (IsTest(blocks[n], _interpreted[n]))
            {
                _qemu.Load(blocks[n], _batch.Count);
                _batch.Add(n);
            }
        }
    }

    private void Translate(IReadOnlyList<Block> blocks)
    {
        for (int n = 0; n < blocks.Count; n++)
        {
            _translatedCount[n] = _translator.Run(blocks[n], ref _translated[n]);
        }
    }

    /// <summary>
    /// Whether a block ends, did not jump into others, and does not reach for what belongs to QEMU's runner.
    /// </summary>
    private static bool IsTest(Block block, in MachineState end) => end.Signal switch
    {
        Signals.None => true,
        Signals.Endless => false,
        _ when end.Pc - Layout.Code < Layout.CodeSize && end.Pc - block.Address >= block.End - block.Address => false,
        Signals.Segv or Signals.Bus => !Layout.IsForbidden(end.Address),
        _ => true,
    };

    private List<Finding> Compare(IReadOnlyList<Block> blocks)
    {
        List<Finding?> findings = [];
        _clean.Clear();
        for (int n = 0; n < _batch.Count; n++)
        {
            findings.Add(CheckInterpreter(blocks[_batch[n]], _interpreted[_batch[n]], *_qemu.Result(n)));
        }

        for (int n = 0; n < blocks.Count; n++)
        {
            Instructions += (long)_interpretedCount[n];
            Trapped += _interpreted[n].Signal == Signals.None ? 0 : 1;
            findings.Add(CheckTranslator(blocks[n], n));
        }

        return [.. findings.OfType<Finding>()];
    }

    private Finding? CheckInterpreter(Block block, in MachineState ours, in MachineState expected)
    {
        ReadOnlySpan<byte> memory = _interpreter.Window(block.Window), expectedMemory = _qemu.Window(block.Window);
        Verdict verdict = Judge.Compare(block, ours, expected);
        if (verdict != Verdict.Known)
        {
            _clean.Add(block);
        }

        bool isSame = verdict == Verdict.Known
            || (verdict == Verdict.Same && Judge.IsSameMemory(block, ours, memory, expectedMemory));
        return isSame ? null : new Finding(
            block.Copy(), Interpreter, expected, ours, Report.Memory(block, memory, expectedMemory));
    }

    /// <summary>The translator does exactly what the interpreter does, in what is undefined too.</summary>
    private Finding? CheckTranslator(Block block, int n)
    {
        ReadOnlySpan<MachineState> ours = _translated.AsSpan(n, 1), expected = _interpreted.AsSpan(n, 1);
        ReadOnlySpan<byte> memory = _translator.Window(block.Window),
            expectedMemory = _interpreter.Window(block.Window);
        bool isSame = MemoryMarshal.AsBytes(ours).SequenceEqual(MemoryMarshal.AsBytes(expected))
            && memory.SequenceEqual(expectedMemory) && _translatedCount[n] == _interpretedCount[n];
        return isSame ? null
            : new Finding(block.Copy(), Translator, expected[0], ours[0], Report.Memory(block, memory, expectedMemory)
                + $"instructions: {_translatedCount[n]}, not {_interpretedCount[n]}\n");
    }
}
