using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace LaKvm.Cpu;

/// <summary>
/// Root mode or guest mode of a core: its CSRs, TLB and timer. The CSRs are the stored values; bits that other parts
/// own (interrupt lines, timer value, PGD) are added on reading by <see cref="CsrUnit"/>.
/// </summary>
internal sealed unsafe class Mode : IDisposable
{
    private readonly ulong* _values =
        (ulong*)NativeMemory.AlignedAlloc(Csr.BankSize * sizeof(ulong), 64);

    /// <summary>Makes the mode in its reset state.</summary>
    /// <param name="vm">0 for root mode, 1 for the guest, as <see cref="CpuState.Vm"/>.</param>
    /// <param name="state">The core's registers.</param>
    /// <param name="outside">What is around the core.</param>
    public Mode(int vm, CpuState* state, Surroundings outside)
    {
        Vm = vm;
        Timer = new ConstantTimer(outside, countsOnAfterOneShot: vm != 0);
        Watch = new ExceptionWatch(state, outside);
        Reset();
    }

    /// <summary>0 for root mode, 1 for the guest.</summary>
    public int Vm { get; }

    /// <summary>Virtual to physical, or of the guest to guest-physical.</summary>
    public Tlb Tlb { get; } = new();

    /// <summary>The constant timer.</summary>
    public ConstantTimer Timer { get; }

    /// <summary>What watches the mode's exceptions.</summary>
    public ExceptionWatch Watch { get; }

    /// <summary>The CSRs by their number.</summary>
    public ulong* Values => _values;

    /// <summary>A CSR.</summary>
    public ref ulong this[int csr] => ref _values[csr];

    /// <summary>Whether a TLB refill is being handled.</summary>
    public bool InRefill
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (_values[Csr.Tlbrera] & 1) != 0;
    }

    /// <summary>Number of the address space.</summary>
    public int Asid => (int)_values[Csr.Asid] & 0x3ff;

    /// <summary>log2 of the size of the STLB's pages.</summary>
    public int StlbPageShift => (int)_values[Csr.Stlbps] & 0x3f;

    /// <summary>PGDL or PGDH by the top bit of the faulting address (manual volume 1, 7.5.8).</summary>
    public ulong PageDirectory
    {
        get
        {
            ulong address = _values[InRefill ? Csr.Tlbrbadv : Csr.Badv];
            return _values[((address >> 47) & 1) == 0 ? Csr.Pgdl : Csr.Pgdh];
        }
    }

    /// <summary>Power-on reset.</summary>
    public void Reset()
    {
        NativeMemory.Clear(_values, Csr.BankSize * sizeof(ulong));
        foreach (CsrDeclaration row in CsrTable.Rows)
        {
            _values[row.Number] = row.Reset;
        }

        Timer.Reset();
        Watch.Returned();
        Tlb.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tlb.Dispose();
        NativeMemory.AlignedFree(_values);
    }
}
