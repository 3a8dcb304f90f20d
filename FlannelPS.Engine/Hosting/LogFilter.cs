namespace FlannelPS.Engine.Hosting;

/// <summary>Which lines of a log are wanted.</summary>
/// <param name="Level">As grave as this, or graver; a name such as <c>Warning</c>.</param>
/// <param name="After">Only later ones; null for all.</param>
/// <param name="Tail">Of what is there, so many of the last; null for all.</param>
/// <param name="Follow">Goes on with what is added.</param>
internal sealed record LogFilter(string Level, DateTimeOffset? After, int? Tail, bool Follow)
{
    private static readonly string[] Levels = ["Debug", "Information", "Warning", "Error", "Critical"];

    /// <summary>Whether a line is wanted.</summary>
    public bool Wants(LogLine line)
        => Array.IndexOf(Levels, line.Level) >= Array.IndexOf(Levels, Level) && (After is not { } after || line.Time > after);

    /// <summary>The priority of <see cref="Level"/> for journalctl, syslog(3).</summary>
    public int Priority => Level switch
    {
        "Critical" => 2,
        "Error" => 3,
        "Warning" => 4,
        "Information" => 6,
        _ => 7,
    };
}
