using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace FlannelPS.Lab;

/// <summary>Makes a veth like a network card: it is given one packet at a time, and joins what arrives.</summary>
/// <remarks>linux/ethtool.h, linux/sockios.h: what the program ethtool does, which is not on every machine.</remarks>
public static class Ethtool
{
    private const nuint SIOCETHTOOL = 0x8946;
    private const uint ETHTOOL_SGRO = 0x2c;
    private const int NameLength = 16;

    /// <summary>Cuts super-packets before they leave an interface of a host, and lets it join those it receives (GRO).</summary>
    public static void MakeLikeCard(Host host)
    {
        // A super-packet of more segments than this is cut by the kernel on its way out.
        host.Namespace.Ip("link set eth0 gso_max_segs 1");
        host.Namespace.Run(() =>
        {
            Set("eth0", ETHTOOL_SGRO, 1);
            return true;
        });
    }

    private static void Set(string device, uint command, uint value)
    {
        int socket = LibC.Socket(2 /* AF_INET */, 2 /* SOCK_DGRAM */, 0);
        nint data = Marshal.AllocHGlobal(8);
        try
        {
            Marshal.WriteInt32(data, (int)command);
            Marshal.WriteInt32(data + 4, (int)value);
            byte[] request = new byte[40];    // struct ifreq: name, then a pointer to the command
            Encoding.ASCII.GetBytes(device, request.AsSpan(0, NameLength - 1));
            BinaryPrimitives.WriteInt64LittleEndian(request.AsSpan(NameLength), data);
            if (LibC.IoControl(socket, SIOCETHTOOL, request) != 0)
            {
                throw new IOException($"ethtool on {device}: {Marshal.GetLastPInvokeErrorMessage()}");
            }
        }
        finally
        {
            Marshal.FreeHGlobal(data);
            _ = LibC.Close(socket);
        }
    }
}
