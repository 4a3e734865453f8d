using LaKvm.Images;
using LaKvm.Images.Debian;
using LaKvm.Images.Store;

namespace LaKvm.Cli.Tests.Images;

public sealed class DebianImagesTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lakvm-images-");

    public void Dispose() => _directory.Delete(recursive: true);

    [Fact]
    public void Library_comes_with_what_it_needs_and_is_not_installed() => HostLibrary.PackagesOf(
    [
        "Reading package lists...",
        "'http://mirror/debian/pool/main/p/libpcre2-8-0_10.42-1_amd64.deb' libpcre2-8-0_10.42-1_amd64.deb 261 SHA",
        "'http://mirror/debian/pool/main/libs/libslirp/libslirp0_4.7.0-1_amd64.deb' libslirp0_4.7.0-1_amd64.deb 63 SHA",
    ]).Should().Equal("libpcre2-8-0", "libslirp0");

    [Fact]
    public void Mirror_is_read_from_what_apt_would_fetch()
    {
        AptRepository.MirrorOf(
        [
            "'https://packages.example.org/tools/dists/stable/InRelease' packages.example.org_InRelease 0 ",
            "'http://security.example.org/debian-security/dists/stable-security/InRelease' x 0 ",
            "'http://mirror.example.org:3142/proxy/debian/dists/stable/InRelease' y 0 ",
        ]).Should().Be("http://mirror.example.org:3142/proxy/debian");
        AptRepository.MirrorOf(["'http://archive.example.org/ubuntu/dists/noble/InRelease' z 0"]).Should().BeNull();
    }

    [Fact]
    public void Package_record_gives_version_and_dependencies()
    {
        AptPackage package = AptRepository.ParsePackage("linux-image-loong64",
        [
            "Package: linux-image-loong64", "Version: 7.2.12-1",
            "Depends: linux-base-loong64 (= 7.2.12-1), linux-image-7.2.12+deb14-loong64 (= 7.2.12-1), dracut | "
            + "initramfs-tools:any",
            "Description: something", " Version: not this",
        ]);
        package.Version.Should().Be("7.2.12-1");
        package.Depends.Should().Equal("linux-base-loong64", "linux-image-7.2.12+deb14-loong64", "dracut");
        var none = () => AptRepository.ParsePackage("nothing", []);
        none.Should().Throw<ImageFetchException>().WithMessage("*nothing*");
    }

    [Theory]
    [InlineData("usr/lib/modules/", "usr/lib/modules/7.2+deb14-loong64/vmlinuz")]
    [InlineData("lib/modules/", "boot/vmlinuz-7.2+deb14-loong64")]
    public void Kernel_files_are_found_in_both_package_layouts(string prefix, string kernel)
    {
        string release = "7.2+deb14-loong64";
        var files = new Dictionary<string, byte[]>
        {
            [kernel] = [1],
            ["usr/bin/busybox"] = [2],
            [$"{prefix}{release}/kernel/fs/ext4/ext4.ko.xz"] = [3],
            [$"{prefix}{release}/modules.builtin"] = "kernel/drivers/virtio/virtio-ring.ko\n"u8.ToArray(),
        };
        files.Keys.Should().OnlyContain(path => KernelFiles.IsWanted(path));

        var found = new KernelFiles(files);

        found.Release.Should().Be(release);
        found.Kernel.Should().Equal(1);
        found.Busybox.Should().Equal(2);
        found.Modules.Should().ContainSingle().Which.Key.Should().Be("kernel/fs/ext4/ext4.ko.xz");
        found.BuiltIn.Should().Contain("virtio_ring");
    }

    [Fact]
    public void Incomplete_packages_are_refused()
    {
        var noKernel = () => new KernelFiles(new Dictionary<string, byte[]> { ["bin/busybox"] = [1] });
        noKernel.Should().Throw<ImageFetchException>().WithMessage("*no kernel*");
    }

    [Fact]
    public async Task Store_lists_what_was_added_and_replaces_it()
    {
        var store = new ImageStore(_directory.FullName);
        store.List().Should().BeEmpty();

        await Add(store, "7.1");
        CachedImage image = await Add(store, "7.2");

        store.List().Should().ContainSingle().Which.Manifest.KernelRelease.Should().Be("7.2");
        store.Find("debian")!.Manifest.Packages.Should().Contain("busybox-static", "1:1.38+b1");
        store.Find("other").Should().BeNull();
        File.ReadAllBytes(image.KernelPath).Should().Equal(1, 2, 3);
        File.ReadAllBytes(image.InitrdPath).Should().Equal(4, 5);
        Directory.EnumerateFileSystemEntries(Path.Combine(_directory.FullName, "images")).Should().ContainSingle();
    }

    [Theory]
    [InlineData("vmlinuz")]
    [InlineData("initrd.img")]
    public async Task Image_that_was_damaged_is_noticed(string file)
    {
        var store = new ImageStore(_directory.FullName);
        CachedImage image = await Add(store, "7.2");
        image.Check();
        string path = Path.Combine(Path.GetDirectoryName(image.KernelPath)!, file);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[^1] ^= 1;
        File.WriteAllBytes(path, bytes);

        CachedImage damaged = store.Find("debian")!;

        damaged.IsSound.Should().BeFalse();
        damaged.Invoking(i => i.Check()).Should().Throw<ImageFetchException>()
            .WithMessage("*damaged; 'lakvm images fetch debian' mends it.");
        (await Add(store, "7.2")).IsSound.Should().BeTrue();
    }

    [Theory]
    [InlineData("Acquire::AllowInsecureRepositories", "false")]
    [InlineData("APT::Get::AllowUnauthenticated", "false")]
    [InlineData("Acquire::gpgv::Options::", "")]
    [InlineData("APT::Hashes::SHA512::Weak", "")]
    public async Task Host_that_takes_unsigned_packages_does_not_make_ours_so(string setting, string value)
    {
        string ours = Path.Combine(_directory.FullName, "ours"), hosts = Path.Combine(_directory.FullName, "hosts");
        File.WriteAllText(ours, new AptRepository(_directory.FullName).Configuration("sources", "status"));
        File.WriteAllText(hosts, $"{setting} \"yes\";\n");
        string dump = "";

        await new HostTool("env", "coreutils").RunAsync(
            [$"APT_CONFIG={hosts}", "apt-config", "-c", ours, "dump"], line => dump += line + "\n", default);

        dump.Should().NotContain("\"yes\"");
        dump.Should().Contain(value == "" ? "APT::Architecture" : $"{setting} \"{value}\"");
    }

    [Fact]
    public async Task Unusable_cache_is_one_sentence()
    {
        string file = Path.Combine(_directory.FullName, "file");
        File.WriteAllText(file, "");
        var fetch = () => new DebianImages(new ImageStore(file)).FetchAsync(new Recorder());

        (await fetch.Should().ThrowAsync<ImageFetchException>()).Which.Message.Should()
            .StartWith($"The image cache {file} cannot be written: ");
    }

    [Fact]
    public async Task Fetch_under_way_elsewhere_is_named()
    {
        string apt = _directory.CreateSubdirectory("apt").FullName;
        using var other = new FileStream(
            Path.Combine(apt, "lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);
        var fetch = () => new DebianImages(new ImageStore(_directory.FullName)).FetchAsync(new Recorder());

        (await fetch.Should().ThrowAsync<ImageFetchException>()).Which.Message.Should()
            .Be("Another lakvm is fetching images at the moment.");
    }

    [Fact]
    public async Task Failed_addition_keeps_the_old_image()
    {
        var store = new ImageStore(_directory.FullName);
        await Add(store, "7.1");
        var fail = () => store.AddAsync(
            "debian", Manifest("7.2"), new byte[1], _ => throw new IOException("disk full"), default);
        await fail.Should().ThrowAsync<IOException>();
        store.List().Should().ContainSingle().Which.Manifest.KernelRelease.Should().Be("7.1");
    }

    [Theory]
    [InlineData("{")]
    [InlineData("null")]
    public async Task Damaged_manifest_means_no_image(string json)
    {
        var store = new ImageStore(_directory.FullName);
        CachedImage image = await Add(store, "7.2");
        File.WriteAllText(Path.Combine(Path.GetDirectoryName(image.KernelPath)!, "manifest.json"), json);
        store.List().Should().BeEmpty();
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Unreachable_mirror_gives_one_sentence()
    {
        var images = new DebianImages(new ImageStore(_directory.FullName));
        var fetch = () => images.FetchAsync(new Recorder(), "http://127.0.0.1:9/debian");
        (await fetch.Should().ThrowAsync<ImageFetchException>()).Which.Message
            .Should().StartWith(
            "Debian's packages for loong64 cannot be had from http://127.0.0.1:9/debian: ").And.NotContain("\n");
    }

    [Fact]
    [Trait("Category", "Slow")]
    public async Task Fetch_makes_an_image_once()
    {
        var store = new ImageStore(_directory.FullName);
        var progress = new Recorder();

        CachedImage image = await new DebianImages(store).FetchAsync(progress);
        CachedImage again = await new DebianImages(store).FetchAsync(new Recorder());

        again.Manifest.Fetched.Should().Be(image.Manifest.Fetched);
        image.Manifest.KernelRelease.Should().EndWith("-loong64");
        // fuse and virtiofs are parts of Debian's kernel itself.
        image.Manifest.Modules.Should().Contain(["virtio_mmio", "virtio_blk", "virtio_net", "ext4", "jbd2", "overlay",
            "9p", "xfs", "btrfs", "vfat", "isofs", "squashfs", "nfs", "nfsv4", "vsock", "tun", "bridge", "veth",
            "nf_tables", "loop"]);
        progress.Phases.Distinct().Should().Equal(
            FetchPhase.PackageLists, FetchPhase.Packages, FetchPhase.Unpack, FetchPhase.Build);
        File.ReadAllBytes(image.KernelPath).Should().StartWith("MZ\0\0zimg"u8.ToArray());
        CpioArchive.Read(File.ReadAllBytes(image.InitrdPath)).Should().ContainKey("bin/busybox");
    }

    private static Task<CachedImage> Add(ImageStore store, string release) =>
        store.AddAsync("debian", Manifest(release), new byte[] { 1, 2, 3 }, output => output.Write([4, 5]), default);

    private static ImageManifest Manifest(string release) => new(
        1, "debian", "forky", release, new SortedDictionary<string, string> { ["busybox-static"] = "1:1.38+b1" },
        ["ext4"],
        DateTimeOffset.UnixEpoch);

    private sealed class Recorder : IProgress<FetchProgress>
    {
        internal List<FetchPhase> Phases { get; } = [];

        public void Report(FetchProgress value) => Phases.Add(value.Phase);
    }
}
