using System.Globalization;
using System.Text;
using LaKvm.Cpu;

namespace LaKvm.Debugger;

/// <summary>One register as a debugger knows it.</summary>
/// <param name="Number">Number in p and P packets.</param>
/// <param name="Name">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Read">Gives its bytes, low one first.</param>
/// <param name="Write">Changes it.</param>
internal sealed record DebugRegister(
    int Number, string Name, int Bytes, Action<IDebugThread, Span<byte>> Read,
    Action<IDebugThread, ReadOnlySpan<byte>> Write);

/// <summary>
/// The registers of a process, and the target description that tells debuggers of them: gdb's own features for
/// LoongArch, whose names and order gdb looks up, and one of ours for each CSR file.
/// </summary>
internal sealed class RegisterLayout
{
    /// <summary>Registers in a g packet: those of the base feature. Debuggers ask for others one by one.</summary>
    internal const int BaseCount = 35;

    /// <summary>Number of PC and of the first CSR; each file has room for all CSR numbers.</summary>
    internal const int Pc = 33, FirstCsr = 0x1000;

    private const int Badv = 34;

    private readonly SortedDictionary<int, DebugRegister> _registers = [];
    private readonly StringBuilder _xml = new();

    internal RegisterLayout(IDebugProcess process)
    {
        _xml.Append("<?xml version=\"1.0\"?>\n<!DOCTYPE target SYSTEM \"gdb-target.dtd\">\n<target version=\"1.0\">\n")
            .Append("<architecture>loongarch64</architecture>\n");
        AddBase();
        AddFp();
        AddVectors("lsx", "vr", 16, 76, VectorType("v4f32", "ieee_single", 4), VectorType("v2f64", "ieee_double", 2),
            VectorType("v16i8", "int8", 16), VectorType("v8i16", "int16", 8), VectorType("v4i32", "int32", 4),
            VectorType("v2i64", "int64", 2));
        AddVectors("lasx", "xr", 32, 108, VectorType("v8f32", "ieee_single", 8), VectorType("v4f64", "ieee_double", 4),
            VectorType("v32i8", "int8", 32), VectorType("v16i16", "int16", 16), VectorType("v8i32", "int32", 8),
            VectorType("v4i64", "int64", 4));
        AddLbt();
        for (int n = 0; n < process.Csrs.Count; n++)
        {
            AddCsrs(process.Csrs[n], FirstCsr * (n + 1));
        }

        _xml.Append("</target>\n");
        Xml = _xml.ToString();
    }

    /// <summary>The target description.</summary>
    internal string Xml { get; }

    /// <summary>All registers, by number.</summary>
    internal IEnumerable<DebugRegister> Registers => _registers.Values;

    /// <summary>The registers of a g packet.</summary>
    internal IEnumerable<DebugRegister> Base => _registers.Values.Take(BaseCount);

    /// <summary>The register of a number, or null.</summary>
    internal DebugRegister? Find(int number) => _registers.GetValueOrDefault(number);

    private static (string Name, string Element, int Count) VectorType(string name, string element, int count) =>
        (name, element, count);

    private static ulong Word(ReadOnlySpan<byte> bytes) =>
        BitConverter.ToUInt64([.. bytes, .. new byte[sizeof(ulong) - bytes.Length]]);

    private static void Put(Span<byte> bytes, ulong value) =>
        BitConverter.GetBytes(value).AsSpan(0, bytes.Length).CopyTo(bytes);

    private void AddBase() => AddFeature("org.gnu.gdb.loongarch.base", () =>
    {
        for (int n = 0; n < 32; n++)
        {
            int gpr = n;
            Add(n, $"r{n}", 64, n is 1 or 22 ? "code_ptr" : n == 3 ? "data_ptr" : "uint64", "general",
                thread => thread.ReadGpr(gpr), (thread, value) => thread.WriteGpr(gpr, value));
        }

        // Of programs under Linux; there is no such register.
        Add(32, "orig_a0", 64, "uint64", "general", _ => 0, (_, _) => { });
        Add(Pc, "pc", 64, "code_ptr", "general", thread => thread.Pc, (thread, value) => thread.Pc = value);
        Add(Badv, "badv", 64, "code_ptr", "general", thread => thread.ReadCsr(CsrFile.Own, Csr.Badv),
            (thread, value) => thread.WriteCsr(CsrFile.Own, Csr.Badv, value));
    });

