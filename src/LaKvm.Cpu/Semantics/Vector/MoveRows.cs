using System.Runtime.Intrinsics;
using LaKvm.Isa;

namespace LaKvm.Cpu.Vectors;

/// <summary>Loads, stores, element moves, permutations and conditions.</summary>
internal static unsafe class MoveRows
{
    public static void Register(VectorRows rows)
    {
        Memory(rows);
        Permutations(rows);
        Elements(rows);
        GeneralRegisters(rows);
        BetweenLanes(rows);
        Conditions(rows);
    }

    private static void Memory(VectorRows rows)
    {
        rows.Table[Opcode.Vld] = &VectorHandlers.Load<Vector128<byte>>;
        rows.Table[Opcode.Vldx] = &VectorHandlers.LoadIndexed<Vector128<byte>>;
        rows.Table[Opcode.Vst] = &VectorHandlers.Store<Vector128<byte>>;
        rows.Table[Opcode.Vstx] = &VectorHandlers.StoreIndexed<Vector128<byte>>;
        rows.Table[Opcode.Xvld] = &VectorHandlers.Load<Vector256<byte>>;
        rows.Table[Opcode.Xvldx] = &VectorHandlers.LoadIndexed<Vector256<byte>>;
        rows.Table[Opcode.Xvst] = &VectorHandlers.Store<Vector256<byte>>;
        rows.Table[Opcode.Xvstx] = &VectorHandlers.StoreIndexed<Vector256<byte>>;
        rows.Table[Opcode.VldreplB] = &VectorHandlers.LoadReplicated<byte, Lsx>;
        rows.Table[Opcode.XvldreplB] = &VectorHandlers.LoadReplicated<byte, Lasx>;
        rows.Table[Opcode.VstelmB] = &VectorHandlers.StoreElement<byte>;
        rows.Table[Opcode.XvstelmB] = &VectorHandlers.StoreElement<byte>;
        rows.Table[Opcode.VldreplH] = &VectorHandlers.LoadReplicated<ushort, Lsx>;
        rows.Table[Opcode.XvldreplH] = &VectorHandlers.LoadReplicated<ushort, Lasx>;
        rows.Table[Opcode.VstelmH] = &VectorHandlers.StoreElement<ushort>;
        rows.Table[Opcode.XvstelmH] = &VectorHandlers.StoreElement<ushort>;
        rows.Table[Opcode.VldreplW] = &VectorHandlers.LoadReplicated<uint, Lsx>;
        rows.Table[Opcode.XvldreplW] = &VectorHandlers.LoadReplicated<uint, Lasx>;
        rows.Table[Opcode.VstelmW] = &VectorHandlers.StoreElement<uint>;
        rows.Table[Opcode.XvstelmW] = &VectorHandlers.StoreElement<uint>;
        rows.Table[Opcode.VldreplD] = &VectorHandlers.LoadReplicated<ulong, Lsx>;
        rows.Table[Opcode.XvldreplD] = &VectorHandlers.LoadReplicated<ulong, Lasx>;
        rows.Table[Opcode.VstelmD] = &VectorHandlers.StoreElement<ulong>;
        rows.Table[Opcode.XvstelmD] = &VectorHandlers.StoreElement<ulong>;
    }

    private static void Permutations(VectorRows rows)
    {
        rows.Permutation<PackEven>(Opcode.VpackevB, Opcode.XvpackevB);
        rows.Permutation<PackOdd>(Opcode.VpackodB, Opcode.XvpackodB);
        rows.Permutation<InterleaveLow>(Opcode.VilvlB, Opcode.XvilvlB);
        rows.Permutation<InterleaveHigh>(Opcode.VilvhB, Opcode.XvilvhB);
        rows.Permutation<PickEven>(Opcode.VpickevB, Opcode.XvpickevB);
        rows.Permutation<PickOdd>(Opcode.VpickodB, Opcode.XvpickodB);
        rows.LanesOfFour<ByteShuffle>(Opcode.VshufB, Opcode.XvshufB);
        rows.Lanes<ElementShuffle<ushort>>(Opcode.VshufH, Opcode.XvshufH);
        rows.Lanes<ElementShuffle<uint>>(Opcode.VshufW, Opcode.XvshufW);
        rows.Lanes<ElementShuffle<ulong>>(Opcode.VshufD, Opcode.XvshufD);
        rows.Lanes<ShuffleFours<byte>>(Opcode.Vshuf4iB, Opcode.Xvshuf4iB);
        rows.Lanes<ShuffleFours<ushort>>(Opcode.Vshuf4iH, Opcode.Xvshuf4iH);
        rows.Lanes<ShuffleFours<uint>>(Opcode.Vshuf4iW, Opcode.Xvshuf4iW);
        rows.Lanes<ShuffleDoubles>(Opcode.Vshuf4iD, Opcode.Xvshuf4iD);
        rows.Lanes<PermuteWords>(Opcode.VpermiW, Opcode.XvpermiW);
        rows.Lanes<ByteShiftLeft>(Opcode.VbsllV, Opcode.XvbsllV);
        rows.Lanes<ByteShiftRight>(Opcode.VbsrlV, Opcode.XvbsrlV);
    }

