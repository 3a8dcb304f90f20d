using System.Net.Sockets;

namespace FlannelPS.Engine.Kernel;

/// <summary>Hands open descriptors to another process over a unix socket.</summary>
/// <remarks>unix(7), SCM_RIGHTS. What arrives is a duplicate: both ends have the same device or socket open.</remarks>
public static unsafe class DescriptorPassing
{
    private const int Most = 16;
    private static readonly int ControlLength = sizeof(CMsgHdr) + Most * sizeof(int);

    /// <summary>Sends bytes, and descriptors with the first of them.</summary>
    /// <returns>How many bytes were taken.</returns>
    /// <exception cref="FileException">The kernel refused.</exception>
    /// <exception cref="ObjectDisposedException">A descriptor is closed.</exception>
    public static int Send(Socket socket, ReadOnlySpan<byte> bytes, params IReadOnlyList<FileDescriptor> descriptors)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Count, Most);
        var held = new bool[descriptors.Count];
        try
        {
            for (var i = 0; i < held.Length; i++)
                descriptors[i].DangerousAddRef(ref held[i]);
            fixed (byte* start = bytes)
            {
                var control = stackalloc byte[ControlLength];
                var piece = new IoVec { iov_base = (nint)start, iov_len = (nuint)bytes.Length };
                var message = new MsgHdr { msg_iov = (nint)(&piece), msg_iovlen = 1 };
                if (held.Length > 0)
                {
                    var header = (CMsgHdr*)control;
                    *header = new() { cmsg_len = (nuint)(sizeof(CMsgHdr) + held.Length * sizeof(int)), cmsg_level = LibC.SOL_SOCKET, cmsg_type = LibC.SCM_RIGHTS };
                    for (var i = 0; i < held.Length; i++)
                        ((int*)(header + 1))[i] = descriptors[i].Number;
                    (message.msg_control, message.msg_controllen) = ((nint)control, header->cmsg_len);
                }
                var sent = LibC.SendMessage((int)socket.Handle, &message, LibC.MSG_NOSIGNAL);
                return sent >= 0 ? (int)sent : throw new FileException("Descriptors cannot be sent", LibC.LastErrno);
            }
        }
        finally
        {
            for (var i = 0; i < held.Length; i++)
                if (held[i])
                    descriptors[i].DangerousRelease();
        }
    }

    /// <summary>Receives bytes, and what descriptors came with them. Waits as the socket does.</summary>
    /// <param name="socket">A blocking socket.</param>
    /// <param name="bytes">Takes the bytes.</param>
    /// <param name="descriptors">The caller's to close.</param>
    /// <returns>How many bytes came; 0 at the end.</returns>
    /// <exception cref="FileException">Nothing came in time, or the kernel refused.</exception>
    public static int Receive(Socket socket, Span<byte> bytes, out IReadOnlyList<FileDescriptor> descriptors)
    {
        var taken = new List<FileDescriptor>();
        descriptors = taken;
        fixed (byte* start = bytes)
        {
            var control = stackalloc byte[ControlLength];
            var piece = new IoVec { iov_base = (nint)start, iov_len = (nuint)bytes.Length };
            var message = new MsgHdr { msg_iov = (nint)(&piece), msg_iovlen = 1, msg_control = (nint)control, msg_controllen = (nuint)ControlLength };
            var received = LibC.ReceiveMessage((int)socket.Handle, &message, LibC.MSG_CMSG_CLOEXEC);
            if (received < 0)
                throw new FileException("Descriptors cannot be received", LibC.LastErrno);
            var header = (CMsgHdr*)control;
            if (message.msg_controllen >= (nuint)sizeof(CMsgHdr) && header->cmsg_level == LibC.SOL_SOCKET && header->cmsg_type == LibC.SCM_RIGHTS)
                for (var i = 0; i < (int)(header->cmsg_len - (nuint)sizeof(CMsgHdr)) / sizeof(int); i++)
                    taken.Add(new(((int*)(header + 1))[i]));
            return (int)received;
        }
    }
}
