using System.Reflection;

namespace FlannelPS.ModuleTests;

/// <summary>The repository's own files.</summary>
internal static class Repository
{
    /// <summary>The folder that the solution lies in.</summary>
    public static string Root { get; } = Find();

    /// <summary>A file or folder of it.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>A text file of it.</summary>
    public static string Read(params string[] parts) => File.ReadAllText(PathOf(parts));

    /// <summary>The cmdlets' own C# files, without what was generated.</summary>
    public static IEnumerable<string> Sources()
        => Directory.EnumerateFiles(PathOf("FlannelPS"), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Path.GetRelativePath(Root, file).Split('/').Any(part => part is "obj" or "bin"));

    /// <summary>What the build wrote into this assembly.</summary>
    public static string Metadata(string key)
        => typeof(Repository).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(item => item.Key == key).Value!;

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "FlannelPS.slnx")))
                return folder.FullName;
        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
