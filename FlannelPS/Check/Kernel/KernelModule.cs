using FlannelPS.Engine.Netlink;

namespace FlannelPS.Checks;

/// <summary>Whether the kernel has what a tunnel needs, without asking it to make one.</summary>
internal static class KernelModule
{
    /// <summary>Whether vxlan devices can be made; null where nothing tells.</summary>
    public static (bool? Has, string Evidence) Vxlan(IEnumerable<Link> links)
    {
        if (links.FirstOrDefault(link => link.Kind == "vxlan") is { } device)
            return (true, $"{device.Name} is a vxlan device.");
        if (Directory.Exists("/sys/module/vxlan"))
            return (true, "The module vxlan is in the kernel.");
        try
        {
            var folder = $"/lib/modules/{File.ReadAllText("/proc/sys/kernel/osrelease").Trim()}";
            foreach (var list in (string[])["modules.builtin", "modules.dep"])
                if (File.Exists(Path.Join(folder, list)) && File.ReadLines(Path.Join(folder, list)).Any(line => line.Contains("/vxlan.ko", StringComparison.Ordinal) || line.Contains("/vxlan/vxlan.ko", StringComparison.Ordinal)))
                    return (true, $"The module vxlan is in {folder}, and is loaded when it is needed.");
            return File.Exists(Path.Join(folder, "modules.dep"))
                ? (false, $"The module vxlan is neither in the kernel nor in {folder}.")
                : (null, $"The module vxlan is not loaded, and {folder} is not there to tell whether it can be (as in a container).");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, $"The module vxlan is not loaded, and whether it can be is not to be read: {e.Message}");
        }
    }

    /// <summary>Why TUN devices cannot be made; empty where they can.</summary>
    public static string TunProblem()
    {
        const string Path = "/dev/net/tun";
        try
        {
            if (!File.Exists(Path))
                return $"{Path} is not there.";
            using var device = new FileStream(Path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, 0);
            return "";
        }
        catch (UnauthorizedAccessException)
        {
            return $"{Path} may not be opened by this user.";
        }
        catch (IOException e)
        {
            return $"{Path} cannot be opened: {e.Message}";
        }
    }
}
