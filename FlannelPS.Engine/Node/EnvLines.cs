namespace FlannelPS.Engine.Node;

/// <summary>The variables of a subnet file, read as tolerantly as the original does: quotes, comments, <c>export</c>, blanks and CR are allowed, other lines skipped.</summary>
internal static class EnvLines
{
    /// <summary>Name and value of each line that sets one, in the file's order. Never throws.</summary>
    public static IEnumerable<(string Name, string Value)> Read(string text)
    {
        foreach (var raw in text.Split('\n'))
        {
            var line = raw.Trim();
            if (line.StartsWith("export ", StringComparison.Ordinal))
                line = line[7..].TrimStart();
            if (!line.StartsWith('#') && line.IndexOf('=') is var equals && equals > 0)
                yield return (line[..equals].TrimEnd(), Unquote(line[(equals + 1)..].Trim()));
        }
    }

    /// <summary>Quotes end the value; without them a comment behind a blank does.</summary>
    private static string Unquote(string value)
    {
        if (value is ['"' or '\'', ..] && value.IndexOf(value[0], 1) is var end && end > 0)
            return value[1..end];
        var comment = value.IndexOf(" #", StringComparison.Ordinal);
        return comment < 0 ? value : value[..comment].TrimEnd();
    }
}
