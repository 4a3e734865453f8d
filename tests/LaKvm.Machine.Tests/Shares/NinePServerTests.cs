using LaKvm.Backends;
using LaKvm.Backends.NineP;

namespace LaKvm.Machine.Tests;

public sealed class NinePServerTests : IDisposable
{
    private const int NotPermitted = 1, BadDescriptor = 9, Exists = 17, NotDirectory = 20,
        IsDirectory = 21, Invalid = 22, ReadOnlyFileSystem = 30, NoData = 61, Stale = 116;

    private readonly string _top = System.IO.Directory.CreateTempSubdirectory("lakvm-share-").FullName;
    private readonly string _root;
    private readonly SharedDirectory _directory;
    private readonly NinePClient _client;

    public NinePServerTests()
    {
        _root = System.IO.Path.Combine(_top, "root");
        System.IO.Directory.CreateDirectory(_root);
        File.WriteAllText(System.IO.Path.Combine(_top, "secret"), "secret");
        _directory = new SharedDirectory(_root, readOnly: false);
        _client = new NinePClient(_directory);
    }

    public void Dispose()
    {
        _client.Dispose();
        _directory.Dispose();
        System.IO.Directory.Delete(_top, recursive: true);
    }

    [Fact]
    public void File_that_the_client_makes_has_its_content_and_rights()
    {
        uint file = _client.Create("new", mode: 0x1a0);
        _client.Write(file, "hello");
        _client.Write(file, "j");
        _client.Read(file, 1).Should().Be("ello");
        _client.Call(NinePType.Synchronize, file, 0u);
        _client.Call(NinePType.Clunk, file);

        File.ReadAllText(At("new")).Should().Be("jello");
        File.GetUnixFileMode(At("new")).Should().Be((UnixFileMode)0x1a0, "the process's umask is not the guest's");
        NinePClient.ErrorOf(() => _client.Read(file)).Should().Be(BadDescriptor);
    }

    [Fact]
    public void Creating_what_exists_opens_it_unless_it_must_not_exist()
    {
        File.WriteAllText(At("old"), "old content");
        NinePClient.ErrorOf(() => _client.Create("old", flags: 0x82)).Should().Be(Exists);

        uint file = _client.Create("old", flags: 0x202);

        _client.Read(file).Should().BeEmpty("it was opened with O_TRUNC");
    }

    [Fact]
    public void Names_lead_nowhere_but_below_the_directory()
    {
        System.IO.Directory.CreateDirectory(At("sub"));
        File.CreateSymbolicLink(At("out"), _top);
        File.CreateSymbolicLink(At("file"), "../secret");

        NinePClient.ErrorOf(() => _client.Walk("sub", "../../secret")).Should().Be(-1,
            "the walk ends behind the first name");
        NinePClient.ErrorOf(() => _client.Walk("sub/..")).Should().Be(Invalid);
        NinePClient.ErrorOf(() => _client.Walk("secret\0")).Should().Be(Invalid);
        NinePClient.ErrorOf(() => _client.Walk("out", "secret")).Should().Be(-1);
        NinePClient.ErrorOf(() => _client.Open(0, "file")).Should().NotBe(0, "a link is not followed");
        NinePClient.ErrorOf(() => _client.Create("file", flags: 0x202)).Should().Be(Exists);
        NinePClient.ErrorOf(() => _client.Walk("..", "..", "secret")).Should().Be(-1);
        NinePClient.ErrorOf(() => _client.Create("../x")).Should().Be(Invalid);
        NinePClient.ErrorOf(() => _client.Call(NinePType.MakeDirectory, NinePClient.Root, "..", 0x1edu,
            0u)).Should().Be(Invalid);
        NinePClient.ErrorOf(() => _client.Call(NinePType.Attach, 99u, uint.MaxValue, "", "../", 0u)).Should().NotBe(0);
        File.ReadAllText(System.IO.Path.Combine(_top, "secret")).Should().Be("secret");
    }

