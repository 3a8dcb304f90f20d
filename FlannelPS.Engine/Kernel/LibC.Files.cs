using System.Runtime.InteropServices;

namespace FlannelPS.Engine.Kernel;

internal static partial class LibC
{
    // asm-generic/fcntl.h; arm64 has its own values for the two that are read at run time.
    internal const int O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_CREAT = 0x40, O_EXCL = 0x80, O_APPEND = 0x400, O_NONBLOCK = 0x800, O_CLOEXEC = 0x80000;
    internal static readonly int O_DIRECTORY = IsArm ? 0x4000 : 0x10000;
    internal static readonly int O_NOFOLLOW = IsArm ? 0x8000 : 0x20000;
    internal const int AT_EMPTY_PATH = 0x1000, AT_SYMLINK_NOFOLLOW = 0x100;
    internal const int LOCK_EX = 2, LOCK_NB = 4;
    internal const ushort S_IFMT = 0xf000, S_IFREG = 0x8000, S_IFDIR = 0x4000, S_IFLNK = 0xa000, S_IFIFO = 0x1000, S_IFSOCK = 0xc000;
    internal const ushort S_ISVTX = 0x200, S_IWGRP = 0x10, S_IWOTH = 2;
    internal const uint STATX_BASIC_STATS = 0x7ff;

    private static bool IsArm => RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;

    /// <summary>open(2), fcntl.h.</summary>
    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial FileDescriptor Open(string path, int flags, uint mode = 0);

    /// <summary>openat(2), fcntl.h.</summary>
    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial FileDescriptor OpenAt(FileDescriptor directory, string name, int flags, uint mode = 0);

    /// <summary>statx(2), linux/stat.h: the one stat whose layout is the same on every architecture.</summary>
    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int StatX(FileDescriptor directory, string name, int flags, uint mask, out StatX status);

    /// <summary>readlinkat(2), unistd.h. Returns the length; what does not fit is cut off.</summary>
    [LibraryImport("libc", EntryPoint = "readlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint ReadLinkAt(FileDescriptor directory, string name, ref byte buffer, nuint length);

    /// <summary>mkdirat(2), sys/stat.h.</summary>
    [LibraryImport("libc", EntryPoint = "mkdirat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int MakeDirectoryAt(FileDescriptor directory, string name, uint mode);

    /// <summary>unlinkat(2), unistd.h.</summary>
    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int UnlinkAt(FileDescriptor directory, string name, int flags);

    /// <summary>renameat(2), stdio.h.</summary>
    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RenameAt(FileDescriptor fromDirectory, string from, FileDescriptor toDirectory, string to);

    /// <summary>fchmod(2), sys/stat.h.</summary>
    [LibraryImport("libc", EntryPoint = "fchmod", SetLastError = true)]
    internal static partial int FChMod(FileDescriptor fd, uint mode);

    /// <summary>fsync(2), unistd.h.</summary>
    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int FSync(FileDescriptor fd);

    /// <summary>ftruncate(2), unistd.h.</summary>
    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int FTruncate(FileDescriptor fd, nint length);

    /// <summary>flock(2), sys/file.h.</summary>
    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int FLock(FileDescriptor fd, int operation);
}

/// <summary>struct statx, linux/stat.h: the fields in use.</summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct StatX
{
    [FieldOffset(16)] public uint stx_nlink;
    [FieldOffset(20)] public uint stx_uid;
    [FieldOffset(24)] public uint stx_gid;
    [FieldOffset(28)] public ushort stx_mode;
    [FieldOffset(32)] public ulong stx_ino;
    [FieldOffset(40)] public ulong stx_size;
    [FieldOffset(112)] public long stx_mtime;
    [FieldOffset(136)] public uint stx_dev_major;
    [FieldOffset(140)] public uint stx_dev_minor;

    public readonly bool IsKind(ushort kind) => (stx_mode & LibC.S_IFMT) == kind;

    /// <summary>Permission bits, with setuid, setgid and sticky.</summary>
    public readonly uint Permissions => stx_mode & 0xfffu;

    public readonly bool IsSameFile(in StatX other)
        => stx_ino == other.stx_ino && stx_dev_major == other.stx_dev_major && stx_dev_minor == other.stx_dev_minor;
}
