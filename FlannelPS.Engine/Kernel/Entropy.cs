using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

/// <summary>Random bytes from the kernel.</summary>
/// <remarks>
/// getrandom(2). The framework's generator and hashes load OpenSSL: 2 to 3 ms of a start and 4 MiB of memory, which a daemon that speaks plain http has no use for.
/// </remarks>
internal static class Entropy
{
    /// <summary>Fills a span of at most 256 bytes; the kernel gives so many at once, always.</summary>
    public static void Fill(Span<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, 256);
        while (bytes.Length > 0)
        {
            var got = LibC.GetRandom(ref MemoryMarshal.GetReference(bytes), (nuint)bytes.Length, 0);
            var errno = got < 0 ? LibC.LastErrno : 0;
            if (errno is not (0 or Errno.EINTR))
                throw new FileException("The kernel gives no random bytes", errno);
            bytes = bytes[(int)Math.Max(got, 0)..];
        }
    }

    /// <summary>So many bytes.</summary>
    public static byte[] Bytes(int count)
    {
        var bytes = new byte[count];
        Fill(bytes);
        return bytes;
    }

    /// <summary>So many bytes as lower-case hex digits.</summary>
    public static string Hex(int count) => Convert.ToHexString(Bytes(count)).ToLowerInvariant();
}

internal static partial class LibC
{
    /// <summary>getrandom(2), sys/random.h.</summary>
    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    internal static partial nint GetRandom(ref byte buffer, nuint length, uint flags);
}
