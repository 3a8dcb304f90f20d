using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Node;

/// <summary>The file <c>subnet.env</c>: absent or complete at every instant, mode 0644 whatever the umask, never through a link.</summary>
public static class SubnetFile
{
    private const int MaxLength = 64 << 10;
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <summary>Reads what a file said before; null when there is none.</summary>
    /// <exception cref="IOException">It cannot be read, or something else stands in its place.</exception>
    public static SubnetEnv? Read(string path)
        => SafeRead.TryReadAllBytes(path, MaxLength) is { } bytes ? SubnetEnv.Parse(Encoding.UTF8.GetString(bytes)) : null;

    /// <summary>Makes the file say this. A missing folder is made, mode 0755.</summary>
    /// <returns>False when it did already.</returns>
    /// <exception cref="IOException">The kernel refused, or the place is not safe; what was there is as it was.</exception>
    public static bool Write(string path, SubnetEnv content) => AtomicFile.Write(path, Encoding.ASCII.GetBytes(content.Render()), Mode);
}
