using System.Text;

namespace FlannelPS.Engine.Kernel;

/// <summary>Kernel settings by their path under /proc/sys, of the calling thread's network namespace.</summary>
/// <remarks>Paths use '/', because device names contain dots: <c>net/ipv6/conf/flannel.1/accept_ra</c>.</remarks>
public static class Sysctl
{
    private const string Root = "/proc/sys/";
    private const int MaxLength = 4096;

    /// <summary>The path of a device's setting: <c>net/ipv4/conf/DEVICE/KEY</c>, or <c>net/ipv6/...</c>.</summary>
    /// <exception cref="ArgumentException">The name is none that a device can have.</exception>
    public static string OfDevice(System.Net.Sockets.AddressFamily family, string device, string key)
        => $"net/{(family == System.Net.Sockets.AddressFamily.InterNetworkV6 ? "ipv6" : "ipv4")}/conf/{InterfaceName.Check(device)}/{key}";

    /// <summary>The value without the line's end, or null where the kernel has no such setting (module not loaded, device gone).</summary>
    /// <exception cref="FileException">It cannot be read.</exception>
    public static string? TryRead(string path)
    {
        using var file = LibC.Open(FullPath(path), LibC.O_RDONLY | LibC.O_NOFOLLOW | LibC.O_CLOEXEC);
        var errno = file.IsInvalid ? LibC.LastErrno : 0;
        if (errno == Errno.ENOENT)
            return null;
        if (errno != 0)
            throw new FileException($"{Root}{path} cannot be opened", errno);
        Span<byte> buffer = stackalloc byte[MaxLength];
        var length = LibC.Read(file, ref buffer[0], MaxLength);
        if (length < 0)
            throw new FileException($"{Root}{path} cannot be read", LibC.LastErrno);
        return Encoding.UTF8.GetString(buffer[..(int)length]).TrimEnd('\n');
    }

    /// <summary>The value without the line's end.</summary>
    /// <exception cref="FileException">It is not there or cannot be read.</exception>
    public static string Read(string path) => TryRead(path) ?? throw new FileException($"{Root}{path} cannot be opened", Errno.ENOENT);

    /// <summary>Writes a value.</summary>
    /// <exception cref="FileException">It is not there, is read-only, or the kernel refused the value.</exception>
    public static void Write(string path, string value)
    {
        using var file = LibC.Open(FullPath(path), LibC.O_WRONLY | LibC.O_NOFOLLOW | LibC.O_CLOEXEC);
        var errno = file.IsInvalid ? LibC.LastErrno : 0;
        if (errno != 0)
            throw new FileException($"{Root}{path} cannot be opened for writing", errno);
        var bytes = Encoding.UTF8.GetBytes(value + "\n");
        // The kernel takes a setting in one write or not at all.
        var written = LibC.Write(file, in bytes[0], (nuint)bytes.Length);
        if (written < 0)
            throw new FileException($"{Root}{path} cannot be set to {value}", LibC.LastErrno);
    }

    private static string FullPath(string path)
    {
        foreach (var part in path.Split('/'))
        {
            if (part is "" or "." or ".." || part.Contains('\0'))
                throw new ArgumentException($"'{path}' is not a path under {Root}.", nameof(path));
        }
        return Root + path;
    }
}
