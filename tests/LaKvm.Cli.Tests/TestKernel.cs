using System.Buffers.Binary;
using LaKvm.Isa;

namespace LaKvm.Cli.Tests;

/// <summary>A bare-metal program as an ELF file: a guest whose whole behaviour a test can read.</summary>
internal sealed class TestKernel : IDisposable
{
    /// <summary>
    /// Puts the console UART's address in s0 and that of the power registers in s1 (QEMU's "virt" map).
    /// </summary>
    internal const string Prologue = """
        lu12i.w $s0, 0x1fe00
        ori $s0, $s0, 0x1e0
        lu12i.w $s1, 0x100e0
        ori $s1, $s1, 0x1c

        """;

    internal const string PowerOff = """
        ori $t0, $zero, 0x34
        st.b $t0, $s1, 0
        1: b 1b

        """;

    internal const string Reset = """
        ori $t0, $zero, 0x42
        st.b $t0, $s1, 2
        2: b 2b

        """;

    private const ulong LoadAddress = 0x20_0000;
    private const int HeaderSize = 64, ProgramHeaderSize = 56;

    /// <summary>Assembles a program and writes it to a temporary file.</summary>
    /// <param name="source">The program.</param>
    /// <param name="symbol">Name of the whole of it in a symbol table; none without.</param>
    internal TestKernel(string source, string? symbol = null)
    {
        Path = System.IO.Path.GetTempFileName();
        byte[] code = Assembler.Assemble(Prologue + source, LoadAddress).BytesOrThrow();
        byte[] file = Elf(code);
        File.WriteAllBytes(Path, symbol == null ? file : WithSymbol(file, symbol, code.Length));
    }

    /// <summary>The bytes of a program without header, which runs at any address.</summary>
    internal static byte[] Raw(string source) => Assembler.Assemble(Prologue + source, LoadAddress).BytesOrThrow();

    internal string Path { get; }

    /// <summary>Code that sends a text to the console.</summary>
    internal static string Print(string text) =>
        string.Concat(text.Select(c => $"ori $t0, $zero, {(int)c}\nst.b $t0, $s0, 0\n"));

    public void Dispose() => File.Delete(Path);

    /// <summary>
    /// Adds a symbol table with one function: section headers (none, symbols, names), two symbols, names.
    /// </summary>
    private static byte[] WithSymbol(byte[] elf, string name, int size)
    {
        int sections = (elf.Length + 7) & ~7, symbols = sections + (3 * 64), names = symbols + (2 * 24);
        byte[] file = new byte[names + name.Length + 2];
        elf.CopyTo(file, 0);
        System.Text.Encoding.ASCII.GetBytes(name).CopyTo(file, names + 1);
        Put(0x28, sections);
        Put(0x3a, 64 | (3 << 16), sizeof(int));
        Put(sections + 64 + 4, 2, sizeof(int));
        Put(sections + 64 + 24, symbols);
        Put(sections + 64 + 32, 2 * 24);
        Put(sections + 64 + 40, 2, sizeof(int));
        Put(sections + 128 + 24, names);
        Put(symbols + 24, 1 | (2L << 32) | (1L << 48));
        Put(symbols + 32, (long)LoadAddress);
        Put(symbols + 40, size);
        return file;

        void Put(int offset, long value, int bytes = sizeof(long)) =>
            BitConverter.GetBytes(value).AsSpan(0, bytes).CopyTo(file.AsSpan(offset));
    }

    /// <summary>One loadable segment behind an ELF header and a program header (ELF-64, machine 258).</summary>
    private static byte[] Elf(byte[] code)
    {
        const int start = HeaderSize + ProgramHeaderSize;
        byte[] file = new byte[start + code.Length];
        code.CopyTo(file, start);
        ReadOnlySpan<byte> identification = [0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1];
        identification.CopyTo(file);
        U16(0x10, 2);
        U16(0x12, 258);
        U16(0x14, 1);
        U64(0x18, LoadAddress);
        U64(0x20, HeaderSize);
        U16(0x34, HeaderSize);
        U16(0x36, ProgramHeaderSize);
        U16(0x38, 1);
        U16(HeaderSize, 1);
        U16(HeaderSize + 4, 7);
        U64(HeaderSize + 0x08, start);
        U64(HeaderSize + 0x10, LoadAddress);
        U64(HeaderSize + 0x18, LoadAddress);
        U64(HeaderSize + 0x20, (ulong)code.Length);
        U64(HeaderSize + 0x28, (ulong)code.Length);
        U64(HeaderSize + 0x30, 0x1000);
        return file;

        void U16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(offset), value);
        void U64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(file.AsSpan(offset), value);
    }
}
