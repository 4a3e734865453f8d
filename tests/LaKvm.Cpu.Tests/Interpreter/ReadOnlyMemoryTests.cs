namespace LaKvm.Cpu.Tests.Interpreter;

/// <summary>Memory that cores read and execute from as from RAM, while what they store goes to the bus.</summary>
public sealed unsafe class ReadOnlyMemoryTests : IDisposable
{
    private const ulong Rom = 0x1c00_0000;
    private const int A0 = 4, A1 = 5, T0 = 12;

    private readonly TestMachine _machine = new();

    public ReadOnlyMemoryTests()
    {
        byte[] content = new byte[0x1004];
        content[0x1000] = 0x11;
        BitConverter.TryWriteBytes(content, 0x0380_1404u); // ori $a0, $zero, 5
        BitConverter.TryWriteBytes(content.AsSpan(4), 0x4c00_0020u); // jr $ra
        _machine.Memory.AddReadOnly(Rom, content);
    }

    public void Dispose() => _machine.Dispose();

    [Theory]
    [InlineData("st.b $a1, $t0, 0")]
    [InlineData("st.d $a1, $t0, 0")]
    [InlineData("stptr.d $a1, $t0, 0")]
    [InlineData("fst.d $fa0, $t0, 0")]
    public void Store_goes_to_the_bus_also_after_a_load_of_the_same_page(string store)
    {
        _machine.Load($"""
            ld.d $a0, $t0, 0
            {store}
            ld.d $a0, $t0, 0
            {store}
            """);
        _machine[A1] = 0xff;
        _machine[T0] = Rom + 0x1000;
        for (int i = 0; i < 2; i++)
        {
            _machine.DeviceValue = 1;
            _machine.Run(2);
            _machine.DeviceValue.Should().NotBe(1);
            _machine[A0].Should().Be(0x11);
        }

        _machine.Cell(Rom + 0x1000).Should().Be(0x11);
    }

    [Fact]
    public void Code_is_executed_from_it()
    {
        var symbols = _machine.Load("""
            jirl $ra, $t0, 0
            back:
            b back
            """);
        _machine[T0] = Rom;
        _machine.RunTo(symbols["back"]);
        _machine[A0].Should().Be(5);
    }
}
