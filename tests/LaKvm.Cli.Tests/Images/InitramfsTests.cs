using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using LaKvm.Images;
using LaKvm.Images.Initramfs;

namespace LaKvm.Cli.Tests.Images;

public sealed class InitramfsTests
{
    private static readonly Dictionary<string, byte[]> ModuleFiles = new()
    {
        ["kernel/fs/ext4/ext4.ko.gz"] = Gzip(Module("depends=jbd2,mbcache", "softdep=pre: crc-fast post: other")),
        ["kernel/fs/jbd2/jbd2.ko.gz"] = Gzip(Module("depends=")),
        ["kernel/fs/mbcache.ko"] = Module("license=GPL", "depends="),
        ["kernel/lib/crc-fast.ko"] = Module("depends=mbcache,builtin_thing"),
        ["kernel/net/unused.ko"] = Module("depends="),
    };

    [Fact]
    public void Cpio_holds_files_links_devices_and_their_directories()
    {
        var output = new MemoryStream();
        using (var cpio = new CpioWriter(output))
        {
            cpio.AddFile("a/b/script", "hello"u8, executable: true);
            cpio.AddFile("a/b/data", "12345678"u8);
            cpio.AddLink("a/link", "b/data");
            cpio.AddCharacterDevice("dev/console", 5, 1);
        }

        Dictionary<string, CpioFile> files = CpioArchive.Read(output.ToArray());
        files.Keys.Should().Equal("a", "a/b", "a/b/script", "a/b/data", "a/link", "dev", "dev/console");
        files["a/b"].Mode.Should().Be(0x41ed, "a directory, rwxr-xr-x");
        files["a/b/script"].Mode.Should().Be(0x81ed);
        files["a/b/script"].Text.Should().Be("hello");
        files["a/b/data"].Mode.Should().Be(0x81a4);
        files["a/link"].Should().Match<CpioFile>(f => f.Mode == 0xa1ff && f.Text == "b/data");
        files["dev/console"].Should().Match<CpioFile>(f => f.Mode == 0x2180 && f.Major == 5 && f.Minor == 1);
    }

    [Fact]
    public void Module_dependencies_come_from_the_modules_themselves()
    {
        KernelModule.ReadDepends(Module("depends=jbd2,mb-cache", "softdep=pre: crc-fast post: other"))
            .Should().Equal("jbd2", "mb_cache", "crc_fast");
        KernelModule.ReadDepends(Module("depends=")).Should().BeEmpty();
        KernelModule.NameOf("kernel/drivers/char/hw_random/virtio-rng.ko.xz").Should().Be("virtio_rng");
    }

    [Fact]
    public async Task Modules_are_collected_with_dependencies_first()
    {
        ModuleSet set = await ModuleSet.CollectAsync(
            ["ext4", "in_kernel"], ModuleFiles, new HashSet<string> { "in_kernel" }, default);

        set.Modules.Select(m => KernelModule.NameOf(m.Path)).Should().Equal("jbd2", "mbcache", "crc_fast", "ext4");
        set.DependencyFile().Split('\n').Should().Contain(
            "kernel/fs/ext4/ext4.ko: kernel/lib/crc-fast.ko kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko",
            "modprobe begins with the last");
        set.DependencyFile().Should()
            .Contain("kernel/lib/crc-fast.ko: kernel/fs/mbcache.ko\n", "what is built in is no file");
    }

    [Fact]
    public async Task Module_is_listed_with_what_its_dependencies_depend_on()
    {
        var files = new Dictionary<string, byte[]>
        {
            ["net_failover.ko"] = Module("depends=failover"), ["virtio_net.ko"] = Module("depends=net_failover"),
            ["failover.ko"] = Module("depends="),
        };
        ModuleSet set = await ModuleSet.CollectAsync(["virtio_net"], files, null, default);

        set.DependencyFile().Split('\n').Should().Contain("virtio_net.ko: net_failover.ko failover.ko");
    }

