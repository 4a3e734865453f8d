using LaKvm.Hypervisor;
using LaKvm.Ioctl;

namespace LaKvm.Hypervisor.Tests;

/// <summary>A VM with all controllers in the hypervisor, set up through their attributes as a VMM does.</summary>
internal sealed class IrqchipBench : IDisposable
{
    internal const ulong PchPicBase = 0x1000_0000;
    internal const uint IpiRegisters = 0x4000_0001, EiointcRegisters = 0x4000_0002, EiointcStatus = 0x4000_0003,
        EiointcControl = 0x4000_0004, PchPicRegisters = 0x4000_0005, PchPicControl = 0x4000_0006;

    /// <summary>Offsets of the EIOINTC's registers for attributes.</summary>
    internal const uint Enable = 0x200, Status = 0x300, CoreIsr = 0x400, Routes = 0x800, PinMap = 0xc0;

    /// <summary>Offsets of the PCH-PIC's registers.</summary>
    internal const uint Mask = 0x20, Edge = 0x60, Vector = 0x200, Irr = 0x380, Isr = 0x3a0;

    internal const int Estat = 5;

    /// <summary>Ends a guest program: an access that no device answers.</summary>
    internal const string Stop = "\nli.d $s8, 0x1fe00ff8\nst.d $zero, $s8, 0\n";

    internal IrqchipBench(int cpus = 2)
    {
        Guest = new GuestBench(cpus);
        Ipi = Guest.Vm.CreateDevice(12);
        Eiointc = Guest.Vm.CreateDevice(13);
        PchPic = Guest.Vm.CreateDevice(14);
        Eiointc.SetAttribute(EiointcControl, 0, 4);
        Eiointc.SetAttribute(EiointcControl, 1, 0);
        PchPic.SetAttribute(PchPicControl, 0, PchPicBase);
    }

    internal GuestBench Guest { get; }

    internal LaKvm.Ioctl.Vm Vm => Guest.Vm;

    internal Device Ipi { get; }

    internal Device Eiointc { get; }

    internal Device PchPic { get; }

    /// <summary>
    /// Enables all vectors, on one HWI line and with one route, and unmasks a pin with a vector; -1 for none.
    /// </summary>
    internal void Open(int pin = 5, int vector = 33, int line = 1, uint route = 1)
    {
        ulong map = 0x0101_0101UL << line;
        Eiointc.SetAttribute(EiointcRegisters, PinMap, map);
        Eiointc.SetAttribute(EiointcRegisters, PinMap + 4, map);
        for (uint word = 0; word < 8; word++)
        {
            Eiointc.SetAttribute(EiointcRegisters, Enable + (word * 4), 0xffff_ffff);
        }

        for (uint word = 0; word < 64; word++)
        {
            Eiointc.SetAttribute(EiointcRegisters, Routes + (word * 4), route * 0x0101_0101);
        }

        Eiointc.SetAttribute(EiointcControl, 3, 0);
        if (pin >= 0)
        {
            PchPic.SetAttribute(PchPicRegisters, Vector + (ulong)pin, (ulong)vector);
            PchPic.SetAttribute(PchPicRegisters, Mask, ~(1UL << pin));
        }
    }

    /// <summary>A vCPU whose physical number is another one than its id.</summary>
    internal Vcpu CreateVcpu(int id, ulong physicalNumber)
    {
        Vcpu vcpu = Vm.CreateVcpu(id);
        vcpu.SetCsr(0x20, physicalNumber);
        return vcpu;
    }

    internal EventDescriptor CreateEvent(out int fd)
    {
        fd = Guest.Process.CreateEventFd();
        return (EventDescriptor)Guest.Process.Find(fd)!;
    }

    /// <summary>Makes a GSI a message.</summary>
    internal void RouteToMessage(uint gsi, uint vector) => Vm.SetGsiRouting(
        [new KvmIrqRoutingEntry { Gsi = gsi, Type = KvmIrqRoutingEntry.TypeMsi, Data = vector }]);

    public void Dispose() => Guest.Dispose();
}
