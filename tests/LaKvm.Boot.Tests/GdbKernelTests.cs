using System.Text;
using System.Text.RegularExpressions;
using LaKvm.Cli.Tests;
using LaKvm.Images.Store;
using LaKvm.Tests.Support;

namespace LaKvm.Boot.Tests;

/// <summary>A real gdb on Debian's kernel as it is shipped, with the names that its own image carries.</summary>
[Trait("Category", "Slow")]
public sealed class GdbKernelTests : IDisposable
{
    private static readonly string[] _functions =
    [
        "kernel_entry", "start_kernel", "setup_arch", "rest_init", "_printk", "vprintk", "start_secondary", "schedule",
        "cpu_startup_entry", "do_idle",
    ];

    /// <summary>Each output is behind a line that says which it is.</summary>
    private const string Script = """
        set pagination off
        set confirm off
        target remote socket
        break start_kernel
        continue
        echo == step\n
        stepi
        stepi
        x/i $pc
        delete
        break _printk
        continue
        echo == backtrace\n
        backtrace 2
        delete
        echo == watch\n
        watch -l *(unsigned long *)($sp - 8)
        continue
        delete
        echo == change\n
        break start_secondary
        set var *(unsigned char *)$dmw_banner = 'X'
        x/s $dmw_banner
        continue
        info threads
        delete
        echo == both\n
        thread apply all printf "%#lx\n", $pc
        monitor info irq
        detach
        """;