    [Fact]
    public async Task Packed_modules_stay_compressed_and_are_found_by_their_aliases()
    {
        var files = new Dictionary<string, byte[]>
        {
            ["kernel/fs/xfs/xfs.ko.gz"] = Gzip(Module("alias=fs-xfs", "depends=libcrc", "alias=xfs_too")),
            ["kernel/lib/libcrc.ko"] = Module("depends=base"), ["kernel/lib/base.ko.gz"] = Gzip(Module("depends=")),
            ["kernel/fs/ext4.ko.gz"] = Gzip(Module("alias=fs-ext4")), ["kernel/sound/snd.ko"] = Module("depends="),
        };
        ModuleSet set = await ModuleSet.CollectAsync(["ext4"], files, null, default);

        await set.AddPackedAsync(path => path.StartsWith("kernel/fs/"), files, Path.GetTempPath(), default);

        set.Modules.Select(module => module.Path).Should().Equal(
            "kernel/fs/ext4.ko", "kernel/fs/xfs/xfs.ko.gz", "kernel/lib/libcrc.ko", "kernel/lib/base.ko.gz");
        set.Modules.ElementAt(1).Contents.Should().Equal(files["kernel/fs/xfs/xfs.ko.gz"]);
        set.AliasFile().Should().Be("alias fs-ext4 ext4\nalias fs-xfs xfs\nalias xfs_too xfs\n");
        set.DependencyFile().Split('\n').Should()
            .Contain("kernel/fs/xfs/xfs.ko.gz: kernel/lib/libcrc.ko kernel/lib/base.ko.gz");
    }

    [Fact]
    public async Task Missing_module_is_named()
    {
        var collect = () => ModuleSet.CollectAsync(["virtio_blk"], ModuleFiles, new HashSet<string>(), default);
        await collect.Should().ThrowAsync<ImageFetchException>().WithMessage("*virtio_blk*");
    }

    [Fact]
    public async Task Initramfs_has_busybox_init_and_unpacked_modules()
    {
        ModuleSet set = await ModuleSet.CollectAsync(["ext4"], ModuleFiles, null, default);
        var output = new MemoryStream();
        InitramfsBuilder.Write(output, "ELF of busybox"u8.ToArray(), "7.2-test", set);

        Dictionary<string, CpioFile> files = CpioArchive.Read(output.ToArray());
        files["bin/busybox"].Text.Should().Be("ELF of busybox");
        files["init"].Should().Match<CpioFile>(f => f.Mode == 0x81ed && f.Text.StartsWith("#!/bin/busybox sh\n"));
        files["dev/console"].Major.Should().Be(5);
        files["lib/modules/7.2-test/kernel/fs/jbd2/jbd2.ko"].Contents.Should().Equal(Module("depends="));
        files["lib/modules/7.2-test/modules.dep"].Text.Should().Be(set.DependencyFile());
        files["lib/modules/7.2-test/modules.alias"].Text.Should().Be(set.AliasFile());
        CheckSyntax(files["init"].Contents);
        CheckSyntax(files["etc/udhcpc/default.script"].Contents);
    }

    [Fact]
    public void Damaged_module_is_refused()
    {
        var read = () => KernelModule.ReadDepends("no module"u8);
        read.Should().Throw<ImageFetchException>();
    }

    /// <summary>An ELF object with nothing but .modinfo.</summary>
    private static byte[] Module(params string[] info)
    {
        byte[] modinfo = Encoding.UTF8.GetBytes(string.Join('\0', info) + "\0");
        byte[] names = "\0.modinfo\0.shstrtab\0"u8.ToArray();
        using var elf = new MemoryStream();
        using var writer = new BinaryWriter(elf);
        int infoOffset = 64, namesOffset = infoOffset + modinfo.Length, table = namesOffset + names.Length;
        writer.Write("\u007fELF\u0002\u0001\u0001"u8);
        writer.Write(new byte[40 - 7]);
        writer.Write((long)table);
        writer.Write(new byte[12]);
        writer.Write((short)3); // e_shnum
        writer.Write((short)2); // e_shstrndx
        writer.Write(modinfo);
        writer.Write(names);
        writer.Write(new byte[64]);
        WriteSection(writer, 1, infoOffset, modinfo.Length);
        WriteSection(writer, 10, namesOffset, names.Length);
        return elf.ToArray();
    }

    private static void WriteSection(BinaryWriter writer, int name, long offset, long size)
    {
        writer.Write(name);
        writer.Write(new byte[20]);
        writer.Write(offset);
        writer.Write(size);
        writer.Write(new byte[24]);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        var output = new MemoryStream();
        using (var gzip = new GZipStream(output, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return output.ToArray();
    }

    private static void CheckSyntax(byte[] script)
    {
        using Process shell = Process.Start(new ProcessStartInfo("sh", ["-n"]) { RedirectStandardInput = true })!;
        shell.StandardInput.BaseStream.Write(script);
        shell.StandardInput.Close();
        shell.WaitForExit();
        shell.ExitCode.Should().Be(0);
    }
}
