using System.Text;

namespace FlannelPS;

/// <summary>The text of a file of Docker options, byte for byte what <c>mk-docker-opts.sh</c> writes.</summary>
internal static class DockerOptionFile
{
    /// <summary>What the names of single options begin with.</summary>
    public const string Single = "DOCKER_OPT_";

    /// <summary>The text.</summary>
    /// <param name="options">Single options by variable name, <see cref="Single"/> before each.</param>
    /// <param name="individual">A line for each.</param>
    /// <param name="combinedKey">Name of the variable with all of them; null for no such line.</param>
    /// <param name="before">What the combined variable holds already, and keeps in front.</param>
    public static string Render(IReadOnlyDictionary<string, string> options, bool individual, string? combinedKey, string before)
    {
        var text = new StringBuilder();
        // The script adds a blank behind what was there and one before each option, so there are two between.
        var combined = new StringBuilder(before.Length > 0 ? before + " " : "");
        foreach (var (name, value) in options.OrderBy(option => option.Key, StringComparer.Ordinal))
        {
            if (individual)
                text.Append(name).Append("=\"").Append(value).Append("\"\n");
            combined.Append(' ').Append(value);
        }
        if (combinedKey is not null)
            text.Append(combinedKey).Append("=\"").Append(combined).Append("\"\n");
        return text.ToString();
    }

    /// <summary>Whether a value can stand between the quotes of such a line, for systemd and for a shell alike.</summary>
    public static bool CanHold(string value) => !value.Any(character => char.IsControl(character) || character is '"' or '\\' or '$' or '`');
}
