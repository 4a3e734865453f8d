using System.Globalization;

namespace LaKvm.Cpu.Tests.Conformance;

/// <summary>The state before or after a case, as docs/testing.md describes it.</summary>
internal sealed class MachineImage
{
    public const ulong CodeBase = 0x100000, CodeSize = 0x10000, DataBase = 0x200000, DataSize = 0x4000;

    public readonly ulong[] Gpr = new ulong[32];
    public readonly ulong[] Vr = new ulong[32 * 4];
    public readonly SortedDictionary<ulong, ulong> Memory = [];
    public ulong Fcc, Pc = 0x108000;
    public uint Fcsr;
    public string? Trap;

    /// <summary>The default state.</summary>
    public MachineImage()
    {
        for (uint n = 0; n < 32; n++)
        {
            Gpr[n] = n * 0x0101010101010101ul;
            for (uint word = 0; word < 4; word++)
            {
                Vr[(n * 4) + word] = (0x80 + n + (0x20 * word)) % 256 * 0x0101010101010101ul;
            }
        }
    }

    /// <summary>A copy of <paramref name="other"/>.</summary>
    public MachineImage(MachineImage other)
    {
        other.Gpr.CopyTo(Gpr, 0);
        other.Vr.CopyTo(Vr, 0);
        foreach (KeyValuePair<ulong, ulong> cell in other.Memory)
        {
            Memory.Add(cell.Key, cell.Value);
        }

        (Fcc, Pc, Fcsr, Trap) = (other.Fcc, other.Pc, other.Fcsr, other.Trap);
    }

    /// <summary>Applies one "name=value" of a vector line.</summary>
    public void Set(string assignment)
    {
        string[] sides = assignment.Split('=');
        string name = sides[0], value = sides[1];
        switch (name)
        {
            case "trap": Trap = value; break;
            case "fcc": Fcc = Number(value); break;
            case "fcsr": Fcsr = (uint)Number(value); break;
            case "pc": Pc = Number(value); break;
            default: SetIndexed(name[0], name[1..], value); break;
        }
    }

    private void SetIndexed(char kind, string index, string value)
    {
        if (kind == '@')
        {
            Memory[Number(index)] = Number(value);
            return;
        }

        int register = int.Parse(index, CultureInfo.InvariantCulture);
        switch (kind)
        {
            case 'r': Gpr[register] = Number(value); break;
            case 'f': Vr[register * 4] = Number(value); break;
            case 'v' or 'x': SetVector(register, value); break;
            default: throw new FormatException($"unknown name {kind}{index}");
        }
    }

    private void SetVector(int register, string value)
    {
        string[] words = value.Split('_');
        for (int word = 0; word < words.Length; word++)
        {
            Vr[(register * 4) + word] = Number(words[^(word + 1)]);
        }
    }

    private static ulong Number(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
