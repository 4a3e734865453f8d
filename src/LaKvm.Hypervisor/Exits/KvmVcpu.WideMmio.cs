using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Hypervisor;

/// <summary>
/// Device accesses of floating-point and vector instructions, which Linux's KVM refuses. What is wider than 8 bytes goes to
/// the device in parts, low address first, each on its own to user space where nobody in the hypervisor answers it.
/// </summary>
public sealed unsafe partial class KvmVcpu
{
    private const int PartBytes = 8, VectorWords = 4;

    private readonly ulong[] _wideData = new ulong[VectorWords];
    private MmioInstruction _wide;
    private uint _wideWord;
    private ulong _wideGpa;
    private int _wideDone;

    private int EmulateWideAccess(ulong gpa, MmioInstruction access, uint word)
    {
        (_wide, _wideWord, _wideGpa, _wideDone) = (access, word, gpa, 0);
        if (access.Store)
        {
            GatherWideStore();
            _registers.Pc += 4;
        }

        return ContinueWideAccess();
    }

    /// <summary>Transfers the parts that remain, up to the first one that user space has to answer.</summary>
    private int ContinueWideAccess()
    {
        while (_wideDone < _wide.Size)
        {
            ulong gpa = _wideGpa + (ulong)_wideDone;
            int size = Math.Min(PartBytes, _wide.Size - _wideDone);
            ref ulong part = ref _wideData[_wideDone / PartBytes];
            bool answered = _wide.Store
                ? Vm.MmioBus.Write(this, gpa, size, part)
                : Vm.MmioBus.Read(this, gpa, size, out part);
            TraceAccess access = _wide.Store ? TraceAccess.Write : answered ? TraceAccess.Read : TraceAccess.ReadUnsatisfied;
            Trace(TraceEvent.Mmio, gpa, part, (ulong)access);
            if (!answered)
            {
                ExitForMmio(gpa, size, _wide.Store ? part : 0, _wide.Store);
                _pendingRead = PendingRead.WideMmio;
                return ResumeHost;
            }

            _wideDone += size;
        }

        if (!_wide.Store)
        {
            ScatterWideLoad();
            _registers.Pc += 4;
        }

        return ResumeGuest;
    }

    /// <summary>User space has answered a part.</summary>
    private int CompleteWidePart(ulong data)
    {
        if (!_wide.Store)
        {
            _wideData[_wideDone / PartBytes] = data;
            Trace(TraceEvent.Mmio, _wideGpa + (ulong)_wideDone, data);
        }

        _wideDone += PartBytes;
        return ContinueWideAccess();
    }

    /// <summary>Where a vector register is: in the core while the guest has it loaded, else in memory.</summary>
    private ulong* VectorRegister(int number)
    {
        if (_core == null)
        {
            Synchronize();
        }

        return _unitsLoaded != 0 ? CpuState.Vector(_core!.State, number) : _registers.Vector + (VectorWords * number);
    }

    private void GatherWideStore()
    {
        ulong* register = VectorRegister(Rd(_wideWord));
        if (_wide.Register == MmioRegister.OneElement)
        {
            byte* element = (byte*)register + (Decoder.Decode(_wideWord).A * _wide.Size);
            _wideData[0] = ReadBytes(element, _wide.Size);
            return;
        }

        for (int i = 0; i * PartBytes < _wide.Size; i++)
        {
            _wideData[i] = Low(register[i], Math.Min(PartBytes, _wide.Size));
        }
    }

    private void ScatterWideLoad()
    {
        ulong* register = VectorRegister(Rd(_wideWord));
        switch (_wide.Register)
        {
            case MmioRegister.Float:
                register[0] = _wide.Size == 4 ? Fp32.Box((uint)_wideData[0]) : _wideData[0];
                break;
            case MmioRegister.Vector:
                new ReadOnlySpan<ulong>(_wideData, 0, _wide.Size / PartBytes).CopyTo(new Span<ulong>(register, VectorWords));
                break;
            default:
                for (int i = 0; i < _wide.Width; i++)
                {
                    ((byte*)register)[i] = (byte)(_wideData[0] >> (8 * (i % _wide.Size)));
                }

                break;
        }
    }

    private static ulong ReadBytes(byte* from, int size)
    {
        ulong value = 0;
        for (int i = 0; i < size; i++)
        {
            value |= (ulong)from[i] << (8 * i);
        }

        return value;
    }
}
