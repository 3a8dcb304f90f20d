namespace FlannelPS.Diagnostics;

/// <summary>One text of a bundle.</summary>
/// <param name="Path">Its name there, with slashes between folders.</param>
/// <param name="Text">What it says.</param>
internal sealed record DiagnosticEntry(string Path, string Text)
{
    /// <summary>Why it could not be read, or not all of it; empty where it could.</summary>
    public string Problem { get; init; } = "";

    /// <summary>Whether its end matters more than its beginning, as a log's does.</summary>
    public bool KeepsEnd { get; init; }

    /// <summary>One that could not be read.</summary>
    public static DiagnosticEntry Missing(string path, string problem) => new(path, "") { Problem = problem };
}
