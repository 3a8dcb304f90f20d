using System.Net.Sockets;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Reconcile;

/// <summary>
/// Kernel settings of our own devices, the only ones that are ours (F45): no router is listened to there, what the host forwards is forwarded there too, and a packet that
/// comes by the tunnel may be answered by another way (direct routing).
/// </summary>
internal static class DeviceSettings
{
    /// <summary>Makes them right.</summary>
    /// <param name="name">A device of ours.</param>
    /// <param name="isV6">Whether it carries IPv6.</param>
    /// <returns>Whether anything had to be done.</returns>
    public static bool Ensure(string name, bool isV6)
    {
        var changed = Correct(Sysctl.OfDevice(AddressFamily.InterNetworkV6, name, "accept_ra"), "1", "0") | Correct(Sysctl.OfDevice(AddressFamily.InterNetworkV6, name, "accept_ra"), "2", "0");
        if (isV6)
            return changed | Correct(Sysctl.OfDevice(AddressFamily.InterNetworkV6, name, "disable_ipv6"), "1", "0")
                | (TryRead("net/ipv6/conf/all/forwarding") == "1" && Correct(Sysctl.OfDevice(AddressFamily.InterNetworkV6, name, "forwarding"), "0", "1"));
        // The stricter of the host's and the device's counts, and 2 is the least strict that is not off: ip-sysctl.rst.
        var isStrict = TryRead("net/ipv4/conf/all/rp_filter") == "1";
        var filter = Sysctl.OfDevice(AddressFamily.InterNetwork, name, "rp_filter");
        return changed | Correct(filter, "1", "2") | (isStrict && Correct(filter, "0", "2"))
            | (TryRead("net/ipv4/ip_forward") == "1" && Correct(Sysctl.OfDevice(AddressFamily.InterNetwork, name, "forwarding"), "0", "1"));

        static bool Correct(string path, string wrong, string right)
        {
            if (TryRead(path) != wrong)
                return false;
            try
            {
                Sysctl.Write(path, right);
                return true;
            }
            catch (FileException)
            {
                return false;    // a read-only /proc/sys: there is nothing to be done about it
            }
        }

        static string? TryRead(string path)
        {
            try
            {
                return Sysctl.TryRead(path);
            }
            catch (FileException)
            {
                return null;
            }
        }
    }
}
