namespace FlannelPS;

/// <summary>What was removed of a node.</summary>
/// <param name="Name">The node.</param>
/// <param name="Removed">A line each.</param>
public sealed record FlannelResetResult(string Name, IReadOnlyList<string> Removed);
