using System.Globalization;
using System.Text;

namespace LaKvm.Cli.Tests.Images;

/// <summary>A file in a cpio archive.</summary>
internal sealed record CpioFile(string Path, int Mode, byte[] Contents, int Major, int Minor)
{
    internal string Text => Encoding.UTF8.GetString(Contents);
}

/// <summary>Reads "newc" archives, strictly: what it accepts, Linux accepts.</summary>
internal static class CpioArchive
{
    internal static Dictionary<string, CpioFile> Read(byte[] archive)
    {
        var files = new Dictionary<string, CpioFile>();
        var inodes = new HashSet<int>();
        int position = 0;
        while (true)
        {
            (position % 4).Should().Be(0);
            Encoding.ASCII.GetString(archive, position, 6).Should().Be("070701");
            int Field(int n) => int.Parse(
                Encoding.ASCII.GetString(archive, position + 6 + (n * 8), 8), NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture);
            int size = Field(6), nameSize = Field(11);
            string name = Encoding.UTF8.GetString(archive, position + 110, nameSize - 1);
            archive[position + 110 + nameSize - 1].Should().Be(0);
            int contents = Align(position + 110 + nameSize);
            inodes.Add(Field(0)).Should().BeTrue("equal inode numbers would make hard links");
            if (name == "TRAILER!!!")
            {
                Align(contents + size).Should().Be(archive.Length);
                return files;
            }

            int slash = name.LastIndexOf('/');
            (slash < 0 || files.ContainsKey(name[..slash])).Should()
                .BeTrue("the directory of {0} must come before", name);
            files.Add(name, new CpioFile(name, Field(1), archive[contents..(contents + size)], Field(9), Field(10)));
            position = Align(contents + size);
        }
    }

    private static int Align(int offset) => (offset + 3) & ~3;
}
