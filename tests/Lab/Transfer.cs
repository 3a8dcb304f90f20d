using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace FlannelPS.Lab;

/// <summary>Bytes by TCP in writes of random sizes, compared by hash.</summary>
public static class Transfer
{
    /// <summary>Sends from one workload to another.</summary>
    /// <exception cref="InvalidDataException">What arrived is not what was sent.</exception>
    public static Task AssertSameAsync(Workload from, Workload to, int length, CancellationToken cancellationToken, int port = 5300, bool ipv6 = false) =>
        AssertSameAsync(from.Namespace, to, length, cancellationToken, port, ipv6);

    /// <summary>Sends from a namespace to a workload.</summary>
    /// <exception cref="InvalidDataException">What arrived is not what was sent.</exception>
    public static async Task AssertSameAsync(NetworkNamespace from, Workload to, int length, CancellationToken cancellationToken, int port = 5300, bool ipv6 = false)
    {
        var address = ipv6 ? to.Address6! : to.Address;
        using var listener = to.Namespace.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        listener.Bind(new IPEndPoint(address, port));
        listener.Listen();
        using var sender = from.Run(() => new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp));
        await sender.ConnectAsync(new IPEndPoint(address, port), cancellationToken);
        using var receiver = await listener.AcceptAsync(cancellationToken);

        var sending = SendAsync(sender, length, cancellationToken);
        string received = await ReceiveAsync(receiver, cancellationToken);
        string sent = await sending;
        if (sent != received)
        {
            throw new InvalidDataException($"to {address}: {length} bytes arrived changed");
        }
    }

    private static async Task<string> SendAsync(Socket socket, int length, CancellationToken cancellationToken)
    {
        var random = new Random(length);
        byte[] content = new byte[length];
        random.NextBytes(content);
        for (int sent = 0; sent < length;)
        {
            int size = Math.Min(length - sent, random.Next(3) == 0 ? random.Next(1, 1500) : random.Next(1, 200_000));
            sent += await socket.SendAsync(content.AsMemory(sent, size), cancellationToken);
        }

        socket.Shutdown(SocketShutdown.Send);
        return Convert.ToHexString(SHA256.HashData(content));
    }

    private static async Task<string> ReceiveAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[1 << 20];
        while (await socket.ReceiveAsync(buffer, cancellationToken) is > 0 and var received)
        {
            hash.AppendData(buffer, 0, received);
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }
}
