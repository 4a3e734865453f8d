namespace LaKvm.Translator;

/// <summary>
/// Host instructions on vector registers, by their encoding: opcode; opcode map (1 0F, 2 0F38, 3 0F3A) in bits 9:8;
/// prefix (1 66, 2 F3, 3 F2) in bits 13:12; W in bit 15. Names are Intel's without the v.
/// </summary>
internal enum Simd
{
    /// <summary>No such instruction.</summary>
    None = 0,

    MovupsLoad = 0x0110,
    MovupsStore = 0x0111,
    Movaps = 0x0128,
    MovssLoad = 0x2110,
    MovssStore = 0x2111,
    MovsdLoad = 0x3110,
    MovsdStore = 0x3111,
    MovdLoad = 0x116E,
    MovqLoad = 0x916E,
    MovdStore = 0x117E,
    MovqStore = 0x917E,
    Ucomis = 0x012E,
    Comis = 0x012F,
    Cvtdq2pd = 0x21E6,
    Cvtdq2ps = 0x015B,
    Cvtss2sd = 0x215A,
    Cvtsd2ss = 0x315A,
    Andps = 0x0154,
    Andnps = 0x0155,
    Orps = 0x0156,
    Xorps = 0x0157,
    Pinsrd = 0x1322,
    Pinsrq = 0x9322,
    Ptest = 0x1217,
    Roundss = 0x130A,
    Roundsd = 0x130B,
}
