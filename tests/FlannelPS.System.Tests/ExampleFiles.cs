namespace FlannelPS.SystemTests;

/// <summary>What is shipped for other programs.</summary>
internal static class ExampleFiles
{
    /// <summary>Where it lies in the source tree.</summary>
    public static string Folder { get; } = Find();

    private static string Find()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "FlannelPS.psd1")))
        {
            folder = folder.Parent!;
        }

        return Path.Combine(folder.FullName, "Examples");
    }
}
