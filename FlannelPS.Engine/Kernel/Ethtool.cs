using System.Text;

namespace FlannelPS.Engine.Kernel;

/// <summary>Features of a network device, as the program ethtool sets them, in the network namespace of the calling thread.</summary>
/// <remarks>linux/ethtool.h, linux/sockios.h: an ioctl(2) on any socket, with struct ifreq of a name and a pointer.</remarks>
internal static unsafe class Ethtool
{
    private const nuint SIOCETHTOOL = 0x8946;
    private const uint ETHTOOL_GTXCSUM = 0x16, ETHTOOL_STXCSUM = 0x17;
    private const int IFNAMSIZ = 16;

    /// <summary>Whether a device leaves checksums of what it sends to whatever is below it.</summary>
    /// <exception cref="FileException">The kernel refused.</exception>
    public static bool TxChecksum(string device) => Call(device, ETHTOOL_GTXCSUM, 0) != 0;

    /// <summary>Says whether it shall. Without it the kernel cuts super-packets before the device.</summary>
    /// <exception cref="FileException">The kernel refused.</exception>
    public static void SetTxChecksum(string device, bool on) => Call(device, ETHTOOL_STXCSUM, on ? 1u : 0);

    private static uint Call(string device, uint command, uint data)
    {
        using var socket = LibC.Socket(LibC.AF_INET, LibC.SOCK_DGRAM | LibC.SOCK_CLOEXEC, 0);
        if (socket.IsInvalid)
            throw new FileException("A socket for ethtool cannot be had", LibC.LastErrno);
        var value = stackalloc uint[2] { command, data };    // struct ethtool_value
        var request = stackalloc byte[40];                   // struct ifreq
        new Span<byte>(request, 40).Clear();
        Encoding.ASCII.GetBytes(InterfaceName.Check(device), new Span<byte>(request, IFNAMSIZ - 1));
        *(uint**)(request + IFNAMSIZ) = value;
        var failed = LibC.IoControl(socket, SIOCETHTOOL, request) < 0;
        if (failed)
            throw new FileException($"The features of {device} cannot be {(command == ETHTOOL_GTXCSUM ? "read" : "changed")}", LibC.LastErrno);
        return value[1];
    }
}
