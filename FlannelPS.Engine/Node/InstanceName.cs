using System.Buffers;
using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Node;

/// <summary>The name that tells the daemons of one host apart.</summary>
public static class InstanceName
{
    /// <summary>The name of the daemon that writes <see cref="DefaultSubnetFile"/>.</summary>
    public const string Default = "flannel";

    /// <summary>Where the original writes by default.</summary>
    public const string DefaultSubnetFile = "/run/flannel/subnet.env";

    /// <summary>The rule, for messages.</summary>
    public const string Rule = "1 to 32 of a-z, 0-9 and -";

    private const int MaxLength = 32, HashLength = 8;
    private static readonly SearchValues<char> Allowed = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");

    /// <summary>Whether a name keeps <see cref="Rule"/>. It becomes part of paths, so nothing else may be in it.</summary>
    public static bool IsValid(string name)
        => name.Length is > 0 and <= MaxLength && !name.AsSpan().ContainsAnyExcept(Allowed);

    /// <summary>
    /// The name that follows from a subnet file's full path: <see cref="Default"/> for the default one, otherwise the path's end and a hash of all
    /// of it, so that daemons told apart by <c>-subnet-file</c> alone do not collide.
    /// </summary>
    public static string FromSubnetFile(string path)
    {
        var full = Path.GetFullPath(path);
        if (full.StartsWith("/var/run/", StringComparison.Ordinal))
            full = full[4..];    // the same folder by the filesystem hierarchy standard
        if (full == DefaultSubnetFile)
            return Default;
        var file = Path.GetFileNameWithoutExtension(full);
        var folder = Path.GetFileName(Path.GetDirectoryName(full));
        var readable = new StringBuilder();
        foreach (var character in (file == "subnet" ? folder : $"{folder}-{file}") ?? "")
        {
            if (char.IsAsciiLetterOrDigit(character))
                readable.Append(char.ToLowerInvariant(character));
            else if (readable.Length > 0 && readable[^1] != '-')
                readable.Append('-');
        }
        var room = MaxLength - HashLength - 1;
        var tail = readable.ToString(Math.Max(0, readable.Length - room), Math.Min(room, readable.Length)).Trim('-');
        var hash = Fingerprint.Hex(Encoding.UTF8.GetBytes(full))[..HashLength];
        return tail.Length == 0 ? hash : $"{tail}-{hash}";
    }
}
