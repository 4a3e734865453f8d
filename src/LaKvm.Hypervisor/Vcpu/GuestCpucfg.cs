using LaKvm.Cpu;

namespace LaKvm.Hypervisor;

/// <summary>CPUCFG words of a guest: set by user space, within what the host has.</summary>
public sealed class GuestCpucfg
{
    private readonly uint[] _words = new uint[KvmLimits.CpucfgWords];

    /// <summary>A word, below <see cref="KvmLimits.CpucfgWords"/>.</summary>
    internal uint this[int word] => _words[word];

    /// <summary>Units that word 2 announces, as EUEN bits.</summary>
    internal ulong Units { get; private set; }

    /// <summary>Performance counters that word 6 announces.</summary>
    internal int Counters => (_words[6] & CpucfgBits.Pmp) == 0
        ? 0
        : (int)((_words[6] & CpucfgBits.PmNumber) >> CpucfgBits.PmNumberShift) + 1;

    /// <summary>Bits that user space may set in a word; EINVAL for a word that does not exist.</summary>
    public static Errno GetMask(ulong word, out uint mask)
    {
        uint host = La464.Cpucfg(word);
        mask = word switch
        {
            0 or 4 or 5 => uint.MaxValue,
            1 => 0x03ff_ffff | CpucfgBits.MsgInt,
            2 => Word2Mask(host),
            3 => host & 0x00ff_ffff & ~CpucfgBits.Sfb,
            6 => (host & CpucfgBits.Pmp) != 0 ? 0x7fffu : 0,
            16 => 0x1_ffff,
            >= 17 and < KvmLimits.CpucfgWords => 0x7fff_ffff,
            _ => 0,
        };
        return word < KvmLimits.CpucfgWords ? Errno.None : Errno.Inval;
    }

    private static uint Word2Mask(uint host)
    {
        const uint always = CpucfgBits.Fp | CpucfgBits.FpSingle | CpucfgBits.FpDouble | CpucfgBits.FpVersion
            | CpucfgBits.Llftp | CpucfgBits.LlftpVersion | CpucfgBits.Lspw | CpucfgBits.Lam;
        const uint ifHost = CpucfgBits.Lsx | CpucfgBits.Lasx | CpucfgBits.BinaryTranslation | CpucfgBits.Ptw
            | CpucfgBits.Frecipe | CpucfgBits.Div32 | CpucfgBits.LamBh | CpucfgBits.Lamcas | CpucfgBits.LlAcqScRel
            | CpucfgBits.Scq;
        return always | (host & ifHost);
    }

    /// <summary>Whether user space may give a word this value.</summary>
    internal static bool Accepts(int word, ulong value) => GetMask((ulong)word, out uint mask) == Errno.None
        && (value & ~(ulong)mask) == 0 && IsConsistent(word, (uint)value);

    /// <summary>Sets a word to a value that it accepts.</summary>
    internal void Set(int word, uint value)
    {
        _words[word] = value;
        uint units = _words[2];
        Units = ((units & CpucfgBits.Fp) != 0 ? GuestFpu.Fpe : 0)
            | ((units & CpucfgBits.Lsx) != 0 ? GuestFpu.Sxe : 0)
            | ((units & CpucfgBits.Lasx) != 0 ? GuestFpu.Asxe : 0);
    }

    /// <summary>What a word says must fit together, and not be more than the host has.</summary>
    private static bool IsConsistent(int word, uint value)
    {
        uint host = La464.Cpucfg((ulong)word);
        return word switch
        {
            1 => (value & CpucfgBits.MsgInt) <= (host & CpucfgBits.MsgInt),
            2 => HasAll(value, CpucfgBits.Llftp)
                && (!HasAll(value, CpucfgBits.Fp) || HasAll(value, CpucfgBits.FpSingle | CpucfgBits.FpDouble))
                && (!HasAll(value, CpucfgBits.Lsx) || HasAll(value, CpucfgBits.Fp))
                && (!HasAll(value, CpucfgBits.Lasx) || HasAll(value, CpucfgBits.Lsx)),
            3 => (value & CpucfgBits.SpwLevel) <= (host & CpucfgBits.SpwLevel)
                && (value & CpucfgBits.RvaMax) <= (host & CpucfgBits.RvaMax),
            6 => !HasAll(value, CpucfgBits.Pmp)
                || ((value & CpucfgBits.PmBits) == (host & CpucfgBits.PmBits)
                    && (value & CpucfgBits.PmNumber) <= (host & CpucfgBits.PmNumber)
                    && (value & CpucfgBits.Upm) <= (host & CpucfgBits.Upm)),
            _ => true,
        };
    }

    private static bool HasAll(uint value, uint bits) => (value & bits) == bits;
}
