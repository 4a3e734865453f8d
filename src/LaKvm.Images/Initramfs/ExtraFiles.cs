namespace LaKvm.Images.Initramfs;

/// <summary>Files for an initramfs that is made already: Linux unpacks one archive behind the other.</summary>
public static class ExtraFiles
{
    /// <summary>An archive of one file.</summary>
    /// <param name="path">Where it belongs, without the slash in front.</param>
    /// <param name="contents">What it has.</param>
    public static byte[] Archive(string path, ReadOnlySpan<byte> contents)
    {
        var output = new MemoryStream();
        using (var cpio = new CpioWriter(output))
        {
            cpio.AddFile(path, contents);
        }

        return output.ToArray();
    }
}
