using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using static FlannelPS.Engine.Kernel.TunH;

namespace FlannelPS.Engine.Kernel;

/// <summary>What a TUN device may be given besides plain packets.</summary>
[Flags]
public enum TunOffload
{
    /// <summary>Plain packets with right checksums only.</summary>
    None = 0,

    /// <summary>A virtio header stands before each packet.</summary>
    Header = 1,

    /// <summary>TCP as super-packets of up to 64 KiB, and checksums left to us.</summary>
    Tcp = 2,

    /// <summary>UDP as super-packets too. Since Linux 6.2.</summary>
    Udp = 4,
}

/// <summary>A TUN device: packets that the kernel routes to it are read here, and what is written here the kernel receives by it.</summary>
/// <remarks>Documentation/networking/tuntap.rst; linux/if_tun.h. The device is persistent: it outlives the descriptor.</remarks>
public sealed unsafe class TunDevice : IDisposable
{
    /// <summary>struct virtio_net_hdr, linux/virtio_net.h, bytes.</summary>
    public const int VirtioHeaderLength = 10;

    // Not in the headers of Linux before 6.2.
    private const uint TUN_F_USO4 = 0x20, TUN_F_USO6 = 0x40;

    private TunDevice(FileDescriptor descriptor, TunOffload offload) => (Descriptor, Offload) = (descriptor, offload);

    /// <summary>The descriptor.</summary>
    public FileDescriptor Descriptor { get; }

    /// <summary>What the kernel agreed to.</summary>
    public TunOffload Offload { get; }

    /// <summary>Bytes before each packet, in both directions.</summary>
    public int HeaderLength => (Offload & TunOffload.Header) != 0 ? VirtioHeaderLength : 0;

    /// <summary>Makes the device of this name, or attaches to a persistent one that nobody holds, in the network namespace of the calling thread.</summary>
    /// <param name="name">1 to 15 bytes.</param>
    /// <param name="offload">Whether to ask for super-packets; what the kernel does not have is left out.</param>
    /// <exception cref="FileException">There is no TUN here (ENOENT, ENODEV), no right to it (EPERM), or somebody holds the device (EBUSY).</exception>
    public static TunDevice Open(string name, bool offload)
    {
        InterfaceName.Check(name);
        if (!offload)
            return Open(name, IFF_TUN | IFF_NO_PI, TunOffload.None);
        try
        {
            return Open(name, IFF_TUN | IFF_NO_PI | IFF_VNET_HDR, TunOffload.Header);
        }
        catch (FileException e) when (e.Errno == Errno.EINVAL)
        {
            return Open(name, IFF_TUN | IFF_NO_PI, TunOffload.None);
        }
    }

    /// <summary>Takes over a descriptor that another process opened.</summary>
    /// <param name="descriptor">Owned from now on, whatever comes out.</param>
    /// <param name="offload">Whether super-packets are wanted.</param>
    /// <returns>Null when it is no TUN descriptor, or its device is gone.</returns>
    public static TunDevice? TryAdopt(FileDescriptor descriptor, bool offload)
    {
        if (Query(descriptor) is not { } found || (found.Flags & IFF_TUN) == 0)
        {
            descriptor.Dispose();
            return null;
        }
        var header = (found.Flags & IFF_VNET_HDR) != 0 ? TunOffload.Header : TunOffload.None;
        return new(descriptor, header | Negotiate(descriptor, offload && header != TunOffload.None));
    }

    /// <summary>Treats any descriptor that takes and gives whole packets as such a device; for tests.</summary>
    internal static TunDevice Over(FileDescriptor descriptor, TunOffload offload) => new(descriptor, offload);

    /// <summary>The name that the device has now; null when it is gone.</summary>
    public string? CurrentName() => Query(Descriptor)?.Name;

    /// <summary>Reads one packet.</summary>
    /// <param name="buffer">Where to.</param>
    /// <param name="offset">Where in it.</param>
    /// <param name="length">Room there; what does not fit is cut off.</param>
    /// <param name="errno">0, EAGAIN when none is waiting, EBADFD when the device is gone.</param>
    /// <returns>Bytes, the header among them.</returns>
    public int Read(NativeBuffer buffer, int offset, int length, out int errno)
    {
        var read = LibC.Read(Descriptor, buffer.At(offset, length), (nuint)length);
        errno = read < 0 ? LibC.LastErrno : 0;
        return (int)read;
    }

    /// <summary>Lets the device go with its last descriptor, or not.</summary>
    public void SetPersistent(bool persistent) => _ = LibC.IoControl(Descriptor, TUNSETPERSIST, persistent ? 1u : 0u);

    /// <summary>Closes the descriptor; the device stays when it is persistent.</summary>
    public void Dispose() => Descriptor.Dispose();

    private static TunDevice Open(string name, ushort flags, TunOffload header)
    {
        var descriptor = LibC.Open("/dev/net/tun", LibC.O_RDWR | LibC.O_NONBLOCK | LibC.O_CLOEXEC);
        var errno = descriptor.IsInvalid ? LibC.LastErrno : 0;
        if (errno != 0)
            throw new FileException("/dev/net/tun cannot be opened", errno);
        var request = new IfReq();
        Encoding.ASCII.GetBytes(name, new Span<byte>(request.ifr_name, IfReq.NameLength - 1));
        request.ifr_flags = flags;
        var set = LibC.IoControl(descriptor, TUNSETIFF, &request);
        errno = set < 0 ? LibC.LastErrno : 0;
        if (errno != 0)
        {
            descriptor.Dispose();
            throw new FileException($"The TUN device {name} cannot be had", errno);
        }
        var device = new TunDevice(descriptor, header | Negotiate(descriptor, header != TunOffload.None));
        device.SetPersistent(true);
        return device;
    }

    /// <summary>Asks for as much as the kernel has, step by step.</summary>
    private static TunOffload Negotiate(FileDescriptor descriptor, bool offload)
    {
        const uint tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
        if (offload && Set(tcp | TUN_F_USO4 | TUN_F_USO6))
            return TunOffload.Tcp | TunOffload.Udp;
        if (offload && Set(tcp))
            return TunOffload.Tcp;
        // What the last holder of a persistent device asked for still stands.
        _ = Set(0);
        return TunOffload.None;

        bool Set(uint features) => LibC.IoControl(descriptor, TUNSETOFFLOAD, features) == 0;
    }

    private static (string Name, ushort Flags)? Query(FileDescriptor descriptor)
    {
        var request = new IfReq();
        return LibC.IoControl(descriptor, TUNGETIFF, &request) < 0
            ? null
            : (Marshal.PtrToStringUTF8((nint)request.ifr_name)!, request.ifr_flags);
    }
}

/// <summary>struct ifreq, linux/if.h: name and flags.</summary>
[StructLayout(LayoutKind.Explicit, Size = 40)]
internal unsafe struct IfReq
{
    public const int NameLength = 16;

    [FieldOffset(0)] public fixed byte ifr_name[NameLength];
    [FieldOffset(16)] public ushort ifr_flags;
}
