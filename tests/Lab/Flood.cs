using System.Net;
using System.Net.Sockets;

namespace FlannelPS.Lab;

/// <summary>Small datagrams to a host's tunnel port, as fast as a few threads can.</summary>
public sealed class Flood : IDisposable
{
    private readonly List<Thread> _threads = [];
    private volatile bool _stopping;

    private Flood()
    {
    }

    /// <summary>Begins.</summary>
    /// <param name="from">The host it comes from.</param>
    /// <param name="to">The host it goes to.</param>
    /// <param name="threads">How many send.</param>
    public static Flood Start(Host from, IPAddress to, int threads)
    {
        var flood = new Flood();
        for (int i = 0; i < threads; i++)
        {
            var socket = from.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp));
            var thread = new Thread(() => flood.Send(socket, new IPEndPoint(to, 8285))) { IsBackground = true, Name = "flood" };
            flood._threads.Add(thread);
            thread.Start();
        }

        return flood;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping = true;
        _threads.ForEach(thread => thread.Join());
    }

    private void Send(Socket socket, IPEndPoint to)
    {
        byte[] datagram = new byte[64];
        using (socket)
        {
            socket.Connect(to);
            while (!_stopping)
            {
                try
                {
                    socket.Send(datagram);
                }
                catch (SocketException)
                {
                    // A full queue, or nobody listens yet.
                }
            }
        }
    }
}
