namespace LaKvm.Isa.Generator;

/// <summary>C# types of memory cells.</summary>
internal static class CellTypes
{
    /// <summary>The type that has a cell's width and sign; floats are patterns.</summary>
    public static string Of(string cellType) => cellType switch
    {
        "i8" => "sbyte",
        "u8" => "byte",
        "i16" => "short",
        "u16" => "ushort",
        "i32" => "int",
        "u32" or "f32" => "uint",
        _ => "ulong",
    };
}
