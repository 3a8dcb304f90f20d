namespace FlannelPS.Engine.Kernel;

/// <summary>The name of a unix socket in a directory that nobody else can write to.</summary>
public static class SocketFile
{
    /// <summary>bytes of sun_path without the closing zero, linux/un.h.</summary>
    public const int MaxPathLength = 107;

    /// <summary>Removes what a dead predecessor left. The caller holds the lock that says the predecessor is dead.</summary>
    /// <exception cref="FileRefusedException">Something else than a socket of ours stands there, or others can write to the directory.</exception>
    /// <exception cref="FileException">The kernel refused.</exception>
    public static void RemoveStale(string path)
    {
        using var directory = SafeDirectory.Open(Path.GetDirectoryName(path) ?? "/", create: true);
        var name = Path.GetFileName(path);
        if (SafeDirectory.TryStatus(directory, name, path) is not { } status)
            return;
        if (!status.IsKind(LibC.S_IFSOCK))
            throw new FileRefusedException(path, "something else stands where the socket belongs. Remove it.");
        if (!SafeDirectory.IsTrusted(status.stx_uid))
            throw new FileRefusedException(path, $"it is a socket of user {status.stx_uid}. Remove it.");
        var removed = LibC.UnlinkAt(directory, name, 0);
        if (removed < 0)
            throw new FileException($"{path} cannot be removed", LibC.LastErrno);
    }

    /// <summary>
    /// Gives a bound socket its owner's group and mode: 0600, or 0660 with a group. Between bind and listen nobody can connect, so done there
    /// the socket is never open wider, whatever the umask.
    /// </summary>
    /// <exception cref="FileException">The kernel refused.</exception>
    public static void Protect(string path, uint? groupId)
    {
        using var directory = SafeDirectory.Open(Path.GetDirectoryName(path) ?? "/", create: false);
        if (groupId is { } group)
        {
            var changed = LibC.FChOwnAt(directory, Path.GetFileName(path), LibC.UnchangedId, group, LibC.AT_SYMLINK_NOFOLLOW);
            if (changed < 0)
                throw new FileException($"{path} cannot be given to group {group}", LibC.LastErrno);
        }
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        File.SetUnixFileMode(path, groupId is null ? Owner : Owner | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
    }
}
