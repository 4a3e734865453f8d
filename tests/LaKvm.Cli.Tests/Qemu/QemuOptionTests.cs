using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using LaKvm.Backends.UserNetwork;
using LaKvm.Cli.Qemu;

namespace LaKvm.Cli.Tests.Qemu;

/// <summary>What each of QEMU's options becomes.</summary>
public sealed partial class QemuOptionTests
{
    [Fact]
    public void Command_line_of_the_documents_is_understood_word_for_word()
    {
        QemuMachine machine = QemuCommand.Read(
        [
            .. "-machine virt -m 4G -cpu la464 -smp 1 -bios QEMU_EFI.fd -kernel vmlinuz.efi -initrd ramdisk".Split(' '),
            .. "-serial stdio -monitor none -append".Split(' '),
            "root=/dev/ram rdinit=/sbin/init console=ttyS0,115200", "--nographic",
        ], out GuestOptions? options);

        machine.IsVirtual.Should().BeFalse();
        options.Should().BeEquivalentTo(new
        {
            Memory = 4UL << 30,
            Cpus = 1,
            Kernel = "vmlinuz.efi",
            Initrd = "ramdisk",
            Append = "root=/dev/ram rdinit=/sbin/init console=ttyS0,115200",
            HasDefaultNetwork = true,
            NoReboot = false,
        });
        options!.Firmware.Should().EndWith("QEMU_EFI.fd");
        options.Console.IsConnected.Should().BeTrue();
    }

    [Theory]
    [InlineData("-m 2G", 2048)]
    [InlineData("-m 2048", 2048)]
    [InlineData("-m size=512M", 512)]
    [InlineData("", 1024)]
    public void Memory_is_in_MiB_or_has_a_unit(string words, int megabytes) =>
        Options(words).Memory.Should().Be((ulong)megabytes << 20);

    [Theory]
    [InlineData("-smp 4", 4)]
    [InlineData("-smp cpus=4", 4)]
    [InlineData("-smp sockets=2,cores=2,threads=2", 8)]
    [InlineData("-smp 8,sockets=1,cores=4,threads=2,maxcpus=8", 8)]
    [InlineData("", 1)]
    public void Processors_are_a_number_or_a_product(string words, int cpus) =>
        Options(words).Cpus.Should().Be(cpus);

    [Theory]
    [InlineData("", false)]
    [InlineData("-accel tcg,thread=multi", false)]
    [InlineData("-accel kvm", true)]
    [InlineData("-accel kvm -accel tcg", true)]
    [InlineData("-enable-kvm", true)]
    [InlineData("-machine virt,accel=kvm:tcg", true)]
    [InlineData("-M type=virt,accel=kvm", true)]
    public void Accelerator_kvm_is_our_hypervisor(string words, bool isVirtual) =>
        Read(words).Machine.IsVirtual.Should().Be(isVirtual);

    [Theory]
    [InlineData("-machine virt,acpi=off", false)]
    [InlineData("-machine virt,acpi=on", true)]
    [InlineData("-machine virt,acpi=auto", null)]
    [InlineData("-cpu max", null)]
    public void Machine_says_whether_there_is_ACPI(string words, bool? acpi) => Options(words).Acpi.Should().Be(acpi);

    [Fact]
    public void Machines_properties_may_name_the_files()
    {
        GuestOptions options = Read(["-machine", "virt,kernel=k,initrd=i,append=a b,,c,firmware=f"]).Options!;

        (options.Kernel, options.Initrd, options.Append, options.Firmware).Should().Be(("k", "i", "a b,c", "f"));
    }

