using System.Net.Sockets;
using System.Text;

namespace FlannelPS.SystemTests;

/// <summary>The other end of NOTIFY_SOCKET: keeps what it is told. sd_notify(3).</summary>
internal sealed class FakeSystemd : IDisposable
{
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly StringBuilder _received = new();
    private readonly Thread _reader;

    public FakeSystemd(string path)
    {
        _socket.Bind(new UnixDomainSocketEndPoint(path));
        _socket.ReceiveTimeout = 100;
        _reader = new(Read) { IsBackground = true };
        _reader.Start();
    }

    public string Received
    {
        get
        {
            lock (_received)
            {
                return _received.ToString();
            }
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _reader.Join();
    }

    private void Read()
    {
        byte[] buffer = new byte[4096];
        while (true)
        {
            try
            {
                int length = _socket.Receive(buffer);
                lock (_received)
                {
                    _received.Append(Encoding.UTF8.GetString(buffer, 0, length)).Append('\n');
                }
            }
            catch (SocketException nothing) when (nothing.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
                continue;
            }
            catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
