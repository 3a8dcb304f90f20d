using System.Globalization;

namespace FlannelPS.Engine.Hosting;

/// <summary>Groups of this host, from the file; libc's own lookup would load name service modules into the daemon.</summary>
/// <remarks>group(5).</remarks>
internal static class SystemGroup
{
    /// <summary>The id of a group by name, or the number itself; null when there is none.</summary>
    public static uint? Find(string group, string file = "/etc/group")
    {
        if (uint.TryParse(group, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            return number;
        if (!File.Exists(file))
            return null;
        foreach (var line in File.ReadLines(file))
        {
            if (line.Split(':') is [var name, _, var id, ..] && name == group && uint.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out number))
                return number;
        }
        return null;
    }
}
