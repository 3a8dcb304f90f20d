using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using FlannelPS.Lab;

namespace FlannelPS.Bench;

/// <summary>How a burst is given to the kernel.</summary>
internal enum BurstForm
{
    /// <summary>Many datagrams with one call (sendmmsg), each of which goes its own way through the kernel.</summary>
    Datagrams,

    /// <summary>One long message that the kernel cuts (UDP_SEGMENT), as QUIC stacks send.</summary>
    Segments,
}

/// <summary>Bursts of equal small datagrams from one workload to another, as fast as one thread gives them; the other counts what arrives.</summary>
/// <remarks>A program that sends one datagram a call, as iperf3 does, measures itself.</remarks>
internal static partial class Bursts
{
    private const int Burst = 64, Payload = 64, Port = 7200;
    private const int SOL_UDP = 17, UDP_SEGMENT = 103, MSG_DONTWAIT = 0x40;

    /// <summary>Sends for a time.</summary>
    /// <returns>Datagrams that arrived, and that were sent.</returns>
    public static async Task<(long Received, long Sent)> RunAsync(Workload from, Workload to, BurstForm form, TimeSpan duration)
    {
        using var receiver = to.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 8 << 20, ReceiveTimeout = 500 });
        receiver.Bind(new IPEndPoint(to.Address, Port));
        var counting = Task.Factory.StartNew(() => Count(receiver), TaskCreationOptions.LongRunning);
        using var sender = from.Namespace.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { SendBufferSize = 4 << 20 });
        sender.Connect(to.Address, Port);
        if (form == BurstForm.Segments)
        {
            sender.SetRawSocketOption(SOL_UDP, UDP_SEGMENT, BitConverter.GetBytes(Payload));
        }

        long sent = await Task.Factory.StartNew(() => Send(sender, form, duration), TaskCreationOptions.LongRunning);
        return (await counting, sent);
    }

    private static unsafe long Send(Socket socket, BurstForm form, TimeSpan duration)
    {
        byte* content = stackalloc byte[Burst * Payload];
        new Span<byte>(content, Burst * Payload).Clear();
        var piece = new IoVec { Base = content, Length = Payload };
        var messages = stackalloc Message[Burst];
        for (int i = 0; i < Burst; i++)
        {
            messages[i] = new() { Pieces = &piece, PieceCount = 1 };
        }

        int fd = (int)socket.Handle;
        long sent = 0;
        for (var clock = System.Diagnostics.Stopwatch.StartNew(); clock.Elapsed < duration;)
        {
            if (form == BurstForm.Datagrams)
            {
                sent += Math.Max(0, SendMany(fd, messages, Burst, 0));
            }
            else if (Send(fd, content, Burst * Payload, 0) > 0)
            {
                sent += Burst;
            }
        }

        return sent;
    }

    private static unsafe long Count(Socket socket)
    {
        byte* content = stackalloc byte[Payload];
        var piece = new IoVec { Base = content, Length = Payload };
        var messages = stackalloc Message[Burst];
        for (int i = 0; i < Burst; i++)
        {
            messages[i] = new() { Pieces = &piece, PieceCount = 1 };
        }

        // The first call waits for as long as the socket's time limit says: half a second of silence is the end.
        int fd = (int)socket.Handle;
        long received = 0;
        socket.Poll(TimeSpan.FromSeconds(5), SelectMode.SelectRead);
        while (socket.Poll(TimeSpan.FromSeconds(0.5), SelectMode.SelectRead))
        {
            while (ReceiveMany(fd, messages, Burst, MSG_DONTWAIT, null) is > 0 and var count)
            {
                received += count;
            }
        }

        return received;
    }

    [LibraryImport("libc", EntryPoint = "sendmmsg", SetLastError = true)]
    private static unsafe partial int SendMany(int socket, Message* messages, uint count, int flags);

    [LibraryImport("libc", EntryPoint = "recvmmsg", SetLastError = true)]
    private static unsafe partial int ReceiveMany(int socket, Message* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static unsafe partial nint Send(int socket, void* content, nint length, int flags);

    /// <summary>struct iovec, bits/types/struct_iovec.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct IoVec
    {
        public void* Base;
        public nint Length;
    }

    /// <summary>struct mmsghdr, bits/socket.h.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private unsafe struct Message
    {
        public void* Name;
        public int NameLength;
        public IoVec* Pieces;
        public nint PieceCount;
        public void* Control;
        public nint ControlLength;
        public int Flags;
        public int Padding, Transferred;
    }
}
