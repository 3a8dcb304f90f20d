namespace FlannelPS.Engine.Leases;

/// <summary>How far following a range has come.</summary>
/// <param name="Revision">The store's revision up to which all is known; 0 before the first list.</param>
/// <param name="Lists">Whole lists that were taken in: one, and one more whenever the watch could not go on.</param>
/// <param name="Breaks">Watches that broke.</param>
internal readonly record struct FollowerProgress(long Revision, long Lists, long Breaks);
