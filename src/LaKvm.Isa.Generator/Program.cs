using LaKvm.Isa.Generator;

// Run from the repository root:
//   dotnet run --project src/LaKvm.Isa.Generator              writes the folders Generated
//   dotnet run --project src/LaKvm.Isa.Generator -- samples   prints the words that record.sh of the tests records
const string Tables = "src/LaKvm.Isa/Tables";

if (!Directory.Exists(Tables))
{
    Console.Error.WriteLine($"There is no {Tables} here; run from the repository root.");
    return 1;
}

if (args is ["samples"])
{
    foreach (uint word in SampleWords.Of(TableReader.Read(Tables)))
    {
        Console.WriteLine($"{word:x8}");
    }

    return 0;
}

foreach ((string path, string text) in SourceWriter.Generate(Tables))
{
    Directory.CreateDirectory(Path.GetDirectoryName(path)!);
    File.WriteAllText(path, text);
}

return 0;
