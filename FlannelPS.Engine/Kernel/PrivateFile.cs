using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FlannelPS.Engine.Kernel;

/// <summary>Files and folders that several processes of one owner share: opened without following a link, locked, and asked who owns them.</summary>
/// <remarks>open(2), flock(2), statx(2). .NET's own open takes a shared flock on every file, which would stand in the way of ours.</remarks>
internal static partial class PrivateFile
{
    private const int O_RDWR = 2, O_CREAT = 0x40, O_TRUNC = 0x200, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
    private const int LOCK_EX = 2, LOCK_NB = 4, LOCK_UN = 8;
    private const int AT_EMPTY_PATH = 0x1000;
    private const uint STATX_TYPE = 1, STATX_MODE = 2, STATX_NLINK = 4, STATX_UID = 8;
    private const int S_IFMT = 0xf000, S_IFREG = 0x8000;
    private const int EINTR = 4, EWOULDBLOCK = 11, EINVAL = 22;

    // asm-generic/fcntl.h has what x86 has; arm and arm64 have their own (arch/arm64/include/uapi/asm/fcntl.h).
    private static readonly bool Arm = RuntimeInformation.ProcessArchitecture is Architecture.Arm or Architecture.Arm64;
    private static readonly int O_DIRECTORY = Arm ? 0x4000 : 0x10000;
    private static readonly int O_NOFOLLOW = Arm ? 0x8000 : 0x20000;

    /// <summary>Opens a file for reading and writing. A symbolic link in its place is an error (ELOOP), and so is a pipe or a device (EINVAL).</summary>
    /// <param name="path">The file.</param>
    /// <param name="create">Begin with an empty one, of mode 0600 when it is new.</param>
    /// <exception cref="Win32Exception">With errno.</exception>
    internal static SafeFileHandle Open(string path, bool create)
    {
        var file = Checked(Open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW | (create ? O_CREAT | O_TRUNC : 0), 0x180));
        if ((StatX(file).Mode & S_IFMT) == S_IFREG)
            return file;
        file.Dispose();
        throw new Win32Exception(EINVAL);
    }

    /// <summary>Opens a folder, to lock it and to ask about it.</summary>
    /// <exception cref="Win32Exception">With errno; ENOTDIR when it is none.</exception>
    internal static SafeFileHandle OpenFolder(string path) => Checked(Open(path, O_CLOEXEC | O_DIRECTORY, 0));

    /// <summary>Takes the exclusive lock of an open file or folder, if it is free. The kernel gives it back when the process ends.</summary>
    /// <exception cref="Win32Exception">With errno, where the file system has no locks.</exception>
    internal static bool TryLock(SafeFileHandle file)
    {
        while (FLock(file, LOCK_EX | LOCK_NB) < 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == EWOULDBLOCK)
                return false;
            if (error != EINTR)
                throw new Win32Exception(error);
        }
        return true;
    }

    /// <summary>Gives the lock back.</summary>
    internal static void Unlock(SafeFileHandle file) => _ = FLock(file, LOCK_UN);

    /// <summary>How many names an open file has (0: it was removed or replaced), who owns it, and its permission bits.</summary>
    /// <exception cref="Win32Exception">With errno.</exception>
    internal static (uint Links, uint Owner, UnixFileMode Mode) Ask(SafeFileHandle file)
    {
        var answer = StatX(file);
        return (answer.Links, answer.Owner, (UnixFileMode)(answer.Mode & 0xfff));
    }

    /// <summary>The user this process acts as.</summary>
    [LibraryImport("libc", EntryPoint = "geteuid")]
    internal static partial uint EffectiveUser();

    private static unsafe Statx StatX(SafeFileHandle file)
    {
        Statx answer;
        return StatX(file, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE | STATX_NLINK | STATX_UID, &answer) < 0
            ? throw new Win32Exception(Marshal.GetLastPInvokeError())
            : answer;
    }

    private static SafeFileHandle Checked(SafeFileHandle handle)
    {
        if (!handle.IsInvalid)
            return handle;
        var error = Marshal.GetLastPInvokeError();
        handle.Dispose();
        throw new Win32Exception(error);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    private static partial int FLock(SafeFileHandle file, int operation);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static unsafe partial int StatX(SafeFileHandle folder, string path, int flags, uint mask, Statx* answer);

    /// <summary>struct statx, linux/stat.h: the same on every architecture.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(16)] public uint Links;
        [FieldOffset(20)] public uint Owner;
        [FieldOffset(28)] public ushort Mode;
    }
}
