using System.Globalization;
using System.Text;
using LaKvm.Isa;

namespace LaKvm.Tests.Support;

/// <summary>
/// Turns the scenarios under guests/kvm-client, which people write, into the script that the client executes: guest
/// code is assembled, names become numbers (docs/testing.md, "One script, two hypervisors").
/// </summary>
internal static class ScenarioScript
{
    /// <summary>Ends every piece of guest code: a store to where no memory is, which leaves to user space.</summary>
    private const string Stop = "\nli.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\n";

    /// <summary>
    /// Where "handler" puts the guest's exception entry, and what stands there: ESTAT leaves to user space.
    /// </summary>
    private const ulong HandlerAddress = 0x3000;
    private const string Handler = "csrrd $s7, 0x5\nli.d $s8, 0x1fe00fe0\nst.d $s7, $s8, 0\n";

    /// <summary>CPUCFG words of an LA464 without LVZ, as a VMM gives them to its guest.</summary>
    private static readonly (int Word, uint Value)[] Cpucfg =
    [
        (0, 0x14c010), (1, 0x3f2f2fe), (2, 0x60c0cf), (3, 0xfcf9), (4, 100_000_000), (5, 0x10001),
        (16, 0x2c3d), (17, 0x6080003), (18, 0x6080003), (19, 0x608000f), (20, 0x60e000f),
    ];

    /// <summary>The script of a file of scenarios.</summary>
    internal static string Compile(string source)
    {
        var script = new StringBuilder();
        using var reader = new StringReader(source);
        while (reader.ReadLine() is { } line)
        {
            string text = line.StartsWith('#') ? "" : line.Trim();
            if (text.StartsWith("code ", StringComparison.Ordinal))
            {
                Assemble(script, Names.Hex(text["code ".Length..]), ReadCode(reader));
            }
            else if (text.Length != 0)
            {
                Translate(script, text);
            }
        }

        return script.ToString();
    }

    private static void Translate(StringBuilder script, string text)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        switch (words[0])
        {
            case "guest":
                Vm(script);
                Vcpu(script, 0);
                break;
            case "vm":
                Vm(script);
                break;
            case "vcpu":
                Vcpu(script, int.Parse(words[1], CultureInfo.InvariantCulture));
                break;
            case "handler":
                Assemble(script, HandlerAddress, Handler);
                SetCsr(script, words.ElementAtOrDefault(1) ?? "cpu0", 0xc, HandlerAddress, ".");
                break;
            case "set" or "try":
                string label = words[0] == "set" ? "." : $"{words[1]}.{words[2]}";
                SetCsr(script, words[1], (int)Names.Csr(words[2]), Names.Hex(words[3]), label);
                break;
            case "get":
                GetCsr(script, words[1], words[2]);
                break;
            case "registers":
                Registers(script, words);
                break;
            case "reply":
                Line(script, $"page {words.ElementAtOrDefault(2) ?? "cpu0"} 28 8 {words[1]}");
                break;
            case "run":
                Line(script, string.Join(' ', ["run", words.ElementAtOrDefault(1) ?? "cpu0", .. words.Skip(2)]));
                break;
            case "ioctl":
                Ioctl(script, words);
                break;
            case "sweep":
                Line(script, string.Join(' ', [.. words[..3], $"{Names.Request(words[3]):x}", .. words[4..]]));
                break;
            default:
                Line(script, text);
                break;
        }
    }

    /// <summary>A VM with 4 MiB of memory at 0.</summary>
    private static void Vm(StringBuilder script)
    {
        Line(script, "open kvm");
        Line(script, $"ioctl kvm vm . {Names.Request("KVM_CREATE_VM"):x} value 0");
        Line(script, "map 0 400000");
        Line(script, $"ioctl vm - . {Names.Request("KVM_SET_USER_MEMORY_REGION"):x} 4:0 4:0 8:0 8:400000 m:0+0");
    }

    private static void Vcpu(StringBuilder script, int id)
    {
        string name = $"cpu{id}";
        Line(script, $"ioctl vm {name} . {Names.Request("KVM_CREATE_VCPU"):x} value {id:x}");
        Line(script, $"share {name}");
        foreach ((int word, uint value) in Cpucfg)
        {
            SetOneReg(script, name, Names.CpucfgRegister(word), value, ".");
        }

        SetCsr(script, name, 0x20, (ulong)id, ".");
    }

    private static void SetCsr(StringBuilder script, string vcpu, int csr, ulong value, string label) =>
        SetOneReg(script, vcpu, Names.CsrRegister(csr), value, label);

    private static void SetOneReg(StringBuilder script, string vcpu, ulong register, ulong value, string label)
    {
        Line(script, $"write +0 {value & uint.MaxValue:x} {value >> 32:x}");
        Line(script, $"ioctl {vcpu} - {label} {Names.Request("KVM_SET_ONE_REG"):x} 8:{register:x} m:+0");
    }

    private static void GetCsr(StringBuilder script, string vcpu, string csr)
    {
        Line(script, "write +0 0 0");
        ulong register = Names.CsrRegister((int)Names.Csr(csr));
        Line(script, $"ioctl {vcpu} - . {Names.Request("KVM_GET_ONE_REG"):x} 8:{register:x} m:+0");
        Line(script, $"read {csr} +0 1");
    }

    /// <summary>"registers cpu0 t0 pc=200": the client gets indices.</summary>
    private static void Registers(StringBuilder script, string[] words)
    {
        script.Append("registers ").Append(words[1]);
        foreach (string word in words[2..])
        {
            string[] parts = word.Split('=');
            script.Append(CultureInfo.InvariantCulture, $" {parts[0]}:{Names.Register(parts[0]):x}");
            if (parts.Length > 1)
            {
                script.Append(':').Append(parts[1]);
            }
        }

        script.Append('\n');
    }

    /// <summary>
    /// "ioctl FD NEW [.] NAME[/note] ...": the name is the label, its number is put behind it; the dot is silent.
    /// </summary>
    private static void Ioctl(StringBuilder script, string[] words)
    {
        int at = words[3] == "." ? 4 : 3;
        string request = $"{Names.Request(words[at].Split('/')[0]):x}";
        Line(script, string.Join(' ', ["ioctl", words[1], words[2], words[3], request, .. words[(at + 1)..]]));
    }

    private static string ReadCode(StringReader reader)
    {
        var code = new StringBuilder();
        while (reader.ReadLine() is { } line && line.Trim() != "end")
        {
            code.Append(line).Append('\n');
        }

        return code.Append(Stop).ToString();
    }

    private static void Assemble(StringBuilder script, ulong address, string code)
    {
        byte[] image = Assembler.Assemble(code, address).BytesOrThrow();
        script.Append(CultureInfo.InvariantCulture, $"write 0+{address:x}");
        for (int at = 0; at < image.Length; at += sizeof(uint))
        {
            script.Append(CultureInfo.InvariantCulture, $" {BitConverter.ToUInt32(image, at):x}");
        }

        script.Append('\n');
    }

    private static void Line(StringBuilder script, string line) => script.Append(line).Append('\n');
}
