using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Netlink.Wire;

/// <summary>The one place where .NET's address families meet the kernel's.</summary>
internal static class Family
{
    internal static byte Of(IPAddress address) => Of(address.AddressFamily);

    internal static byte Of(AddressFamily family) => family switch
    {
        AddressFamily.InterNetwork => LibC.AF_INET,
        AddressFamily.InterNetworkV6 => LibC.AF_INET6,
        _ => throw new ArgumentException($"{family} is neither IPv4 nor IPv6.", nameof(family)),
    };

    /// <summary>Whether it is IPv4 or IPv6, and how many bytes an address has.</summary>
    internal static bool TryGetLength(byte family, out int length)
    {
        length = family switch { LibC.AF_INET => 4, LibC.AF_INET6 => 16, _ => 0 };
        return length != 0;
    }
}
