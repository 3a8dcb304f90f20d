using System.Globalization;

namespace FlannelPS.Engine.Kernel;

/// <summary>What this process may do.</summary>
public static class Privileges
{
    private const int CAP_NET_ADMIN = 12; // linux/capability.h

    /// <summary>Whether it may change the network configuration of its namespace (CAP_NET_ADMIN, effective).</summary>
    public static bool CanChangeNetwork()
    {
        const string field = "CapEff:";
        var line = File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal));
        return line is not null && ulong.TryParse(line.AsSpan(field.Length).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var capabilities)
            && (capabilities >> CAP_NET_ADMIN & 1) == 1;
    }

    /// <summary>Whether root may read a file without the right to pass over its mode (CAP_DAC_READ_SEARCH), as a service has to.</summary>
    /// <param name="path">The file.</param>
    /// <param name="owner">Its user id.</param>
    /// <returns>True also where there is no such file.</returns>
    public static bool IsReadableByMode(string path, out uint owner)
    {
        using var root = LibC.Open("/", LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_CLOEXEC);
        owner = 0;
        if (LibC.StatX(root, Path.GetFullPath(path), 0, LibC.STATX_BASIC_STATS, out var status) < 0)
            return true;
        owner = status.stx_uid;
        const uint S_IRUSR = 0x100, S_IRGRP = 0x20, S_IROTH = 4;    // linux/stat.h
        return (status.Permissions & (owner == 0 ? S_IRUSR : status.stx_gid == 0 ? S_IRGRP : S_IROTH)) != 0;
    }
}