    [Theory]
    [InlineData("-drive file=a", "a", DriveMode.ReadWrite, null)]
    [InlineData("-drive file=a,format=raw,if=virtio,cache=none,aio=native,discard=unmap", "a", DriveMode.ReadWrite,
        "raw")]
    [InlineData("-drive file=a,,b,format=qcow2,id=x,index=0,media=disk", "a,b", DriveMode.ReadWrite, "qcow2")]
    [InlineData("-drive file=a,readonly=on", "a", DriveMode.ReadOnly, null)]
    [InlineData("-drive file=a,readonly", "a", DriveMode.ReadOnly, null)]
    [InlineData("-drive file=a,snapshot=on", "a", DriveMode.Snapshot, null)]
    [InlineData("-snapshot -drive file=a", "a", DriveMode.Snapshot, null)]
    [InlineData("-drive file=a -snapshot", "a", DriveMode.Snapshot, null)]
    [InlineData("-hda a", "a", DriveMode.ReadWrite, null)]
    [InlineData("a", "a", DriveMode.ReadWrite, null)]
    [InlineData("-cdrom a", "a", DriveMode.ReadOnly, null)]
    [InlineData("-drive file=a,media=cdrom", "a", DriveMode.ReadOnly, null)]
    [InlineData("-device virtio-blk-pci,drive=d,id=disk0 -drive file=a,if=none,id=d", "a", DriveMode.ReadWrite, null)]
    [InlineData("-drive file=nbd://host/x", "nbd://host/x", DriveMode.ReadWrite, null)]
    internal void Drive_is_a_disk(string words, string path, DriveMode mode, string? format) =>
        Options(words).Drives.Should().Equal(new DriveOption(path, mode) { Format = format });

    [Fact]
    public void Drives_are_in_order_those_of_devices_behind_the_others() =>
        Options("-drive file=c,if=none,id=c -drive file=a -device virtio-blk,drive=c b").Drives
            .Select(drive => drive.Path).Should().Equal("a", "b", "c");

    [Theory]
    [InlineData("-bios f", "f", null)]
    [InlineData("-pflash f", "f", null)]
    [InlineData("-pflash f -pflash v", "f", "v")]
    [InlineData("-drive if=pflash,format=raw,unit=0,file=f,readonly=on -drive if=pflash,unit=1,file=v,format=raw",
        "f", "v")]
    [InlineData("-bios f -drive if=pflash,unit=1,file=v", "f", "v")]
    public void Flash_is_firmware_and_its_variables(string words, string firmware, string? variables)
    {
        GuestOptions options = Read(words.Split(' ')).Options!;

        (options.Firmware, options.Nvram).Should().Be((firmware, variables));
    }

    [Fact]
    public void Firmware_is_looked_for_where_the_user_says()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("lakvm-qemu-");
        string file = Path.Combine(directory.FullName, "firmware-of-a-test");
        File.WriteAllText(file, "");