    [Fact]
    public void Two_dots_lead_up_to_the_shared_directory_and_no_further()
    {
        System.IO.Directory.CreateDirectory(At("a/b"));
        uint b = _client.Walk("a", "b");

        Path(_client.Walk(b, "..")).Should().Be(Path(_client.Walk("a")));
        Path(_client.Walk(b, "..", "..", "..")).Should().Be(Path(NinePClient.Root));
    }

    [Fact]
    public void Directory_that_was_moved_out_gives_no_way_up()
    {
        System.IO.Directory.CreateDirectory(At("a/b"));
        uint b = _client.Walk("a", "b");
        System.IO.Directory.Move(At("a"), System.IO.Path.Combine(_top, "a"));

        NinePClient.ErrorOf(() => _client.Walk(b, "..")).Should().Be(Stale);
        NinePClient.ErrorOf(() => _client.Call(NinePType.Rename, b, NinePClient.Root, "c")).Should().Be(Stale);
    }

    [Fact]
    public void Links_say_what_they_say_and_are_not_followed()
    {
        _client.Call(NinePType.SymLink, NinePClient.Root, "link", "/etc/passwd", 0u);
        uint link = _client.Walk("link");

        _client.Call(NinePType.ReadLink, link).Text(0).Should().Be("/etc/passwd");
        new FileInfo(At("link")).LinkTarget.Should().Be("/etc/passwd");
        NinePClient.ErrorOf(() => _client.Call(NinePType.Open, link, 0u)).Should().NotBe(0);
    }

