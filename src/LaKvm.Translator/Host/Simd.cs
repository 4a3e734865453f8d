namespace LaKvm.Translator;

/// <summary>
/// Host instructions on vector registers, by their encoding: opcode; opcode map (1 0F, 2 0F38, 3 0F3A) in bits 9:8;
/// prefix (1 66, 2 F3, 3 F2) in bits 13:12; W in bit 15; for shifts by an immediate, the opcode's extension in bits
/// 18:16. Names are Intel's without the v; loads, stores and moves that share a name say which they are.
/// </summary>
internal enum Simd
{
    /// <summary>No such instruction.</summary>
    None = 0,

    // Moves.
    MovupsLoad = 0x0110, MovupsStore = 0x0111, Movaps = 0x0128, MovssLoad = 0x2110, MovssStore = 0x2111,
    MovsdLoad = 0x3110, MovsdStore = 0x3111, MovdLoad = 0x116E, MovqLoad = 0x916E, MovdStore = 0x117E,
    MovqStore = 0x917E,
    Pinsrb = 0x1320, Pinsrw = 0x11C4, Pinsrd = 0x1322, Pinsrq = 0x9322,
    Pextrb = 0x1314, Pextrw = 0x1315, Pextrd = 0x1316, Pextrq = 0x9316,
    Broadcastb = 0x1278, Broadcastw = 0x1279, Broadcastd = 0x1258, Broadcastq = 0x1259, Broadcasti128 = 0x125A,
    Extracti128 = 0x1339, Inserti128 = 0x1338, Perm2i128 = 0x1346, Permq = 0x9300, Permd = 0x1236,

    // Floating point.
    Ucomis = 0x012E, Comis = 0x012F, Cvtdq2pd = 0x21E6, Cvtdq2ps = 0x015B, Cvtss2sd = 0x215A, Cvtsd2ss = 0x315A,
    Cvtps2pd = 0x015A, Cvtpd2ps = 0x115A, Cvtps2dq = 0x115B, Cvttps2dq = 0x215B,
    Cvtpd2dq = 0x31E6, Cvttpd2dq = 0x11E6,
    Andps = 0x0154, Andnps = 0x0155, Orps = 0x0156, Xorps = 0x0157, Roundps = 0x1308, Roundpd = 0x1309,

    // Logic and tests.
    Pand = 0x11DB, Pandn = 0x11DF, Por = 0x11EB, Pxor = 0x11EF, Ptest = 0x1217,
    Pmovmskb = 0x11D7, Movmskps = 0x0150, Movmskpd = 0x1150,

    // Arithmetic.
    Paddb = 0x11FC, Paddw = 0x11FD, Paddd = 0x11FE, Paddq = 0x11D4,
    Psubb = 0x11F8, Psubw = 0x11F9, Psubd = 0x11FA, Psubq = 0x11FB,
    Paddsb = 0x11EC, Paddsw = 0x11ED, Paddusb = 0x11DC, Paddusw = 0x11DD,
    Psubsb = 0x11E8, Psubsw = 0x11E9, Psubusb = 0x11D8, Psubusw = 0x11D9,
    Pmullw = 0x11D5, Pmulld = 0x1240, Pmulhw = 0x11E5, Pmulhuw = 0x11E4, Pmuldq = 0x1228, Pmuludq = 0x11F4,
    Pavgb = 0x11E0, Pavgw = 0x11E3, Pabsb = 0x121C, Pabsw = 0x121D, Pabsd = 0x121E,
    Psignb = 0x1208, Psignw = 0x1209, Psignd = 0x120A,
    Pmaxsb = 0x123C, Pmaxsw = 0x11EE, Pmaxsd = 0x123D, Pmaxub = 0x11DE, Pmaxuw = 0x123E, Pmaxud = 0x123F,
    Pminsb = 0x1238, Pminsw = 0x11EA, Pminsd = 0x1239, Pminub = 0x11DA, Pminuw = 0x123A, Pminud = 0x123B,
    Pcmpeqb = 0x1174, Pcmpeqw = 0x1175, Pcmpeqd = 0x1176, Pcmpeqq = 0x1229,
    Pcmpgtb = 0x1164, Pcmpgtw = 0x1165, Pcmpgtd = 0x1166, Pcmpgtq = 0x1237, Pclmulqdq = 0x1344,

    // Shifts: by an immediate, and of each element by its own amount.
    PsrlwBy = 0x2_1171, PsrawBy = 0x4_1171, PsllwBy = 0x6_1171, PsrldBy = 0x2_1172, PsradBy = 0x4_1172,
        PslldBy = 0x6_1172,
    PsrlqBy = 0x2_1173, PsllqBy = 0x6_1173, PsrldqBy = 0x3_1173, PslldqBy = 0x7_1173,
    Psllvd = 0x1247, Psllvq = 0x9247, Psrlvd = 0x1245, Psrlvq = 0x9245, Psravd = 0x1246,

    // Choices of elements.
    Punpcklbw = 0x1160, Punpcklwd = 0x1161, Punpckldq = 0x1162, Punpcklqdq = 0x116C,
    Punpckhbw = 0x1168, Punpckhwd = 0x1169, Punpckhdq = 0x116A, Punpckhqdq = 0x116D,
    Packsswb = 0x1163, Packuswb = 0x1167, Packusdw = 0x122B, Packssdw = 0x116B,
    Pshufb = 0x1200, Pshufd = 0x1170, Pshufhw = 0x2170, Pshuflw = 0x3170, Shufps = 0x01C6, Shufpd = 0x11C6,
    Pblendw = 0x130E, Pblendd = 0x1302, Pblendvb = 0x134C, Blendvps = 0x134A, Blendvpd = 0x134B,
    Permilps = 0x120C, Permilpd = 0x120D,
    Pmovsxbw = 0x1220, Pmovsxbd = 0x1221, Pmovsxbq = 0x1222, Pmovsxwd = 0x1223, Pmovsxwq = 0x1224, Pmovsxdq = 0x1225,
    Pmovzxbw = 0x1230, Pmovzxbd = 0x1231, Pmovzxbq = 0x1232, Pmovzxwd = 0x1233, Pmovzxwq = 0x1234, Pmovzxdq = 0x1235,
}
