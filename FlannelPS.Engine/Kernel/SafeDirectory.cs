using System.Text;

namespace FlannelPS.Engine.Kernel;

/// <summary>Opens the directory that a file of ours lives in, in a way that nobody else can bend.</summary>
internal static class SafeDirectory
{
    private const int MaxLinks = 40;             // MAXSYMLINKS, linux/namei.h
    private const int MaxPath = 4096;            // PATH_MAX, linux/limits.h
    private const uint NewMode = 0x1ed;          // 0755

    /// <summary>
    /// Walks the path part by part from the root, each step by the descriptor of the one before. A symbolic link (/var/run) is followed only
    /// where root or we own it and nobody else can exchange it. The last directory must be ours or root's, and writable by no other.
    /// </summary>
    /// <param name="path">An absolute path.</param>
    /// <param name="create">Make what is missing, mode 0755 whatever the umask.</param>
    /// <exception cref="FileException">The kernel refused a step.</exception>
    /// <exception cref="FileRefusedException">Somebody else could exchange what is in there.</exception>
    internal static FileDescriptor Open(string path, bool create)
    {
        var pending = new Stack<string>();
        Push(pending, path);
        var current = Step(null, "/", path);
        try
        {
            for (var links = 0; pending.TryPop(out var name);)
            {
                var next = LibC.OpenAt(current, name, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_NOFOLLOW | LibC.O_CLOEXEC);
                var errno = next.IsInvalid ? LibC.LastErrno : 0;
                if (errno == Errno.ENOENT && create)
                    next = Create(current, name, path);
                // A link answers ENOTDIR, because O_DIRECTORY is checked before O_NOFOLLOW.
                else if (errno is Errno.ENOTDIR or Errno.ELOOP && ++links <= MaxLinks && Target(current, name, path) is { } target)
                {
                    Push(pending, target);
                    next = target.StartsWith('/') ? Step(null, "/", path) : Step(current, ".", path);
                }
                else if (errno != 0)
                    throw new FileException($"Directory {path} cannot be opened (at '{name}')", errno);
                current.Dispose();
                current = next;
            }
            CheckOwner(Status(current, "", path), path);
            return current;
        }
        catch
        {
            current.Dispose();
            throw;
        }
    }

    /// <summary>What is at a name in a directory, or the directory itself for an empty name; null when there is nothing.</summary>
    internal static StatX? TryStatus(FileDescriptor directory, string name, string path)
    {
        var failed = LibC.StatX(directory, name, name.Length == 0 ? LibC.AT_EMPTY_PATH : LibC.AT_SYMLINK_NOFOLLOW, LibC.STATX_BASIC_STATS, out var status) < 0;
        var errno = failed ? LibC.LastErrno : 0;
        return errno switch
        {
            0 => status,
            Errno.ENOENT => null,
            _ => throw new FileException($"{path} cannot be examined", errno),
        };
    }

    internal static StatX Status(FileDescriptor directory, string name, string path)
        => TryStatus(directory, name, path) ?? throw new FileException($"{path} cannot be examined", Errno.ENOENT);

    /// <summary>Throws unless it is a plain file with one name, which writing cannot lead elsewhere.</summary>
    internal static void CheckFile(in StatX status, string path)
    {
        var kind = (ushort)(status.stx_mode & LibC.S_IFMT) switch
        {
            LibC.S_IFREG => status.stx_nlink > 1 ? "a file with a second name (hard link)" : null,
            LibC.S_IFLNK => "a symbolic link",
            LibC.S_IFDIR => "a directory",
            LibC.S_IFIFO => "a fifo",
            LibC.S_IFSOCK => "a socket",
            _ => "a device",
        };
        if (kind is not null)
            throw new FileRefusedException(path, $"it is {kind} where a plain file belongs. Remove it.");
    }

    internal static bool IsTrusted(uint userId) => userId == 0 || userId == LibC.GetEffectiveUserId();

    private static bool IsWritableByOthers(in StatX status)
        => (status.stx_mode & (LibC.S_IWGRP | LibC.S_IWOTH)) != 0 && (status.stx_mode & LibC.S_ISVTX) == 0;

    private static void CheckOwner(in StatX status, string path)
    {
        if (!IsTrusted(status.stx_uid))
            throw new FileRefusedException(path, $"user {status.stx_uid} owns the directory and could exchange files in it. Give it to root, or use another directory.");
        if (IsWritableByOthers(status))
            throw new FileRefusedException(path, "its group or everybody can write to the directory and could exchange files in it. Remove that right (chmod go-w), or use another directory.");
    }

    private static FileDescriptor Step(FileDescriptor? from, string name, string path)
    {
        const int Flags = LibC.O_RDONLY | LibC.O_CLOEXEC;
        var next = from is null ? LibC.Open(name, Flags | LibC.O_DIRECTORY) : LibC.OpenAt(from, name, Flags | LibC.O_DIRECTORY);
        return next.IsInvalid ? throw new FileException($"Directory {path} cannot be opened (at '{name}')", LibC.LastErrno) : next;
    }

    private static FileDescriptor Create(FileDescriptor parent, string name, string path)
    {
        var made = LibC.MakeDirectoryAt(parent, name, NewMode);
        var errno = made < 0 ? LibC.LastErrno : 0;
        if (errno is not (0 or Errno.EEXIST))
            throw new FileException($"Directory {path} cannot be created (at '{name}')", errno);
        var opened = LibC.OpenAt(parent, name, LibC.O_RDONLY | LibC.O_DIRECTORY | LibC.O_NOFOLLOW | LibC.O_CLOEXEC);
        if (opened.IsInvalid)
            throw new FileException($"Directory {path} cannot be opened (at '{name}')", LibC.LastErrno);
        if (made == 0 && LibC.FChMod(opened, NewMode) < 0)
        {
            errno = LibC.LastErrno;
            opened.Dispose();
            throw new FileException($"Directory {path} cannot be given mode 0755", errno);
        }
        return opened;
    }

    /// <summary>Where a trustworthy link leads; null when it is no link.</summary>
    private static string? Target(FileDescriptor parent, string name, string path)
    {
        if (TryStatus(parent, name, path) is not { } link || !link.IsKind(LibC.S_IFLNK))
            return null;
        var around = Status(parent, "", path);
        if (!IsTrusted(link.stx_uid) || !IsTrusted(around.stx_uid) || IsWritableByOthers(around))
            throw new FileRefusedException(path, $"'{name}' in it is a symbolic link that another user can exchange. Use a path without it.");
        Span<byte> target = stackalloc byte[MaxPath];
        var length = LibC.ReadLinkAt(parent, name, ref target[0], MaxPath);
        if (length < 0)
            throw new FileException($"Directory {path} cannot be opened (at '{name}')", LibC.LastErrno);
        return Encoding.UTF8.GetString(target[..(int)length]);
    }

    private static void Push(Stack<string> pending, string path)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (var i = parts.Length - 1; i >= 0; i--)
            pending.Push(parts[i]);
    }
}