    private readonly string _directory = Peers.CreateDirectory();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("host")]
    [InlineData("run")]
    public void Gdb_follows_the_kernel_s_start(string mode)
    {
        GuestShell.EnsureImage();
        string kernel = ImageStore.OfUser().Find("debian")!.KernelPath;
        ulong banner = WriteSymbols(kernel);
        File.WriteAllText(InDirectory("script"), Script.Replace("$dmw_banner", $"0x{banner:x}"));
        using var lakvm = new LakvmProcess(mode, "--cpus", "2", "--append", "nokaslr",
            "--gdb", $"unix:{InDirectory("socket")}", "--wait");
        SpinWait.SpinUntil(() => File.Exists(InDirectory("socket")), TimeSpan.FromSeconds(60));

        string said = Peers.Run(_directory, "timeout 240 gdb-multiarch -q -nx -batch -x script symbols 2>&1");

        ShouldContainInOrder(said,
            @"hit Breakpoint 1, 0x9000[0-9a-f]+ in start_kernel \(\)", "== step",
            @"(0x9000[0-9a-f]+[048c]) in \?\? \(\)\s+(0x9000[0-9a-f]+) in \?\? \(\)\s+=> \2:\t",
            @"hit Breakpoint 2, 0x9000[0-9a-f]+ in _printk \(\)", "== backtrace", @"#0 .* in _printk \(\)",
            @"#1 .* in (start_kernel|setup_arch|\?\?) \(\)", "== watch", "hit Hardware watchpoint 3",
            "Old value = ", "New value = ", "== change", "\"Xinux version",
            @"Thread 2 .*hit Breakpoint 4, 0x9000[0-9a-f]+ in start_secondary \(\)",
            "  1 +Thread 1.1", @"\* 2 +Thread 1.2",
            "== both", "0x9000[0-9a-f]+", "0x9000[0-9a-f]+", "PCH-PIC: mask ", "detached");
        lakvm.Expect("Run /init as init process", TimeSpan.FromMinutes(2));
    }

    /// <summary>
    /// Writes an ELF file with the kernel's functions and no code; returns where the kernel keeps its banner.
    /// </summary>
    private ulong WriteSymbols(string kernel)
    {
        KernelImage image = KernelImage.Load(kernel).Unpack();
        KernelSegment segment = image.Segments[0];
        byte[] bytes = new byte[segment.Range.Size];
        segment.WriteTo(bytes);
        const ulong window = 0x9000_0000_0000_0000;
        File.WriteAllBytes(InDirectory("symbols"), SymbolFile.Write(
            window + segment.Range.Base, segment.Range.Size,
            [.. _functions.Select(name => (name, image.Symbols!.RangeOf(name)))
                .Where(symbol => symbol.Item2 != null).Select(symbol => (symbol.name, symbol.Item2!.Value.Address,
                symbol.Item2.Value.Length))]));
        return window + segment.Range.Base + (ulong)bytes.AsSpan().IndexOf("Linux version 7"u8);
    }

    private string InDirectory(string file) => Path.Combine(_directory, file);

    private static void ShouldContainInOrder(string text, params string[] patterns)
    {
        int at = 0;
        foreach (string pattern in patterns)
        {
            Match match = new Regex(pattern).Match(text, at);
            match.Success.Should().BeTrue("'{0}' should be behind {1} of {2}", pattern, at, text);
            at = match.Index + match.Length;
        }
    }

    /// <summary>An ELF file of one section without contents, a symbol table, and its names.</summary>
    private static class SymbolFile
    {
        private const int Header = 64, SectionHeader = 64, Sections = 5, SymbolSize = 24;

        internal static byte[] Write(ulong address, ulong size, (string Name, ulong Address, ulong Length)[] functions)
        {
            const string sectionNames = "\0.text\0.symtab\0.strtab\0.shstrtab\0";
            string names = "\0" + string.Concat(functions.Select(function => function.Name + "\0"));
            int symbols = Header + (Sections * SectionHeader);
            int strings = symbols + ((functions.Length + 1) * SymbolSize);
            int sectionStrings = strings + names.Length;
            byte[] file = new byte[sectionStrings + sectionNames.Length];
            new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(file, 0);
            Put(16, 2 | (258 << 16), 4);
            Put(20, 1, 4);
            Put(40, Header);
            Put(48, 0x43, 4); // double-precision ABI, object file version 1
            Put(52, Header, 2);
            Put(58, SectionHeader | (Sections << 16), 4);
            Put(62, Sections - 1, 2);
            Section(1, ".text", 8, 6, (long)address, 0, (long)size, 0, 0);
            Section(2, ".symtab", 2, 0, 0, symbols, strings - symbols, 3, SymbolSize);
            Section(3, ".strtab", 3, 0, 0, strings, names.Length, 0, 0);
            Section(4, ".shstrtab", 3, 0, 0, sectionStrings, sectionNames.Length, 0, 0);
            for (int n = 0, at = symbols + SymbolSize; n < functions.Length; n++, at += SymbolSize)
            {
                Put(at, names.IndexOf("\0" + functions[n].Name + "\0", StringComparison.Ordinal) + 1, 4);
                Put(at + 4, 0x12 | (1 << 16), 4); // a global function of section 1
                Put(at + 8, (long)functions[n].Address);
                Put(at + 16, (long)functions[n].Length);
            }

            Encoding.ASCII.GetBytes(names).CopyTo(file, strings);
            Encoding.ASCII.GetBytes(sectionNames).CopyTo(file, sectionStrings);
            return file;

            void Put(int offset, long value, int bytes = 8) =>
                BitConverter.GetBytes(value).AsSpan(0, bytes).CopyTo(file.AsSpan(offset));

            void Section(
                int index, string name, int type, int flags, long at, int offset, long length, int link, int entry)
            {
                int place = Header + (index * SectionHeader);
                Put(place, sectionNames.IndexOf(name + "\0", StringComparison.Ordinal), 4);
                Put(place + 4, type, 4);
                Put(place + 8, flags);
                Put(place + 16, at);
                Put(place + 24, offset);
                Put(place + 32, length);
                Put(place + 40, link, 4);
                Put(place + 44, link == 0 ? 0 : 1, 4);
                Put(place + 48, 8);
                Put(place + 56, entry);
            }
        }
    }
}