    private void AddFp() => AddFeature("org.gnu.gdb.loongarch.fpu", () =>
    {
        _xml.Append("<union id=\"fputype\"><field name=\"f\" type=\"ieee_single\"/>")
            .Append("<field name=\"d\" type=\"ieee_double\"/></union>\n");
        for (int n = 0; n < 32; n++)
        {
            AddVector(35 + n, $"f{n}", n, sizeof(ulong), "fputype", "float");
        }

        for (int n = 0; n < 8; n++)
        {
            int shift = 8 * n;
            Add(67 + n, $"fcc{n}", 8, "uint8", "float", thread => thread.Fcc >> shift & 0xff, (thread, value) =>
                thread.Fcc = (thread.Fcc & ~(0xffUL << shift)) | ((value & 1) << shift));
        }

        Add(75, "fcsr", 32, "uint32", "float", thread => thread.Fcsr, (thread, value) => thread.Fcsr = (uint)value);
    });

    private void AddVectors(
        string feature, string name, int bytes, int first, params (string Name, string Element, int Count)[] types) =>
        AddFeature($"org.gnu.gdb.loongarch.{feature}", () =>
        {
            foreach ((string type, string element, int count) in types)
            {
                _xml.Append(CultureInfo.InvariantCulture,
                    $"<vector id=\"{type}\" type=\"{element}\" count=\"{count}\"/>\n");
            }

            _xml.Append(CultureInfo.InvariantCulture, $"<union id=\"{feature}type\">");
            foreach ((string type, _, _) in types)
            {
                _xml.Append(CultureInfo.InvariantCulture, $"<field name=\"{type}\" type=\"{type}\"/>");
            }

            _xml.Append("</union>\n");
            for (int n = 0; n < 32; n++)
            {
                AddVector(first + n, $"{name}{n}", n, bytes, $"{feature}type", "vector");
            }
        });

    /// <summary>A unit that the machine lacks; but gdb 18 rejects a description without it.</summary>
    private void AddLbt() => AddFeature("org.gnu.gdb.loongarch.lbt", () =>
    {
        for (int n = 0; n < 4; n++)
        {
            Add(140 + n, $"scr{n}", 64, "uint64", "lbt", _ => 0, (_, _) => { });
        }

        Add(144, "eflags", 32, "uint32", "lbt", _ => 0, (_, _) => { });
        Add(145, "ftop", 32, "uint32", "lbt", _ => 0, (_, _) => { });
    });

    private void AddCsrs(CsrGroup csrs, int first)
    {
        string name = csrs.File == CsrFile.Own ? "csr" : "gcsr";
        AddFeature($"org.lakvm.loongarch.{name}", () =>
        {
            foreach (CsrDeclaration row in csrs.Rows)
            {
                int number = row.Number;
                Add(first + number, $"{csrs.Prefix}{row.Name.ToLowerInvariant()}", 64, "uint64", name,
                    thread => thread.ReadCsr(csrs.File, number),
                    (thread, value) => thread.WriteCsr(csrs.File, number, value));
            }
        });
    }

    private void AddFeature(string name, Action registers)
    {
        _xml.Append(CultureInfo.InvariantCulture, $"<feature name=\"{name}\">\n");
        registers();
        _xml.Append("</feature>\n");
    }

    private void Add(
        int number, string name, int bits, string type, string group, Func<IDebugThread, ulong> read,
        Action<IDebugThread, ulong> write)
    {
        Describe(number, name, bits, type, group);
        _registers.Add(number, new DebugRegister(number, name, bits / 8,
            (thread, bytes) => Put(bytes, read(thread)), (thread, bytes) => write(thread, Word(bytes))));
    }

    /// <summary>The lowest bytes of a vector register; the others stay when it is written.</summary>
    private void AddVector(int number, string name, int vector, int bytes, string type, string group)
    {
        Describe(number, name, bytes * 8, type, group);
        _registers.Add(number, new DebugRegister(number, name, bytes,
            (thread, to) =>
            {
                Span<byte> whole = stackalloc byte[32];
                thread.ReadVector(vector, whole);
                whole[..to.Length].CopyTo(to);
            },
            (thread, from) =>
            {
                Span<byte> whole = stackalloc byte[32];
                thread.ReadVector(vector, whole);
                from.CopyTo(whole);
                thread.WriteVector(vector, whole);
            }));
    }

    private void Describe(int number, string name, int bits, string type, string group) =>
        _xml.Append(CultureInfo.InvariantCulture,
            $"<reg name=\"{name}\" bitsize=\"{bits}\" type=\"{type}\" group=\"{group}\" regnum=\"{number}\"")
            .Append(group is "csr" or "gcsr" ? " save-restore=\"no\"/>\n" : "/>\n");
}