    private static void Elements(VectorRows rows)
    {
        rows.LanesByGpr<Replicate<byte>>(Opcode.VreplveB, Opcode.XvreplveB);
        rows.Lanes<Replicate<byte>>(Opcode.VreplveiB, Opcode.Xvrepl128veiB);
        rows.Lanes<InsertElement<byte>>(Opcode.VextrinsB, Opcode.XvextrinsB);
        rows.LanesByGpr<Replicate<ushort>>(Opcode.VreplveH, Opcode.XvreplveH);
        rows.Lanes<Replicate<ushort>>(Opcode.VreplveiH, Opcode.Xvrepl128veiH);
        rows.Lanes<InsertElement<ushort>>(Opcode.VextrinsH, Opcode.XvextrinsH);
        rows.LanesByGpr<Replicate<uint>>(Opcode.VreplveW, Opcode.XvreplveW);
        rows.Lanes<Replicate<uint>>(Opcode.VreplveiW, Opcode.Xvrepl128veiW);
        rows.Lanes<InsertElement<uint>>(Opcode.VextrinsW, Opcode.XvextrinsW);
        rows.LanesByGpr<Replicate<ulong>>(Opcode.VreplveD, Opcode.XvreplveD);
        rows.Lanes<Replicate<ulong>>(Opcode.VreplveiD, Opcode.Xvrepl128veiD);
        rows.Lanes<InsertElement<ulong>>(Opcode.VextrinsD, Opcode.XvextrinsD);
        rows.Lanes<FirstNegative<byte>>(Opcode.VfrstpiB, Opcode.XvfrstpiB);
        rows.Lanes<ImmediateFromK<FirstNegative<byte>>>(Opcode.VfrstpB, Opcode.XvfrstpB);
        rows.Lanes<FirstNegative<ushort>>(Opcode.VfrstpiH, Opcode.XvfrstpiH);
        rows.Lanes<ImmediateFromK<FirstNegative<ushort>>>(Opcode.VfrstpH, Opcode.XvfrstpH);
        rows.Table[Opcode.Vldi] = &VectorHandlers.LoadImmediate<Lsx>;
        rows.Table[Opcode.Xvldi] = &VectorHandlers.LoadImmediate<Lasx>;
    }

    private static void GeneralRegisters(VectorRows rows)
    {
        rows.Table[Opcode.Vreplgr2vrB] = &VectorHandlers.ReplicateGpr<byte, Lsx>;
        rows.Table[Opcode.Xvreplgr2vrB] = &VectorHandlers.ReplicateGpr<byte, Lasx>;
        rows.Table[Opcode.Vinsgr2vrB] = &VectorHandlers.InsertGpr<byte>;
        rows.Table[Opcode.Vpickve2grB] = &VectorHandlers.PickToGpr<sbyte>;
        rows.Table[Opcode.Vpickve2grBu] = &VectorHandlers.PickToGpr<byte>;
        rows.Table[Opcode.Vreplgr2vrH] = &VectorHandlers.ReplicateGpr<ushort, Lsx>;
        rows.Table[Opcode.Xvreplgr2vrH] = &VectorHandlers.ReplicateGpr<ushort, Lasx>;
        rows.Table[Opcode.Vinsgr2vrH] = &VectorHandlers.InsertGpr<ushort>;
        rows.Table[Opcode.Vpickve2grH] = &VectorHandlers.PickToGpr<short>;
        rows.Table[Opcode.Vpickve2grHu] = &VectorHandlers.PickToGpr<ushort>;
        rows.Table[Opcode.Vreplgr2vrW] = &VectorHandlers.ReplicateGpr<uint, Lsx>;
        rows.Table[Opcode.Xvreplgr2vrW] = &VectorHandlers.ReplicateGpr<uint, Lasx>;
        rows.Table[Opcode.Vinsgr2vrW] = &VectorHandlers.InsertGpr<uint>;
        rows.Table[Opcode.Vpickve2grW] = &VectorHandlers.PickToGpr<int>;
        rows.Table[Opcode.Vpickve2grWu] = &VectorHandlers.PickToGpr<uint>;
        rows.Table[Opcode.Xvinsgr2vrW] = &VectorHandlers.InsertGpr<uint>;
        rows.Table[Opcode.Xvpickve2grW] = &VectorHandlers.PickToGpr<int>;
        rows.Table[Opcode.Xvpickve2grWu] = &VectorHandlers.PickToGpr<uint>;
        rows.Table[Opcode.Vreplgr2vrD] = &VectorHandlers.ReplicateGpr<ulong, Lsx>;
        rows.Table[Opcode.Xvreplgr2vrD] = &VectorHandlers.ReplicateGpr<ulong, Lasx>;
        rows.Table[Opcode.Vinsgr2vrD] = &VectorHandlers.InsertGpr<ulong>;
        rows.Table[Opcode.Vpickve2grD] = &VectorHandlers.PickToGpr<long>;
        rows.Table[Opcode.Vpickve2grDu] = &VectorHandlers.PickToGpr<ulong>;
        rows.Table[Opcode.Xvinsgr2vrD] = &VectorHandlers.InsertGpr<ulong>;
        rows.Table[Opcode.Xvpickve2grD] = &VectorHandlers.PickToGpr<long>;
        rows.Table[Opcode.Xvpickve2grDu] = &VectorHandlers.PickToGpr<ulong>;
    }

