namespace FlannelPS;

/// <summary>What one check found: what the Test cmdlets give with <c>-Detailed</c>.</summary>
/// <param name="Name">The check, one word, the same in every version.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Message">What was found, one line.</param>
/// <param name="Remedy">What to do about it; empty where nothing is to be done.</param>
public record FlannelTestResult(string Name, FlannelTestStatus Status, string Message, string Remedy = "")
{
    /// <summary>Name, status and message on one line.</summary>
    public sealed override string ToString() => $"{Name}: {Status}: {Message}";
}
