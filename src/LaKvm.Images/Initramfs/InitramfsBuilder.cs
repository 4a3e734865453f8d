using System.Text;

namespace LaKvm.Images.Initramfs;

/// <summary>
/// Builds the first file system: busybox, modules and our /init. It is not compressed: the guest's emulated processor
/// would have to inflate it, and disk space is cheaper than that second.
/// </summary>
internal static class InitramfsBuilder
{
    private static readonly string[] Directories =
        ["dev", "proc", "sys", "tmp", "run", "root", "etc", "mnt", "newroot", "overlay", "sbin", "usr/bin", "usr/sbin"];

    /// <summary>
    /// What mount tries, each loading its module, where it is not told the file system: those that load fast first.
    /// </summary>
    private static ReadOnlySpan<byte> FileSystems =>
        "ext4\nvfat\niso9660\nsquashfs\nerofs\nxfs\nexfat\nudf\nf2fs\nbtrfs\n"u8;

    /// <summary>Writes the archive.</summary>
    /// <param name="output">Receives it.</param>
    /// <param name="busybox">A static busybox for the guest.</param>
    /// <param name="release">The kernel's release, as uname -r prints it.</param>
    /// <param name="modules">Modules to take along.</param>
    internal static void Write(Stream output, byte[] busybox, string release, ModuleSet modules)
    {
        using var cpio = new CpioWriter(output);
        foreach (string directory in Directories)
        {
            cpio.AddDirectory(directory);
        }

        // The kernel opens the console for /init before anything is mounted.
        cpio.AddCharacterDevice("dev/console", 5, 1);
        cpio.AddCharacterDevice("dev/null", 1, 3);
        cpio.AddFile("bin/busybox", busybox, executable: true);
        cpio.AddLink("bin/sh", "busybox");
        cpio.AddFile("init", Read("init.sh"), executable: true);
        cpio.AddLink("sbin/init", "../init"); // what rdinit= names in many a command line
        cpio.AddFile("etc/passwd", "root::0:0:root:/root:/bin/sh\n"u8);
        cpio.AddFile("etc/group", "root:x:0:\n"u8);
        cpio.AddFile("etc/filesystems", FileSystems);
        cpio.AddFile("etc/udhcpc/default.script", Read("dhcp.sh"), executable: true);
        cpio.AddLink("usr/share/udhcpc", "/etc/udhcpc");

        // busybox's own poweroff asks init to do it; here init is a script that waits for the shell.
        cpio.AddFile("etc/profile", "alias poweroff='poweroff -f' halt='halt -f' reboot='reboot -f'\n"u8);
        string moduleDirectory = $"lib/modules/{release}";
        foreach (KernelModule module in modules.Modules)
        {
            cpio.AddFile($"{moduleDirectory}/{module.Path}", module.Contents);
        }

        cpio.AddFile($"{moduleDirectory}/modules.dep", Encoding.UTF8.GetBytes(modules.DependencyFile()));
        cpio.AddFile($"{moduleDirectory}/modules.alias", Encoding.UTF8.GetBytes(modules.AliasFile()));
    }

    private static byte[] Read(string resource)
    {
        using Stream script = typeof(InitramfsBuilder).Assembly.GetManifestResourceStream(resource)!;
        byte[] bytes = new byte[script.Length];
        script.ReadExactly(bytes);
        return bytes;
    }
}
