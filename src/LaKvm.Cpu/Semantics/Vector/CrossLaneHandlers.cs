using System.Numerics;
using System.Runtime.Intrinsics;
using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>The LASX instructions that move elements between the two lanes; they have no LSX form.</summary>
internal static unsafe class CrossLaneHandlers
{
    /// <summary>xvperm.w: each word of k picks one of j's eight words.</summary>
    public static Trap PermuteWords(Core core, CpuState* s, Instruction* i)
    {
        Vector256<uint> j = *Register(s, i->J), k = *Register(s, i->K);
        *Register(s, i->D) = Vector256.Shuffle(j, k & Vector256.Create(7u));
        return Trap.None;
    }

    /// <summary>xvpermi.d: two bits for each of the four results choose from j.</summary>
    public static Trap PermuteDoubles(Core core, CpuState* s, Instruction* i)
    {
        Vector256<ulong> j = Register(s, i->J)->AsUInt64();
        int imm = i->Imm;
        *Register(s, i->D) =
            Vector256.Create(j[imm & 3], j[(imm >> 2) & 3], j[(imm >> 4) & 3], j[(imm >> 6) & 3]).AsUInt32();
        return Trap.None;
    }

    /// <summary>xvpermi.q: for each lane two bits choose from j's lanes (0, 1) and d's (2, 3).</summary>
    public static Trap PermuteQuads(Core core, CpuState* s, Instruction* i)
    {
        Vector256<uint> j = *Register(s, i->J), d = *Register(s, i->D);
        *Register(s, i->D) = Vector256.Create(Lane(j, d, i->Imm), Lane(j, d, i->Imm >> 4));
        return Trap.None;
    }

    /// <summary>vext2xv: as many of j's lowest elements as fit, extended.</summary>
    public static Trap Extend<T, TWide>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged, IBinaryInteger<T>
        where TWide : unmanaged, IBinaryInteger<TWide>
    {
        Vector256<uint> j = *Register(s, i->J);
        TWide* d = (TWide*)Register(s, i->D);
        for (int n = 0; n < 32 / sizeof(TWide); n++)
        {
            d[n] = TWide.CreateTruncating(((T*)&j)[n]);
        }

        return Trap.None;
    }

    /// <summary>xvinsve0: j's lowest element replaces one of d.</summary>
    public static Trap InsertLowest<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged
    {
        ((T*)Register(s, i->D))[i->Imm] = *(T*)Register(s, i->J);
        return Trap.None;
    }

    /// <summary>xvpickve: one element of j as the lowest one, zeros above it.</summary>
    public static Trap PickElement<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged
    {
        T element = ((T*)Register(s, i->J))[i->Imm];
        *Register(s, i->D) = Vector256.CreateScalar(element).As<T, uint>();
        return Trap.None;
    }

    /// <summary>xvreplve0: j's lowest element in all places.</summary>
    public static Trap ReplicateLowest<T>(Core core, CpuState* s, Instruction* i)
        where T : unmanaged
    {
        *Register(s, i->D) = Vector256.Create(*(T*)Register(s, i->J)).As<T, uint>();
        return Trap.None;
    }

    /// <summary>xvreplve0.q: j's lower lane in both lanes.</summary>
    public static Trap ReplicateLowestQuad(Core core, CpuState* s, Instruction* i)
    {
        *Register(s, i->D) = Vector256.Create(Register(s, i->J)->GetLower());
        return Trap.None;
    }

    private static Vector128<uint> Lane(Vector256<uint> j, Vector256<uint> d, int index)
    {
        Vector256<uint> source = (index & 2) == 0 ? j : d;
        return (index & 1) == 0 ? source.GetLower() : source.GetUpper();
    }

    private static Vector256<uint>* Register(CpuState* s, int number) => (Vector256<uint>*)CpuState.Vector(s, number);
}
