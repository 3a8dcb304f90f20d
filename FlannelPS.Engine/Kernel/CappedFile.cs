namespace FlannelPS.Engine.Kernel;

/// <summary>A file of lines that is only added to, and begun anew when it has reached its size; the last full one is kept beside it as <c>.1</c>.</summary>
/// <remarks>
/// Mode 0640, whatever the umask. Each line is one write(2) with O_APPEND. Whoever renames or removes the file (logrotate) needs no signal: the
/// next line goes to a new one.
/// </remarks>
internal sealed class CappedFile : IDisposable
{
    private const uint Mode = 0x1a0;    // 0640
    private readonly string _path;
    private readonly string _name;
    private readonly long _cap;
    private FileDescriptor? _directory;
    private FileDescriptor? _file;

    /// <summary>Opens the file, or makes it and its directory.</summary>
    /// <param name="path">Where.</param>
    /// <param name="cap">Bytes it may have; 0 for no limit.</param>
    /// <exception cref="FileException">The kernel refused.</exception>
    /// <exception cref="FileRefusedException">Something else than a plain file of ours stands there, or others can write to the directory.</exception>
    public CappedFile(string path, long cap)
    {
        (_path, _name, _cap) = (Path.GetFullPath(path), Path.GetFileName(path), cap);
        Open();
    }

    /// <summary>Adds one line, its line feed included. Not for two threads at once.</summary>
    /// <exception cref="IOException">The line is lost; the next call tries everything again.</exception>
    public void Append(ReadOnlySpan<byte> line)
    {
        var size = (long)Current().stx_size;
        if (_cap > 0 && size > 0 && size + line.Length > _cap)
            size = BeginAnew();
        var rest = line;
        while (!rest.IsEmpty)
        {
            var written = LibC.Write(_file!, in rest[0], (nuint)rest.Length);
            var errno = written < 0 ? LibC.LastErrno : 0;
            if (errno is not (0 or Errno.EINTR))
            {
                // A part of a line would become the beginning of the next one.
                if (rest.Length < line.Length)
                    _ = LibC.FTruncate(_file!, (nint)size);
                throw new FileException($"{_path} cannot be written", errno);
            }
            rest = rest[(int)Math.Max(0, written)..];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _file?.Dispose();
        _directory?.Dispose();
        (_file, _directory) = (null, null);
    }

    /// <summary>The open file, if it is still the one of that name; else a new one.</summary>
    private StatX Current()
    {
        if (_file is not null && _directory is not null && SafeDirectory.TryStatus(_directory, _name, _path) is { } named
            && named.IsSameFile(SafeDirectory.Status(_file, "", _path)))
            return named;
        return Open();
    }

    private StatX Open()
    {
        Dispose();
        var directory = SafeDirectory.Open(Path.GetDirectoryName(_path) ?? "/", create: true);
        FileDescriptor? file = null;
        try
        {
            if (SafeDirectory.TryStatus(directory, _name, _path) is { } before)
                SafeDirectory.CheckFile(before, _path);
            file = LibC.OpenAt(directory, _name, LibC.O_WRONLY | LibC.O_APPEND | LibC.O_CREAT | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_CLOEXEC, Mode);
            if (file.IsInvalid)
                throw new FileException($"{_path} cannot be opened", LibC.LastErrno);
            var status = SafeDirectory.Status(file, "", _path);
            SafeDirectory.CheckFile(status, _path);
            if (!SafeDirectory.IsTrusted(status.stx_uid))
                throw new FileRefusedException(_path, $"user {status.stx_uid} owns the file. Remove it.");
            if (status.Permissions != Mode && LibC.FChMod(file, Mode) < 0)
                throw new FileException($"{_path} cannot be given its mode", LibC.LastErrno);
            (_directory, _file) = (directory, file);
            return status;
        }
        catch
        {
            file?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Renames the full file and opens a new one. Where that cannot be, the file is emptied: the limit holds before the old lines do.</summary>
    private long BeginAnew()
    {
        if (LibC.RenameAt(_directory!, _name, _directory!, _name + ".1") == 0)
            return (long)Open().stx_size;
        return LibC.FTruncate(_file!, 0) == 0 ? 0 : throw new FileException($"{_path} cannot be begun anew", LibC.LastErrno);
    }
}
