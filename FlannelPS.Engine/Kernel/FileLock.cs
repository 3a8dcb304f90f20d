using System.Globalization;
using System.Text;

namespace FlannelPS.Engine.Kernel;

/// <summary>A lock file that one process holds; the kernel lets it go when the process ends, however it ends.</summary>
/// <remarks>flock(2). The file holds the owner's process id, mode 0600, and goes when the lock is let go.</remarks>
public sealed class FileLock : IDisposable
{
    private readonly FileDescriptor _directory;
    private readonly FileDescriptor _file;
    private readonly string _name;

    private FileLock(FileDescriptor directory, FileDescriptor file, string name)
    {
        _directory = directory;
        _file = file;
        _name = name;
    }

    /// <summary>Takes the lock, or tells who has it; never waits.</summary>
    /// <param name="path">The lock file; missing directories are made.</param>
    /// <param name="owner">The process that has it; 0 when unknown, or when it is ours now.</param>
    /// <returns>The lock, or null when another has it.</returns>
    /// <exception cref="FileException">The kernel refused.</exception>
    /// <exception cref="FileRefusedException">Something else stands in place of the file, or others can write to the directory.</exception>
    public static FileLock? TryAcquire(string path, out int owner)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return Acquire(path, out owner);
            }
            catch (FileException e) when (e.Errno == Errno.ENOENT && attempt < 3)
            {
                // A clean-up took the empty directory away between our two steps.
            }
        }
    }

    private static FileLock? Acquire(string path, out int owner)
    {
        path = Path.GetFullPath(path);
        var name = Path.GetFileName(path);
        var directory = SafeDirectory.Open(Path.GetDirectoryName(path) ?? "/", create: true);
        FileDescriptor? file = null;
        try
        {
            while (true)
            {
                file?.Dispose();
                file = Open(directory, name, path);
                var locked = LibC.FLock(file, LibC.LOCK_EX | LibC.LOCK_NB);
                var errno = locked < 0 ? LibC.LastErrno : 0;
                if (errno == Errno.EAGAIN)
                {
                    owner = ReadOwner(file);
                    file.Dispose();
                    directory.Dispose();
                    return null;
                }
                if (errno is not (0 or Errno.EINTR))
                    throw new FileException($"{path} cannot be locked", errno);
                // The last owner may have removed the file between our open and our lock: then we hold a name that is gone.
                if (errno == 0 && SafeDirectory.TryStatus(directory, name, path) is { } named && named.IsSameFile(SafeDirectory.Status(file, "", path)))
                    break;
            }
            WriteOwner(file, path);
            owner = 0;
            return new(directory, file, name);
        }
        catch
        {
            file?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    /// <summary>Removes the file and lets the lock go.</summary>
    public void Dispose()
    {
        if (_file.IsClosed)
            return;
        _ = LibC.UnlinkAt(_directory, _name, 0);
        _file.Dispose();
        _directory.Dispose();
    }

    private static FileDescriptor Open(FileDescriptor directory, string name, string path)
    {
        if (SafeDirectory.TryStatus(directory, name, path) is { } before)
            SafeDirectory.CheckFile(before, path);
        var file = LibC.OpenAt(directory, name, LibC.O_RDWR | LibC.O_CREAT | LibC.O_NOFOLLOW | LibC.O_NONBLOCK | LibC.O_CLOEXEC, 0x180 /* 0600 */);
        if (file.IsInvalid)
            throw new FileException($"{path} cannot be opened", LibC.LastErrno);
        try
        {
            var status = SafeDirectory.Status(file, "", path);
            // No name left: the last owner just removed it, and the caller's check finds that out.
            if (status.stx_nlink != 0)
                SafeDirectory.CheckFile(status, path);
            if (!SafeDirectory.IsTrusted(status.stx_uid))
                throw new FileRefusedException(path, $"user {status.stx_uid} owns the lock file. Remove it.");
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static int ReadOwner(FileDescriptor file)
    {
        Span<byte> text = stackalloc byte[16];
        var length = SafeRead.Fill(file, text, out _);
        return int.TryParse(text[..length].TrimEnd((byte)'\n'), NumberStyles.None, CultureInfo.InvariantCulture, out var owner) ? owner : 0;
    }

    private static void WriteOwner(FileDescriptor file, string path)
    {
        var text = Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n");
        // The lock is what counts; the number in it is for people, so a full disk does not stop a start.
        if (LibC.FTruncate(file, 0) < 0 || LibC.FChMod(file, 0x180 /* 0600 */) < 0)
            throw new FileException($"{path} cannot be written", LibC.LastErrno);
        _ = LibC.Write(file, in text[0], (nuint)text.Length);
    }
}
