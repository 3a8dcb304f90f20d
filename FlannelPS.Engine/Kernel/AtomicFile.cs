
namespace FlannelPS.Engine.Kernel;

/// <summary>Writes a small file so that readers see the old one or the new one, whole, and nobody can lead the write elsewhere.</summary>
/// <remarks>A temporary file beside it (O_EXCL, O_NOFOLLOW), fchmod, fsync, renameat; every step by the directory's descriptor.</remarks>
public static class AtomicFile
{
    private const long StaleSeconds = 60;

    /// <summary>Makes the file have this content and mode. Missing directories are made with mode 0755.</summary>
    /// <param name="path">Where.</param>
    /// <param name="content">The whole content.</param>
    /// <param name="mode">The mode it gets, whatever the umask.</param>
    /// <returns>False when it was so already, and nothing was written.</returns>
    /// <exception cref="FileException">The kernel refused (disk full, read-only); the old file is as it was.</exception>
    /// <exception cref="FileRefusedException">A link, fifo, directory or a file with two names stands there, or others can write to the directory.</exception>
    public static bool Write(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        path = Path.GetFullPath(path);
        var name = Path.GetFileName(path);
        using var directory = SafeDirectory.Open(Path.GetDirectoryName(path) ?? "/", create: true);
        if (SafeDirectory.TryStatus(directory, name, path) is { } status)
        {
            SafeDirectory.CheckFile(status, path);
            if (SafeDirectory.IsTrusted(status.stx_uid) && status.Permissions == (uint)mode && status.stx_size == (ulong)content.Length && HasContent(directory, name, content))
                return false;
        }
        RemoveStale(directory, name, path);
        var temporary = $".{name}.{Entropy.Hex(6)}.tmp";
        try
        {
            WriteNew(directory, temporary, path, content, mode);
            KillPoint.Pass(KillPoint.TemporaryFile, name);
            var renamed = LibC.RenameAt(directory, temporary, directory, name);
            if (renamed < 0)
                throw new FileException($"{path} cannot be replaced", LibC.LastErrno);
        }
        catch
        {
            _ = LibC.UnlinkAt(directory, temporary, 0);
            throw;
        }
        // Some file systems cannot sync a directory; the file itself is whole in any case.
        _ = LibC.FSync(directory);
        return true;
    }

    /// <summary>Removes a file if it is there; a link itself, not what it points to.</summary>
    /// <returns>Whether it was there.</returns>
    /// <exception cref="FileException">The kernel refused.</exception>
    /// <exception cref="FileRefusedException">Others can write to the directory.</exception>
    public static bool Delete(string path)
    {
        path = Path.GetFullPath(path);
        FileDescriptor directory;
        try
        {
            directory = SafeDirectory.Open(Path.GetDirectoryName(path) ?? "/", create: false);
        }
        catch (FileException exception) when (exception.Errno == Errno.ENOENT)
        {
            return false;
        }
        using (directory)
        {
            var removed = LibC.UnlinkAt(directory, Path.GetFileName(path), 0);
            var errno = removed < 0 ? LibC.LastErrno : 0;
            return errno switch
            {
                0 => true,
                Errno.ENOENT => false,
                _ => throw new FileException($"{path} cannot be removed", errno),
            };
        }
    }

    private static bool HasContent(FileDescriptor directory, string name, ReadOnlySpan<byte> content)
    {
        using var file = LibC.OpenAt(directory, name, LibC.O_RDONLY | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_CLOEXEC);
        if (file.IsInvalid)
            return false;
        var present = new byte[content.Length + 1];
        return SafeRead.Fill(file, present, out var errno) == content.Length && errno == 0 && content.SequenceEqual(present.AsSpan(0, content.Length));
    }

    private static void WriteNew(FileDescriptor directory, string temporary, string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        using var file = LibC.OpenAt(directory, temporary, LibC.O_WRONLY | LibC.O_CREAT | LibC.O_EXCL | LibC.O_NOFOLLOW | LibC.O_CLOEXEC, 0x180 /* 0600 */);
        if (file.IsInvalid)
            throw new FileException($"{path} cannot be written (a temporary file beside it)", LibC.LastErrno);
        while (!content.IsEmpty)
        {
            var written = LibC.Write(file, in content[0], (nuint)content.Length);
            var errno = written < 0 ? LibC.LastErrno : 0;
            if (errno is not (0 or Errno.EINTR))
                throw new FileException($"{path} cannot be written", errno);
            content = content[(int)Math.Max(0, written)..];
        }
        if (LibC.FChMod(file, (uint)mode) < 0)
            throw new FileException($"{path} cannot be given its mode", LibC.LastErrno);
        if (LibC.FSync(file) < 0)
            throw new FileException($"{path} cannot be written", LibC.LastErrno);
    }

    /// <summary>A writer that was killed left its temporary file; a living one needs much less than a minute.</summary>
    private static void RemoveStale(FileDescriptor directory, string name, string path)
    {
        var oldest = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - StaleSeconds;
        foreach (var found in Directory.EnumerateFiles($"/proc/self/fd/{directory.Number}"))
        {
            var other = Path.GetFileName(found);
            if (other.Length == name.Length + 18 && other[0] == '.' && other.EndsWith(".tmp", StringComparison.Ordinal) && other.AsSpan(1).StartsWith(name)
                && SafeDirectory.TryStatus(directory, other, path) is { } status && status.IsKind(LibC.S_IFREG) && status.stx_mtime < oldest)
                _ = LibC.UnlinkAt(directory, other, 0);
        }
    }
}