    [Fact]
    public void Hard_link_names_the_same_file()
    {
        _client.Write(_client.Create("one"), "shared");
        _client.Call(NinePType.Link, NinePClient.Root, _client.Walk("one"), "two");

        _client.Read(_client.Open(0, "two")).Should().Be("shared");
        Attributes("two").Links.Should().Be(2);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void File_is_moved_by_name_or_by_number(bool byNumber)
    {
        System.IO.Directory.CreateDirectory(At("a/b"));
        File.WriteAllText(At("a/b/f"), "content");
        uint file = _client.Walk("a", "b", "f");
        if (byNumber)
        {
            System.IO.Directory.Move(At("a"), At("z")); // by the host; the number still stands for the file
            _client.Call(NinePType.Rename, file, NinePClient.Root, "g");
        }
        else
        {
            _client.Call(NinePType.RenameAt, _client.Walk("a", "b"), "f", NinePClient.Root, "g");
        }

        File.ReadAllText(At("g")).Should().Be("content");
        _client.Call(NinePType.Open, file, 0u);
        _client.Read(file).Should().Be("content");
    }

    [Fact]
    public void Names_are_removed_as_what_they_are()
    {
        System.IO.Directory.CreateDirectory(At("d"));
        File.WriteAllText(At("f"), "");
        File.WriteAllText(At("g"), "");
        uint g = _client.Walk("g");

        NinePClient.ErrorOf(() => Unlink("d", 0)).Should().Be(IsDirectory);
        NinePClient.ErrorOf(() => Unlink("f", 0x200)).Should().Be(NotDirectory);
        Unlink("d", 0x200);
        Unlink("f", 0);
        _client.Call(NinePType.Remove, g);

        System.IO.Directory.GetFileSystemEntries(_root).Should().BeEmpty();
        NinePClient.ErrorOf(() => _client.Call(NinePType.Clunk, g)).Should().Be(BadDescriptor);
    }

    [Fact]
    public void File_without_a_name_stays_usable_while_it_is_open()
    {
        uint file = _client.Create("gone");
        _client.Write(file, "still here");
        Unlink("gone", 0);

        _client.Read(file).Should().Be("still here");
        uint again = _client.Walk(file);
        _client.Call(NinePType.Open, again, 0u);
        _client.Read(again).Should().Be("still here");
        Set(file, size: 5);
        _client.Read(file).Should().Be("still");
    }

    [Theory]
    [InlineData(40)]
    [InlineData(4096)]
    [InlineData(100_000)]
    public void Directory_is_listed_whole_whatever_room_there_is(int count)
    {
        string[] names = [.. Enumerable.Range(0, 300).Select(n => $"f{n}"), new string('n', count < 1000 ? 10 : 255)];
        Array.ForEach(names, name => File.WriteAllText(At(name), ""));

        List<string> listed = _client.List(_client.Open(0), (uint)count);

        listed.Should().BeEquivalentTo([".", "..", .. names]);
    }

    [Fact]
    public void Attributes_are_those_of_the_file()
    {
        uint file = _client.Create("f");
        _client.Write(file, "12345");
        Set(file, mode: 0x180, size: 3, modified: 1_000_000);

        var info = new FileInfo(At("f"));
        info.Length.Should().Be(3);
        info.UnixFileMode.Should().Be((UnixFileMode)0x180);
        new DateTimeOffset(info.LastWriteTimeUtc).ToUnixTimeSeconds().Should().Be(1_000_000);
        (ulong size, ulong links, uint mode) = Attributes("f");
        (size, links, mode).Should().Be((3, 1, 0x8180));
    }

    [Fact]
    public void Guest_makes_no_file_that_acts_for_its_owner()
    {
        uint file = _client.Create("tool", mode: 0xfed);
        Set(file, mode: 0xfed);
        uint directory = Directory("d", 0x5ed);

        Attributes("tool").Mode.Should().Be(0x83ed,
            "set-user-id and set-group-id stay off; the sticky bit is harmless");
        _client.Call(NinePType.GetAttributes, directory, 0x7fful).Word(21).Should().Be(0x45ed);
    }

    [Theory]
    [InlineData(0x61b4u, NotPermitted)]
    [InlineData(0x21b4u, NotPermitted)]
    [InlineData(0x11b4u, 0)]
    [InlineData(0xc1b4u, 0)]
    public void Pipes_and_sockets_can_be_made_and_devices_not(uint mode, int error)
    {
        Action make = () => _client.Call(NinePType.MakeNode, NinePClient.Root, "node", mode, 8u, 0u, 0u);
        if (error != 0)
        {
            NinePClient.ErrorOf(make).Should().Be(error);
            return;
        }

        make();
        Attributes("node").Mode.Should().Be(mode);
        NinePClient.ErrorOf(() => _client.Open(0, "node")).Should().NotBe(0, "it would wait for another end");
    }

    [Fact]
    public void Attributes_of_users_are_kept_and_others_are_not_there()
    {
        uint file = _client.Create("f");
        SetAttribute("user.colour", "blue");

        uint value = _client.Walk() + 100;
        _client.Call(NinePType.AttributeWalk, file, value, "user.colour").Double(0).Should().Be(4);
        _client.Read(value).Should().Be("blue");
        _client.Call(NinePType.AttributeWalk, file, value + 1, "");
        _client.Read(value + 1).Should().Be("user.colour\0");
        NinePClient.ErrorOf(() => _client.Call(NinePType.AttributeWalk, file, value + 2,
            "security.capability")).Should().Be(NoData);

        SetAttribute("user.colour", "");
        NinePClient.ErrorOf(() => _client.Call(NinePType.AttributeWalk, file, value + 2,
            "user.colour")).Should().Be(NoData);
        return;

        void SetAttribute(string name, string text)
        {
            uint writer = _client.Walk("f");
            _client.Call(NinePType.AttributeCreate, writer, name, (ulong)text.Length, 0u);
            if (text.Length > 0)
            {
                _client.Write(writer, text);
            }

            _client.Call(NinePType.Clunk, writer);
        }
    }

    [Fact]
    public void Share_that_is_read_only_changes_nothing()
    {
        File.WriteAllText(At("f"), "content");
        using var directory = new SharedDirectory(_root, readOnly: true);
        using var client = new NinePClient(directory);
        uint file = client.Walk("f");
        uint spare = client.Walk("f");

        client.Read(client.Open(0, "f")).Should().Be("content");
        Action[] changes =
        [
            () => client.Open(1, "f"), () => client.Open(0x200, "f"), () => client.Create("g"),
            () => client.Call(NinePType.MakeDirectory, NinePClient.Root, "d", 0x1edu, 0u),
            () => client.Call(NinePType.SymLink, NinePClient.Root, "l", "f", 0u),
            () => client.Call(NinePType.Link, NinePClient.Root, file, "g"),
            () => client.Call(NinePType.RenameAt, NinePClient.Root, "f", NinePClient.Root, "g"),
            () => client.Call(NinePType.Rename, file, NinePClient.Root, "g"),
            () => client.Call(NinePType.UnlinkAt, NinePClient.Root, "f", 0u),
            () => client.Call(NinePType.Remove, spare),
            () => client.Call(NinePType.SetAttributes, file, 1u, 0u, 0u, 0u, 0ul, 0ul, 0ul, 0ul, 0ul),
            () => client.Call(NinePType.AttributeCreate, file, "user.a", 1ul, 0u),
            () => client.Call(NinePType.MakeNode, NinePClient.Root, "p", 0x11b4u, 0u, 0u, 0u),
        ];
        foreach (Action change in changes)
        {
            NinePClient.ErrorOf(change).Should().Be(ReadOnlyFileSystem);
        }

        System.IO.Directory.GetFileSystemEntries(_root).Should().Equal(At("f"));
        File.ReadAllText(At("f")).Should().Be("content");
    }

    [Fact]
    public void Locks_are_granted_since_the_guest_keeps_its_own()
    {
        uint file = _client.Create("f");
        _client.Call(NinePType.Lock, file, (byte)1, 0u, 0ul, 10ul, 7u, "guest").Bytes[0].Should().Be(0);
        _client.Call(NinePType.GetLock, file, (byte)1, 0ul, 10ul, 7u, "guest").Bytes[0].Should().Be(2);
    }

    [Fact]
    public void Version_forgets_all_numbers_and_open_files()
    {
        uint file = _client.Create("f");
        _client.Call(NinePType.Version, 8192u, "9P2000.u").Text(4).Should().Be("unknown");
        _client.Call(NinePType.Version, 8192u, "9P2000.L").Word(0).Should().Be(8192);

        NinePClient.ErrorOf(() => _client.Read(file)).Should().Be(BadDescriptor);
        NinePClient.ErrorOf(() => _client.Walk()).Should().Be(BadDescriptor);
    }

    [Fact]
    public void Numbers_are_bounded()
    {
        using var server = new NinePServer(_directory, mostFids: 3);
        byte[] answer = new byte[4096];
        server.Answer(NinePClient.Request(NinePType.Attach, 0u, uint.MaxValue, "", "", 0u), answer);
        var errors = new List<byte>();
        for (uint fid = 1; fid < 5; fid++)
        {
            server.Answer(NinePClient.Request(NinePType.Walk, 0u, fid, (ushort)0), answer);
            errors.Add(answer[4] == 7 ? answer[7] : (byte)0);
        }

        errors.Should().Equal(0, 0, 23, 23);
    }

    private string At(string path) => System.IO.Path.Combine(_root, path);

    private void Unlink(string name, uint flags) => _client.Call(NinePType.UnlinkAt, NinePClient.Root, name, flags);

    private uint Directory(string name, uint mode)
    {
        _client.Call(NinePType.MakeDirectory, NinePClient.Root, name, mode, 0u);
        return _client.Walk(name);
    }

    /// <summary>The number that the protocol knows a file by.</summary>
    private ulong Path(uint fid) => _client.Call(NinePType.GetAttributes, fid, 0x7fful).Double(13);

    private (ulong Size, ulong Links, uint Mode) Attributes(string name)
    {
        NinePClient.Answer answer = _client.Call(NinePType.GetAttributes, _client.Walk(name), 0x7fful);
        return (answer.Double(49), answer.Double(33), answer.Word(21));
    }

    private void Set(uint fid, uint? mode = null, ulong? size = null, ulong? modified = null)
    {
        uint valid = (mode == null ? 0u : 1) | (size == null ? 0u : 8) | (modified == null ? 0u : 0x120);
        _client.Call(NinePType.SetAttributes, fid, valid, mode ?? 0, 0u, 0u, size ?? 0, 0ul, 0ul, modified ?? 0, 0ul);
    }
}
