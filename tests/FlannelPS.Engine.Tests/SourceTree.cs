using System.Text.RegularExpressions;

namespace FlannelPS.Engine.Tests;

/// <summary>The repository's own files, for tests that hold the code to its rules.</summary>
internal static class SourceTree
{
    /// <summary>The folder that the solution lies in.</summary>
    public static string Root { get; } = Find();

    /// <summary>C# files below a folder of the repository, without what was generated.</summary>
    public static IEnumerable<string> Files(string folder)
        => Directory.EnumerateFiles(Path.Combine(Root, folder), "*.cs", SearchOption.AllDirectories)
            .Where(file => !Regex.IsMatch(file, "/(obj|bin)/"));

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "FlannelPS.slnx")))
                return folder.FullName;
        throw new InvalidOperationException("The tests do not run inside the repository.");
    }
}