        Options($"-L {directory.FullName} -bios firmware-of-a-test").Firmware.Should().Be(file);
        directory.Delete(recursive: true);
    }

    [Theory]
    [InlineData("-netdev user,id=n,hostfwd=tcp::2222-:22,hostfwd=udp::53-:53 -device virtio-net-pci,netdev=n", null)]
    [InlineData("-nic user,hostfwd=tcp::2222-:22,hostfwd=udp::53-:53,model=virtio-net-pci,mac=52:54:00:00:00:07",
        "525400000007")]
    [InlineData("-device virtio-net,netdev=n,mac=52:54:00:00:00:07,romfile= "
        + "-netdev user,hostfwd=tcp::2222-:22,hostfwd=udp::53-:53,id=n,ipv6=off", "525400000007")]
    public void User_network_is_one(string words, string? mac)
    {
        GuestOptions options = Options(words);

        options.HasDefaultNetwork.Should().BeFalse();
        UserNetworkOption network = options.Networks.Should().ContainSingle().Which.Should()
            .BeOfType<UserNetworkOption>().Subject;
        network.Forwards.Should().Equal(
            new PortForward(false, "0.0.0.0", 2222, "10.0.2.15", 22), new PortForward(true, "0.0.0.0", 53, "10.0.2.15",
                53));
        network.Mac.Should().Be(mac == null ? null : PhysicalAddress.Parse(mac));
        network.IsRestricted.Should().BeFalse();
    }

    [Theory]
    [InlineData("-nic stream,server=off,addr.type=inet,addr.host=127.0.0.1,addr.port=7", 7, 0)]
    [InlineData("-nic socket,connect=127.0.0.1:7", 7, 0)]
    [InlineData("-nic socket,udp=127.0.0.1:7,localaddr=127.0.0.1:8", 7, 8)]
    [InlineData("-nic dgram,remote.type=inet,remote.host=127.0.0.1,remote.port=7,local.type=inet,"
        + "local.host=127.0.0.1,local.port=8", 7, 8)]
    public void Sockets_are_networks(string words, int remote, int local)
    {
        var network = (SocketNetworkOption)Options(words).Networks.Single();

        network.Remote.Should().Be(new IPEndPoint(IPAddress.Loopback, remote));
        network.Local.Should().Be(local == 0 ? null : new IPEndPoint(IPAddress.Loopback, local));
    }

    [Theory]
    [InlineData("-nic none")]
    [InlineData("-net none")]
    [InlineData("-nodefaults")]
    public void Network_may_be_left_out(string words)
    {
        GuestOptions options = Options(words);

        options.Networks.Should().BeEmpty();
        options.HasDefaultNetwork.Should().BeFalse();
    }

    [Theory]
    [InlineData("-virtfs local,path=/tmp,mount_tag=t,security_model=none,readonly=on,id=x")]
    [InlineData("-device virtio-9p-pci,fsdev=x,mount_tag=t -fsdev local,id=x,path=/tmp,security_model=none,readonly")]
    public void Directory_is_shared(string words) =>
        Options(words).Shares.Should().Equal(new ShareOption("/tmp", "t", true));

    [Fact]
    public void Entropy_source_is_a_device() =>
        Options("-object rng-random,filename=/dev/urandom,id=r -device virtio-rng-pci,rng=r -device virtio-rng")
            .EntropySources.Should().Be(2);

    [Fact]
    public void Loader_puts_a_file_into_RAM() =>
        Options("-device loader,file=a,addr=0x80000000,force-raw=on -device loader,file=b,addr=4096").Loads.Should()
            .Equal(new LoadOption("a", 0x8000_0000), new LoadOption("b", 4096));

    [Theory]
    [InlineData("-serial stdio", true)]
    [InlineData("-serial mon:stdio -display none -vga none", true)]
    [InlineData("-chardev stdio,id=c,mux=on,signal=off -serial chardev:c -mon chardev=c,mode=readline", true)]
    [InlineData("-nographic -monitor null -parallel none", true)]
    [InlineData("-serial null", false)]
    [InlineData("-serial none -serial null", false)]
    [InlineData("-serial chardev:c -chardev null,id=c", false)]
    public void Console_is_connected_or_not(string words, bool connected) =>
        Options(words).Console.IsConnected.Should().Be(connected);

    [Theory]
    [InlineData("-no-reboot", true)]
    [InlineData("-action reboot=shutdown", true)]
    [InlineData("-no-reboot -action reboot=reset", false)]
    [InlineData("-name guest -no-user-config -rtc base=utc,clock=host", false)]
    public void Reset_may_be_the_end(string words, bool end) => Options(words).NoReboot.Should().Be(end);

    [Fact]
    public void Debugger_is_listened_for_and_waited_for()
    {
        DoorOptions plain = Options("-s").Doors, held = Options("-gdb tcp:127.0.0.2:99 -S").Doors;
        (plain.Gdb!.At, plain.Waits).Should().Be((new IPEndPoint(IPAddress.Loopback, 1234), false));
        (held.Gdb!.At, held.Waits).Should().Be((new IPEndPoint(IPAddress.Parse("127.0.0.2"), 99), true));
        Options("-gdb unix:/tmp/x").Doors.Gdb!.At.Should().BeOfType<UnixDomainSocketEndPoint>();
        Options("-gdb none").Doors.IsAny.Should().BeFalse();
    }

    [Fact]
    public void Programs_and_people_come_in_by_sockets()
    {
        DoorOptions doors = Options(
            "-qmp unix:/tmp/q,server,nowait -monitor tcp:127.0.0.2:99,server=on,wait=off -S").Doors;
        doors.Qmp!.At.Should().BeOfType<UnixDomainSocketEndPoint>().Which.ToString().Should().Be("/tmp/q");
        doors.Monitor!.At.Should().Be(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 99));
        (doors.Gdb, doors.Waits).Should().Be((null, true));
        Options("-monitor none -qmp null").Doors.IsAny.Should().BeFalse();
    }

    [Theory]
    [InlineData("", SandboxMode.Auto)]
    [InlineData("-sandbox on", SandboxMode.On)]
    [InlineData("-sandbox off", SandboxMode.Off)]
    internal void Sandbox_is_ours(string words, SandboxMode mode) => Options(words).Sandbox.Should().Be(mode);

    [Theory]
    [InlineData("-icount 1", "-icount: this option is not known here")]
    [InlineData("-kernl x",
        "-kernl: this option is not known here; lakvm qemu -help lists what is. Did you mean 'kernel'?")]
    [InlineData("--", "--: this option")]
    [InlineData("-", "-: this option")]
    [InlineData("-m", "-m: the argument is missing")]
    [InlineData("-m much", "-m: 'much' is not a size")]
    [InlineData("-m 1G,slots=2", "-m: 'slots' is not known here")]
    [InlineData("-machine q35", "-machine: type=q35 is not known here; type=virt is")]
    [InlineData("-cpu la132", "-cpu: type=la132 is not known here")]
    [InlineData("-cpu la464,lsx=off", "-cpu: 'lsx' is not known here")]
    [InlineData("-accel xen", "-accel: accel=xen is not known here; accel=tcg|kvm is")]
    [InlineData("-smp 2,maxcpus=4", "-smp: the board has one number")]
    [InlineData("-smp 0", "-smp: cpus=0 is not a number")]
    [InlineData("-smp 65", "-smp: the board has one number of processors, of 1 to 64")]
    [InlineData("-smp sockets=2000000000,cores=2", "-smp: there is no such number")]
    [InlineData("-drive if=virtio", "-drive: file= is missing")]
    [InlineData("-drive file=a,if=ide", "-drive: if=ide is not on this board")]
    [InlineData("-drive file=a,cache=writethrough", "-drive: cache=writethrough is not known here")]
    [InlineData("-drive file=a,format=luks", "-drive: format=luks")]
    [InlineData("-drive file=a,iops=7", "-drive: 'iops' is not known here")]
    [InlineData("-drive file=a,readonly=maybe", "-drive: readonly=maybe is neither on nor off")]
    [InlineData("-device virtio-blk-pci,drive=d", "-device: there is no drive 'd'")]
    [InlineData("-device virtio-gpu-pci", "-device: there is no 'virtio-gpu-pci' on this board")]
    [InlineData("-device virtio-rng-pci,period=1", "-device: 'period' is not known here")]
    [InlineData("-device virtio-rng-pci,rng=r", "-device: there is no object 'r'")]
    [InlineData("-device virtio-net-pci,netdev=n", "-device: there is no network 'n'")]
    [InlineData("-device virtio-9p-pci,fsdev=f,mount_tag=t", "-device: there is no directory 'f'")]
    [InlineData("-device loader,file=a,addr=here", "-device: addr=here is not an address")]
    [InlineData("-netdev tap,id=n", "-netdev: 'tap' is no kind of network")]
    [InlineData("-netdev user", "-netdev: id= is missing")]
    [InlineData("-netdev user,id=a -netdev user,id=a", "-netdev: there are two of the name 'a'")]
    [InlineData("-netdev user,id=a,net=10.0.0.0/8", "-netdev: 'net' is not known here")]
    [InlineData("-nic user,model=e1000", "-nic: model=e1000 is not known here")]
    [InlineData("-nic user,mac=1:2", "-nic: '1:2' is not an Ethernet address")]
    [InlineData("-net nic", "-net: type=nic is not known here")]
    [InlineData("-virtfs local,path=/,mount_tag=t,security_model=mapped-xattr", "-virtfs: security_model=mapped-xattr")]
    [InlineData("-serial pty", "-serial: 'pty' is not known here")]
    [InlineData("-serial null -serial stdio", "-serial: 'stdio' is not known here for any port but the first")]
    [InlineData("-serial chardev:x", "-serial: there is no chardev 'x'")]
    [InlineData("-display gtk", "-display: 'gtk' is not known here")]
    [InlineData("-rtc base=localtime", "-rtc: base=localtime is not known here; base=utc is")]
    [InlineData("-S", "-S: -s, -gdb, -monitor or -qmp says who lets the machine go on")]
    [InlineData("-monitor stdio", "-monitor: 'stdio' is not known here")]
    [InlineData("-qmp unix:/tmp/q", "-qmp: nobody is called; server=on listens")]
    [InlineData("-qmp unix:/tmp/q,server=off", "-qmp: nobody is called; server=on listens")]
    [InlineData("-qmp unix:/tmp/q,server,wait", "-qmp: wait=on is not known here; wait=off is")]
    [InlineData("-qmp tcp:here,server", "-qmp: 'here' is not")]
    [InlineData("-qmp tcp::1,server,telnet", "-qmp: 'telnet' is not known here")]
    [InlineData("-bios a -pflash b", "there is one firmware")]
    public void What_is_not_understood_is_named(string words, string message)
    {
        Action read = () => Options(words);

        UserErrorException error = read.Should().Throw<UserErrorException>().Which;
        error.Message.Should().StartWith(message);
        error.ExitCode.Should().Be(ExitCode.Failure);
    }

    [Fact]
    public void Any_words_are_understood_or_are_the_users_mistake()
    {
        var random = new Random(464);
        string[] pieces =
        [
            .. QemuOptions.All.Select(option => "-" + option.Name), ",", ",,", "=", "on", "off", "id=a", "file=f",
            "virtio-blk-pci", "drive=a", "user", "netdev=a", "hostfwd=tcp::1-:2", "local", "path=/", "mount_tag=t",
            "stdio", "chardev:a", "1", "-1", "99999999999", "\0", "é", "tcp::", "if=none", "if=pflash", "no", "",
        ];
        int understood = 0;
        for (int n = 0; n < 20_000; n++)
        {
            string[] words = [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ =>
                string.Concat(Enumerable.Range(0, random.Next(1, 5)).Select(_ =>
                    pieces[random.Next(pieces.Length)] + (random.Next(2) == 0 ? "," : ""))))];
            try
            {
                Read(words);
                understood++;
            }
            catch (UserErrorException e)
            {
                e.Message.Should().NotBeEmpty();
            }
        }

        understood.Should().BeGreaterThan(0);
    }

    [Fact]
    public void Document_has_a_row_for_each_option_and_no_other()
    {
        string text = File.ReadAllText(Path.Combine(LakvmProcess.Root, "docs/qemu.md"));

        string[] rows =
            [.. Row().Matches(text).SelectMany(row => row.Groups["name"].Captures.Select(name => name.Value))];

        rows.Should().BeEquivalentTo(QemuOptions.All.Select(option => option.Name));
    }

    [GeneratedRegex(@"^\|( `-(?<name>[^ `]+)[^`]*`,?)+ \|", RegexOptions.Multiline)]
    private static partial Regex Row();

    private static GuestOptions Options(string words) =>
        Read(words).Options!;

    private static (QemuMachine Machine, GuestOptions? Options) Read(string words) =>
        Read(["-kernel", "k", .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

    private static (QemuMachine Machine, GuestOptions? Options) Read(string[] words) =>
        (QemuCommand.Read(words, out GuestOptions? options), options);
}
