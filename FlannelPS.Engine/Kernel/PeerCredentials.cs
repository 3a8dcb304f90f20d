using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Who connected to a unix socket, as the kernel noted at connect(2).</summary>
/// <remarks>unix(7), SO_PEERCRED.</remarks>
/// <param name="ProcessId">pid, seen from our pid namespace; 0 when it is not visible there.</param>
/// <param name="UserId">Effective user id.</param>
/// <param name="GroupId">Effective primary group id; supplementary groups are not told.</param>
public readonly record struct PeerCredentials(int ProcessId, uint UserId, uint GroupId)
{
    /// <summary>Asks a connected unix socket.</summary>
    /// <exception cref="SocketException">It is none, or not connected.</exception>
    public static PeerCredentials Of(Socket socket)
    {
        Span<UCred> credentials = stackalloc UCred[1];
        socket.GetRawSocketOption(LibC.SOL_SOCKET, LibC.SO_PEERCRED, MemoryMarshal.AsBytes(credentials));
        return new(credentials[0].pid, credentials[0].uid, credentials[0].gid);
    }
}
