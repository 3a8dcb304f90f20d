using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Tests.Kernel;

namespace FlannelPS.Engine.Tests.DataPath;

/// <summary>A pair of unix datagram sockets: whole packets go in at one end, where a device would be, and are read at the other.</summary>
internal sealed class PacketPipe : IDisposable
{
    private readonly TestDirectory _folder = new();
    private readonly Socket _reader = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);

    public PacketPipe(TunOffload offload)
    {
        _reader.Bind(new UnixDomainSocketEndPoint(_folder["packets"]));
        using var writer = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { SendBufferSize = 1 << 20, Blocking = false };
        writer.Connect(new UnixDomainSocketEndPoint(_folder["packets"]));
        Device = TunDevice.Over(new FileDescriptor(LibC.FileControl((int)writer.Handle, 0 /* F_DUPFD */, 0)), offload);
    }

    public TunDevice Device { get; }

    /// <summary>All that was written and not read yet.</summary>
    public List<byte[]> ReadAll()
    {
        var packets = new List<byte[]>();
        var buffer = new byte[70_000];
        while (_reader.Poll(0, SelectMode.SelectRead))
            packets.Add(buffer[.._reader.Receive(buffer)]);
        return packets;
    }

    public void Dispose()
    {
        Device.Dispose();
        _reader.Dispose();
        _folder.Dispose();
    }
}