    private static void BetweenLanes(VectorRows rows)
    {
        rows.Table[Opcode.XvpermW] = &CrossLaneHandlers.PermuteWords;
        rows.Table[Opcode.XvpermiD] = &CrossLaneHandlers.PermuteDoubles;
        rows.Table[Opcode.XvpermiQ] = &CrossLaneHandlers.PermuteQuads;
        rows.Table[Opcode.Xvreplve0B] = &CrossLaneHandlers.ReplicateLowest<byte>;
        rows.Table[Opcode.Xvreplve0H] = &CrossLaneHandlers.ReplicateLowest<ushort>;
        rows.Table[Opcode.Xvinsve0W] = &CrossLaneHandlers.InsertLowest<uint>;
        rows.Table[Opcode.XvpickveW] = &CrossLaneHandlers.PickElement<uint>;
        rows.Table[Opcode.Xvreplve0W] = &CrossLaneHandlers.ReplicateLowest<uint>;
        rows.Table[Opcode.Xvinsve0D] = &CrossLaneHandlers.InsertLowest<ulong>;
        rows.Table[Opcode.XvpickveD] = &CrossLaneHandlers.PickElement<ulong>;
        rows.Table[Opcode.Xvreplve0D] = &CrossLaneHandlers.ReplicateLowest<ulong>;
        rows.Table[Opcode.Xvreplve0Q] = &CrossLaneHandlers.ReplicateLowestQuad;
    }

    private static void Conditions(VectorRows rows)
    {
        rows.Table[Opcode.VseteqzV] = &VectorHandlers.SetZero<Lsx>;
        rows.Table[Opcode.VsetnezV] = &VectorHandlers.SetNotZero<Lsx>;
        rows.Table[Opcode.VsetanyeqzB] = &VectorHandlers.SetAnyZero<byte, Lsx>;
        rows.Table[Opcode.VsetallnezB] = &VectorHandlers.SetAllNotZero<byte, Lsx>;
        rows.Table[Opcode.VsetanyeqzH] = &VectorHandlers.SetAnyZero<ushort, Lsx>;
        rows.Table[Opcode.VsetallnezH] = &VectorHandlers.SetAllNotZero<ushort, Lsx>;
        rows.Table[Opcode.VsetanyeqzW] = &VectorHandlers.SetAnyZero<uint, Lsx>;
        rows.Table[Opcode.VsetallnezW] = &VectorHandlers.SetAllNotZero<uint, Lsx>;
        rows.Table[Opcode.VsetanyeqzD] = &VectorHandlers.SetAnyZero<ulong, Lsx>;
        rows.Table[Opcode.VsetallnezD] = &VectorHandlers.SetAllNotZero<ulong, Lsx>;
        rows.Table[Opcode.XvseteqzV] = &VectorHandlers.SetZero<Lasx>;
        rows.Table[Opcode.XvsetnezV] = &VectorHandlers.SetNotZero<Lasx>;
        rows.Table[Opcode.XvsetanyeqzB] = &VectorHandlers.SetAnyZero<byte, Lasx>;
        rows.Table[Opcode.XvsetallnezB] = &VectorHandlers.SetAllNotZero<byte, Lasx>;
        rows.Table[Opcode.XvsetanyeqzH] = &VectorHandlers.SetAnyZero<ushort, Lasx>;
        rows.Table[Opcode.XvsetallnezH] = &VectorHandlers.SetAllNotZero<ushort, Lasx>;
        rows.Table[Opcode.XvsetanyeqzW] = &VectorHandlers.SetAnyZero<uint, Lasx>;
        rows.Table[Opcode.XvsetallnezW] = &VectorHandlers.SetAllNotZero<uint, Lasx>;
        rows.Table[Opcode.XvsetanyeqzD] = &VectorHandlers.SetAnyZero<ulong, Lasx>;
        rows.Table[Opcode.XvsetallnezD] = &VectorHandlers.SetAllNotZero<ulong, Lasx>;
    }
}
