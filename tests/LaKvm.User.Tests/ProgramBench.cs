using System.Buffers.Binary;
using LaKvm.Cpu;
using LaKvm.Hypervisor;
using LaKvm.Interpreter;
using LaKvm.Isa;
using LaKvm.Running;
using LaKvm.Translator;

namespace LaKvm.User.Tests;

/// <summary>
/// Runs programs in assembly: a static ELF file with one segment that may be read, written and executed.
/// </summary>
internal sealed class ProgramBench : IDisposable
{
    private const ulong Base = 0x1_2000_0000;
    private const int HeaderSize = 64, SegmentSize = 56, CodeAt = 0x1000;

    private readonly string _directory = Directory.CreateTempSubdirectory("lakvm").FullName;

    internal ProgramBench(bool translated = false, int cpus = 2) => Machine = new HostMachine(
        cpus, 256UL << 20, new MonotonicClock(), translated && TranslatorEngine.IsSupported
            ? core => new TranslatorEngine(core, new() { WarmCount = 0 })
            : core => new InterpreterEngine(core));

    internal HostMachine Machine { get; }

    /// <summary>What the kernel has said.</summary>
    internal List<string> Log { get; } = [];

    /// <summary>System calls, if a test asks for them.</summary>
    internal StringWriter? Trace { get; set; }

    /// <summary>Runs a program to its end; its exit code.</summary>
    internal int Run(string assembly, params string[] words)
    {
        using UserKernel kernel = CreateKernel();
        return Run(kernel, assembly, words);
    }

    internal UserKernel CreateKernel() => new(Machine, new UserOptions { Log = Log.Add, Trace = Trace });

    internal int Run(UserKernel kernel, string assembly, params string[] words)
    {
        string path = Write(assembly);
        return kernel.Run(path, [path, .. words], ["NAME=value"]);
    }

    /// <summary>A file with a program.</summary>
    internal string Write(string assembly)
    {
        string path = Path.Combine(_directory, "program");
        File.WriteAllBytes(path, Elf(Assembler.Assemble(assembly, Base + CodeAt).BytesOrThrow()));
        return path;
    }

    /// <summary>A call with the arguments that are in their registers already.</summary>
    internal static string Call(string name) => $"ori $a7, $zero, {CallNames.NumberOf(name)}\nsyscall 0\n";

    /// <summary>Ends the program with the code in a0.</summary>
    internal static string Exit => Call("exit_group");

    public void Dispose()
    {
        Machine.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    private static byte[] Elf(byte[] code)
    {
        const uint load = 1, all = 7;
        byte[] file = new byte[CodeAt + code.Length];
        "\u007fELF\u0002\u0001\u0001"u8.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(16), 2);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(18), 258);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(24), Base + CodeAt);
        BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(32), HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(54), SegmentSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(56), 1);
        Span<byte> segment = file.AsSpan(HeaderSize);
        BinaryPrimitives.WriteUInt32LittleEndian(segment, load);
        BinaryPrimitives.WriteUInt32LittleEndian(segment[4..], all);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[16..], Base);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[32..], (ulong)file.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(segment[40..], (ulong)file.Length + 0x1_0000); // some zeroes behind
        code.CopyTo(file.AsSpan(CodeAt));
        return file;
    }
}
