using System.Runtime.InteropServices;

namespace LaKvm.Cpu;

/// <summary>
/// The CSRs of root mode, or the guest CSR file: the stored values. Bits that other parts own (interrupt lines, timer
/// value, PGD) are added on reading by <see cref="Core"/>.
/// </summary>
internal sealed unsafe class CsrBank : IDisposable
{
    private readonly ulong* _values =
        (ulong*)NativeMemory.AlignedAlloc(Csr.BankSize * sizeof(ulong), 64);

    public CsrBank() => Reset();

    public ulong* Values => _values;

    public ref ulong this[int csr] => ref _values[csr];

    public void Reset()
    {
        NativeMemory.Clear(_values, Csr.BankSize * sizeof(ulong));
        foreach (CsrDeclaration row in CsrTable.Rows)
        {
            _values[row.Number] = row.Reset;
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(_values);
}
