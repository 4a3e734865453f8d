using System.Buffers.Binary;
using LaKvm.Boot;
using LaKvm.Devices;

namespace LaKvm.Machine.Tests.Loading;

public sealed class KernelImageTests
{
    private readonly TestRam _ram = TestRam.Small();

    [Fact]
    public void Elf_at_window_addresses_is_placed_at_physical_ones()
    {
        byte[] file = TestImages.Elf();
        KernelImage kernel = KernelImage.Parse(file);

        kernel.Format.Should().Be(KernelFormat.Elf);
        kernel.Entry.Should().Be(TestImages.Entry);
        kernel.Segments.Select(s => s.Range).Should().Equal(
            new RamRange(TestImages.LoadAddress, 0x2000), new RamRange(TestImages.LoadAddress + 0x10000, 0x3000));
        byte[] data = Enumerable.Repeat((byte)0xff, 0x3000).ToArray();
        kernel.Segments[1].WriteTo(data);
        data[..0x1000].Should().Equal(file[0x2000..0x3000]);
        data[0x1000..].Should().OnlyContain(b => b == 0, "the BSS is cleared");
    }

    [Theory]
    [InlineData("efi", KernelFormat.Efi)]
    [InlineData("gzip", KernelFormat.Zboot)]
    [InlineData("zstd", KernelFormat.Zboot)]
    public void Efi_image_is_placed_whole_and_followed_by_zeros(string packing, KernelFormat format)
    {
        byte[] plain = TestImages.Efi();
        KernelImage kernel = KernelImage.Parse(packing == "efi" ? plain : TestImages.Zboot(packing));

        kernel.Format.Should().Be(format);
        kernel.Entry.Should().Be(TestImages.Entry);
        kernel.Segments.Should().ContainSingle();
        kernel.Segments[0].Range.Should().Be(new RamRange(TestImages.LoadAddress, TestImages.MemorySize));
        byte[] memory = Enumerable.Repeat((byte)0xff, (int)TestImages.MemorySize).ToArray();
        kernel.Segments[0].WriteTo(memory);
        memory[..TestImages.FileSize].Should().Equal(plain);
        memory[TestImages.FileSize..].Should().OnlyContain(b => b == 0);
    }

    [Theory]
    [InlineData(0x9000_0000_0000_0000, 0)]
    [InlineData(0x9000_0000_0000_0000, 0x9000_0000_0000_0000)]
    [InlineData(0x8000_0000_0000_0000, 0xa000_0000_0000_0000)]
    public void Efi_header_with_window_addresses_means_physical_ones(ulong entryWindow, ulong loadWindow)
    {
        byte[] image = TestImages.Efi();
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(8), entryWindow | TestImages.Entry);
        BinaryPrimitives.WriteUInt64LittleEndian(image.AsSpan(24), loadWindow | TestImages.LoadAddress);

        KernelImage kernel = KernelImage.Parse(image);

