using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static FlannelPS.Engine.Kernel.IcmpH;

namespace FlannelPS.Engine.Kernel;

/// <summary>ICMP echo over IPv4: sends packets that are never cut, and takes in the requests and replies that carry a mark. Never waits.</summary>
/// <remarks>
/// raw(7), socket(7). A raw socket gets a copy of each ICMP packet of the host; the kernel drops those without the mark before they cost us anything (linux/filter.h).
/// When a packet came in is the kernel's word (SO_TIMESTAMPNS), so nobody has to be awake for it. Needs CAP_NET_RAW.
/// </remarks>
public sealed unsafe class EchoSocket : IDisposable
{
    /// <summary>Bytes of a packet that are kept, from its IPv4 header on; the rest is filling.</summary>
    public const int Kept = 192;

    private const int Slots = 64, ControlLength = 64, BufferLength = 1 << 20;
    private readonly FileDescriptor _descriptor;
    private readonly MMsgHdr* _messages;
    private readonly IoVec* _pieces;
    private readonly byte* _bytes;
    private readonly byte* _controls;

    private EchoSocket(FileDescriptor descriptor)
    {
        _descriptor = descriptor;
        _messages = (MMsgHdr*)NativeMemory.AllocZeroed(Slots, (nuint)sizeof(MMsgHdr));
        _pieces = (IoVec*)NativeMemory.AllocZeroed(Slots, (nuint)sizeof(IoVec));
        _bytes = (byte*)NativeMemory.AllocZeroed(Slots, Kept);
        _controls = (byte*)NativeMemory.AllocZeroed(Slots, ControlLength);
        for (var i = 0; i < Slots; i++)
        {
            _pieces[i] = new() { iov_base = (nint)(_bytes + i * Kept), iov_len = Kept };
            _messages[i].msg_hdr = new() { msg_iov = (nint)(_pieces + i), msg_iovlen = 1, msg_control = (nint)(_controls + i * ControlLength) };
        }
    }

    /// <summary>Opens it in the network namespace of the calling thread.</summary>
    /// <param name="source">Our address: what is sent comes from it, and what is taken in was sent to it.</param>
    /// <param name="mark">The first four bytes of the data, in host order.</param>
    /// <exception cref="FileException">EPERM: we may not; EADDRNOTAVAIL: the address is not ours.</exception>
    public static EchoSocket Open(IPAddress source, uint mark)
    {
        var descriptor = LibC.Socket(LibC.AF_INET, LibC.SOCK_RAW | LibC.SOCK_NONBLOCK | LibC.SOCK_CLOEXEC, IPPROTO_ICMP);
        var errno = descriptor.IsInvalid ? LibC.LastErrno : Attach(descriptor, mark);
        if (errno == 0)
            errno = LibC.Bind(descriptor, UdpSocket.Name(source, 0), (uint)sizeof(SockAddr_In)) < 0 ? LibC.LastErrno : 0;
        if (errno != 0)
        {
            descriptor.Dispose();
            throw new FileException($"ICMP packets cannot be sent from {source}", errno);
        }
        _ = LibC.SetSocketOption(descriptor, UdpH.IPPROTO_IP, UdpH.IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
        _ = LibC.SetSocketOption(descriptor, LibC.SOL_SOCKET, SO_TIMESTAMPNS, 1);
        if (LibC.SetSocketOption(descriptor, LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, BufferLength) < 0)
            _ = LibC.SetSocketOption(descriptor, LibC.SOL_SOCKET, LibC.SO_RCVBUF, BufferLength);
        return new(descriptor);
    }

    /// <summary>The wall clock as <see cref="TimeOf"/> tells it, nanoseconds.</summary>
    public static long Now => LibC.ClockGetTime(LibC.CLOCK_REALTIME, out var time) == 0 ? time.tv_sec * 1_000_000_000L + time.tv_nsec : 0;

    /// <summary>Sends.</summary>
    /// <param name="icmp">From the ICMP header on.</param>
    /// <param name="to">Whom.</param>
    /// <returns>0 or the errno.</returns>
    public int Send(ReadOnlySpan<byte> icmp, IPAddress to)
        => LibC.SendTo(_descriptor, in MemoryMarshal.GetReference(icmp), (nuint)icmp.Length, LibC.MSG_DONTWAIT, UdpSocket.Name(to, 0), (uint)sizeof(SockAddr_In)) < 0 ? LibC.LastErrno : 0;

    /// <summary>Takes what is waiting, at most 64 packets.</summary>
    /// <returns>Packets; 0 when nothing waits.</returns>
    public int Receive()
    {
        for (var i = 0; i < Slots; i++)
            _messages[i].msg_hdr.msg_controllen = ControlLength;    // what the kernel writes back is what it gave last time
        return Math.Max(0, LibC.ReceiveMany(_descriptor, _messages, Slots, LibC.MSG_DONTWAIT, null));
    }

    /// <summary>A packet, with its IPv4 header, as far as it is kept.</summary>
    public ReadOnlySpan<byte> PacketOf(int message) => new(_bytes + message * Kept, (int)Math.Min(_messages[message].msg_len, Kept));

    /// <summary>When it came in, nanoseconds of the wall clock; 0 where the kernel does not tell.</summary>
    public long TimeOf(int message)
    {
        ref var header = ref _messages[message].msg_hdr;
        var control = (CMsgHdr*)header.msg_control;
        if (header.msg_controllen < (nuint)(sizeof(CMsgHdr) + sizeof(TimeSpec)) || control->cmsg_level != LibC.SOL_SOCKET || control->cmsg_type != SO_TIMESTAMPNS)
            return 0;
        var time = (TimeSpec*)(control + 1);
        return time->tv_sec * 1_000_000_000L + time->tv_nsec;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _descriptor.Dispose();
        NativeMemory.Free(_messages);
        NativeMemory.Free(_pieces);
        NativeMemory.Free(_bytes);
        NativeMemory.Free(_controls);
    }

    private static int Attach(FileDescriptor descriptor, uint mark)
    {
        // The packet begins with its IPv4 header; X is that header's length.
        ReadOnlySpan<SockFilter> program =
        [
            new(BPF_LDX_B_MSH, 0, 0, 0),
            new(BPF_LD_B_IND, 0, 0, 0),               // the type
            new(BPF_JMP_JEQ_K, 1, 0, ICMP_ECHO),
            new(BPF_JMP_JEQ_K, 0, 3, ICMP_ECHOREPLY),
            new(BPF_LD_W_IND, 0, 0, 8),               // the data's first bytes
            new(BPF_JMP_JEQ_K, 0, 1, mark),
            new(BPF_RET_K, 0, 0, uint.MaxValue),
            new(BPF_RET_K, 0, 0, 0),
        ];
        fixed (SockFilter* first = program)
        {
            var filter = new SockFProg { len = (ushort)program.Length, filter = (nint)first };
            return LibC.SetSocketOption(descriptor, LibC.SOL_SOCKET, SO_ATTACH_FILTER, in filter, (uint)sizeof(SockFProg)) < 0 ? LibC.LastErrno : 0;
        }
    }
}
