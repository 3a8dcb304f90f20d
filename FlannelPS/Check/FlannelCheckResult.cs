namespace FlannelPS;

/// <summary>What a check found.</summary>
/// <param name="Name">The check.</param>
/// <param name="Category">Its category.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Message">What was found, one line.</param>
/// <param name="Cause">Why it is so, where that is known; empty for what is right.</param>
/// <param name="Remedy">What to do about it; empty where nothing is to be done.</param>
/// <param name="Target">What it is about: a device, a subnet, a file, a rule; empty for the host as a whole.</param>
/// <param name="Node">The node; empty for a check of the host.</param>
/// <param name="Duration">How long it took, reading included.</param>
public sealed record FlannelCheckResult(
    string Name, string Category, FlannelTestStatus Status, string Message, string Cause, string Remedy, string Target, string Node, TimeSpan Duration)
    : FlannelTestResult(Name, Status, Message, Remedy)
{
    /// <summary>The computer that was asked by -ComputerName; empty for this one.</summary>
    public string ComputerName { get; init; } = "";

    /// <summary>The same as the message: what was seen.</summary>
    public string Evidence => Message;
}