        kernel.Entry.Should().Be(TestImages.Entry);
        kernel.Segments.Should().ContainSingle()
            .Which.Range.Should().Be(new RamRange(TestImages.LoadAddress, TestImages.MemorySize));
    }

    [Theory]
    [InlineData(0x30_0000)]
    [InlineData(0x9000_0000_0030_0000)]
    public void Raw_binary_is_placed_as_it_is_and_starts_with_its_first_byte(ulong address)
    {
        byte[] contents = TestImages.Contents(5000);
        using var file = new TemporaryFile(contents);

        KernelImage kernel = KernelImage.LoadRaw(file.Path, address);

        kernel.Format.Should().Be(KernelFormat.Raw);
        kernel.Entry.Should().Be(0x30_0000);
        kernel.Segments.Should().ContainSingle().Which.Range.Should().Be(new RamRange(0x30_0000, 5000));
        byte[] memory = new byte[5000];
        kernel.Segments[0].WriteTo(memory);
        memory.Should().Equal(contents);
    }

    [Fact]
    public void Raw_binary_that_is_empty_missing_or_says_where_it_belongs_is_refused()
    {
        using TemporaryFile elf = new(TestImages.Elf()), efi = new(TestImages.Efi()), empty = new([]),
            short_ = new("MZ"u8.ToArray());

        Refusal(elf.Path).Should().Match("*says itself where it belongs*");
        Refusal(efi.Path).Should().Match("*says itself where it belongs*");
        Refusal(empty.Path).Should().Match("*is empty*");
        Refusal("/nonexistent/kernel.bin").Should().Match("*/nonexistent/kernel.bin*");
        KernelImage.LoadRaw(short_.Path, 0x1000).Entry.Should().Be(0x1000);

        static string Refusal(string path)
        {
            Action load = () => KernelImage.LoadRaw(path, 0x20_0000);
            return load.Should().Throw<ImageException>().Which.Message;
        }
    }

    [Theory]
    [InlineData("elf", 18, 62, "*not for 64-bit LoongArch*62*")]
    [InlineData("elf", 16, 1, "*not an executable*")]
    [InlineData("elf", 24, 0x7777, "*entry*")]
    [InlineData("efi", 0x44, 0x8664, "*not for 64-bit LoongArch*0x8664*")]
    [InlineData("efi", 0x38, 0, "*not a Linux kernel*")]
    [InlineData("efi", 8, 0xffff, "*header makes no sense*")]
    [InlineData("zstd", 24, 0x7a78, "*compressed with 'xztd'*")]
    [InlineData("zstd", 12, 0x100, "*damaged*")]
    public void Foreign_image_is_refused_with_a_sentence(string kind, int offset, ushort value, string message)
    {
        byte[] image = kind switch
        {
            "elf" => TestImages.Elf(),
            "efi" => TestImages.Efi(),
            _ => TestImages.Zboot(kind),
        };
        BinaryPrimitives.WriteUInt16LittleEndian(image.AsSpan(offset), value);

        var parse = () => PlaceAll(KernelImage.Parse(image));

        parse.Should().Throw<ImageException>().WithMessage(message);
    }

    [Fact]
    public void Text_file_is_refused()
    {
        var parse = () => KernelImage.Parse("#!/bin/sh"u8.ToArray());
        parse.Should().Throw<ImageException>().WithMessage("*no kernel image*");
    }

    [Fact]
    public void Missing_file_is_named()
    {
        var load = () => KernelImage.Load("/nonexistent/vmlinuz");
        load.Should().Throw<ImageException>().WithMessage("*/nonexistent/vmlinuz*");
    }

    [Theory]
    [InlineData("elf")]
    [InlineData("efi")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public void Every_truncation_is_refused(string kind)
    {
        byte[] image = Image(kind);
        for (int length = 0; length < image.Length; length += length < 512 ? 1 : 97)
        {
            // A plain EFI image has no length of its own below its memory size: the header is all that can be missing.
            if (kind == "efi" && length >= 0x46)
            {
                break;
            }

            byte[] cut = image[..Math.Min(length, image.Length - 9)];
            var load = () => PlaceAll(KernelImage.Parse(cut));
            load.Should().Throw<ImageException>("{0} of {1} bytes are left", length, image.Length);
        }
    }

    [Theory]
    [InlineData("elf")]
    [InlineData("efi")]
    [InlineData("gzip")]
    [InlineData("zstd")]
    public void Mutated_images_load_or_are_refused_but_never_crash(string kind)
    {
        byte[] original = Image(kind);
        var random = new Random(464);
        int refused = 0;
        for (int round = 0; round < 3000; round++)
        {
            byte[] image = Mutate(original, random);
            try
            {
                PlaceAll(KernelImage.Parse(image));
            }
            catch (ImageException)
            {
                refused++;
            }
        }

        refused.Should().BeGreaterThan(100, "most headers matter");
    }

    internal static byte[] Image(string kind) => kind switch
    {
        "elf" => TestImages.Elf(),
        "efi" => TestImages.Efi(),
        _ => TestImages.Zboot(kind),
    };

    private static byte[] Mutate(byte[] original, Random random)
    {
        byte[] image = (byte[])original.Clone();
        int changes = random.Next(1, 6);
        for (int n = 0; n < changes; n++)
        {
            // Half of the changes hit the headers.
            int position = random.Next(random.Next(2) == 0 ? Math.Min(0xc0, image.Length) : image.Length);
            image[position] = random.Next(3) switch
            {
                0 => (byte)random.Next(256),
                1 => (byte)(image[position] ^ (1 << random.Next(8))),
                _ => random.Next(2) == 0 ? (byte)0xff : (byte)0,
            };
        }

        return random.Next(8) == 0 ? image[..random.Next(image.Length)] : image;
    }

    private void PlaceAll(KernelImage kernel) => BootLoader.Place(_ram, new BootRequest(kernel));
}
