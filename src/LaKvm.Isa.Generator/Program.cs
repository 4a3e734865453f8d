using LaKvm.Isa.Generator;

// Usage: dotnet run --project src/LaKvm.Isa.Generator [path of src/LaKvm.Isa]
string project = args.Length > 0 ? args[0] : "src/LaKvm.Isa";
if (!Directory.Exists(Path.Combine(project, "Tables")))
{
    Console.Error.WriteLine($"No instruction tables under {project}; run from the repository root or name src/LaKvm.Isa.");
    return 1;
}

foreach ((string name, string text) in SourceWriter.Generate(Path.Combine(project, "Tables")))
{
    string path = Path.Combine(project, "Generated", name);
    File.WriteAllText(path, text);
    Console.WriteLine($"{path}: {text.Length} characters");
}

return 0;
