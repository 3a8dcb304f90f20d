namespace FlannelPS.Engine.Kernel;

/// <summary>Reads a small file that somebody may have tampered with.</summary>
public static class SafeRead
{
    /// <summary>The whole content, or null when there is no such file. Never follows a link, waits at a fifo or reads a file of a gigabyte.</summary>
    /// <param name="path">Where.</param>
    /// <param name="maxLength">Bytes; a longer file is refused.</param>
    /// <exception cref="FileException">The kernel refused.</exception>
    /// <exception cref="FileRefusedException">It is no plain file, or too long.</exception>
    public static byte[]? TryReadAllBytes(string path, int maxLength)
    {
        using var file = LibC.Open(path, LibC.O_RDONLY | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_CLOEXEC);
        var errno = file.IsInvalid ? LibC.LastErrno : 0;
        if (errno == Errno.ENOENT)
            return null;
        if (errno == Errno.ELOOP)
            throw new FileRefusedException(path, "it is a symbolic link where a plain file belongs. Remove it.");
        if (errno != 0)
            throw new FileException($"{path} cannot be opened", errno);
        var status = SafeDirectory.Status(file, "", path);
        if (!status.IsKind(LibC.S_IFREG))
            throw new FileRefusedException(path, "it is no plain file. Remove it.");
        if (status.stx_size > (ulong)maxLength)
            throw new FileRefusedException(path, $"it has {status.stx_size} bytes, more than the {maxLength} that belong there. Remove it.");
        // One byte more than the size, to see a file that grows; /proc files say 0 and are read up to the limit.
        var buffer = new byte[(status.stx_size == 0 ? (ulong)maxLength : status.stx_size) + 1];
        var length = Fill(file, buffer, out errno);
        if (errno != 0)
            throw new FileException($"{path} cannot be read", errno);
        if (length == buffer.Length)
            throw new FileRefusedException(path, $"it grows while it is read, or has more than the {maxLength} bytes that belong there.");
        return buffer[..length];
    }

    /// <summary>Reads until the buffer is full, the file ends, or the kernel refuses.</summary>
    internal static int Fill(FileDescriptor file, Span<byte> buffer, out int errno)
    {
        var length = 0;
        errno = 0;
        while (length < buffer.Length)
        {
            var read = LibC.Read(file, ref buffer[length], (nuint)(buffer.Length - length));
            errno = read < 0 ? LibC.LastErrno : 0;
            if (errno == Errno.EINTR)
                continue;
            if (read <= 0)
                break;
            length += (int)read;
        }
        return length;
    }
}
