using FlannelPS.Lab;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests.Kernel;

[SupportedOSPlatform("linux")]
public sealed class AtomicFileTests : IDisposable
{
    public const UnixFileMode Directory0755 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private const UnixFileMode Mode0644 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Mode0600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_file_is_written_replaced_and_left_alone_when_equal()
    {
        Assert.True(AtomicFile.Write(_directory["a"], "one\n"u8, Mode0644));
        Assert.True(AtomicFile.Write(_directory["a"], "two\n"u8, Mode0644));
        var before = File.GetLastWriteTimeUtc(_directory["a"]);
        Assert.False(AtomicFile.Write(_directory["a"], "two\n"u8, Mode0644));
        Assert.Equal(before, File.GetLastWriteTimeUtc(_directory["a"]));
        Assert.True(AtomicFile.Write(_directory["a"], "two\n"u8, Mode0600));
        Assert.Equal("two\n", File.ReadAllText(_directory["a"]));
        Assert.Equal(Mode0600, File.GetUnixFileMode(_directory["a"]));
        Assert.True(AtomicFile.Write(_directory["a"], [], Mode0600));
        Assert.Equal(["a"], _directory.Entries);
        Assert.True(AtomicFile.Delete(_directory["a"]));
        Assert.False(AtomicFile.Delete(_directory["a"]));
        Assert.False(AtomicFile.Delete(_directory["none/a"]));
    }

    [Theory]
    [InlineData("077")]
    [InlineData("000")]
    public void F64_File_and_directory_modes_do_not_depend_on_the_umask(string umask)
    {
        var writer = new Thread(() =>
        {
            // On a thread that has left the process's file system context, so that no other test sees the umask.
            Assert.Equal(0, Unshare(CLONE_FS));
            _ = Umask(Convert.ToUInt32(umask, 8));
            AtomicFile.Write(_directory["new/deeper/env"], "x"u8, Mode0644);
            AtomicFile.Write(_directory["new/secret"], "x"u8, Mode0600);
        });
        writer.Start();
        writer.Join();
        Assert.Equal(Directory0755, File.GetUnixFileMode(_directory["new/deeper"]));
        Assert.Equal(Directory0755, File.GetUnixFileMode(_directory["new"]));
        Assert.Equal(Mode0644, File.GetUnixFileMode(_directory["new/deeper/env"]));
        Assert.Equal(Mode0600, File.GetUnixFileMode(_directory["new/secret"]));
    }

    [Theory]
    [InlineData("symlink", "a symbolic link")]
    [InlineData("dangling", "a symbolic link")]
    [InlineData("fifo", "a fifo")]
    [InlineData("hardlink", "hard link")]
    [InlineData("directory", "a directory")]
    [InlineData("socket", "a socket")]
    public void F62_What_is_no_plain_file_is_refused_and_stays(string kind, string reason)
    {
        File.WriteAllText(_directory["victim"], "keep");
        var path = _directory["env"];
        System.Net.Sockets.Socket? socket = null;
        switch (kind)
        {
            case "symlink": File.CreateSymbolicLink(path, _directory["victim"]); break;
            case "dangling": File.CreateSymbolicLink(path, _directory["nowhere"]); break;
            case "fifo": Command.Run("mkfifo", path).ThrowIfFailed(); break;
            case "hardlink": Command.Run("ln", _directory["victim"], path).ThrowIfFailed(); break;
            case "directory": Directory.CreateDirectory(path); break;
            case "socket":
                socket = new(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
                socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(path));
                break;
        }
        var before = _directory.Entries;
        foreach (var use in (Action[])[() => AtomicFile.Write(path, "evil"u8, Mode0644), () => FileLock.TryAcquire(path, out _)])
        {
            var refused = Assert.Throws<FileRefusedException>(use);
            Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
            Assert.StartsWith(path, refused.Message, StringComparison.Ordinal);
            Assert.Contains("Remove it.", refused.Message, StringComparison.Ordinal);
        }
        Assert.Equal(before, _directory.Entries);
        Assert.Equal("keep", File.ReadAllText(_directory["victim"]));
        socket?.Dispose();
    }

    [Theory]
    [InlineData(UnixFileMode.GroupWrite)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void F62_A_directory_that_others_can_write_is_refused_unless_sticky(UnixFileMode extra)
    {
        File.SetUnixFileMode(_directory.Name, Directory0755 | extra);
        Assert.Contains("chmod go-w", Assert.Throws<FileRefusedException>(() => AtomicFile.Write(_directory["a"], "x"u8, Mode0644)).Message, StringComparison.Ordinal);
        Assert.Throws<FileRefusedException>(() => FileLock.TryAcquire(_directory["a"], out _));
        Assert.Empty(_directory.Entries);
        File.SetUnixFileMode(_directory.Name, Directory0755 | extra | UnixFileMode.StickyBit);
        Assert.True(AtomicFile.Write(_directory["a"], "x"u8, Mode0644));
    }

    [Fact]
    public void F62_A_directory_of_another_user_is_refused()
    {
        Assert.SkipUnless(LibC.GetEffectiveUserId() == 0, "Giving a directory away needs root.");
        Directory.CreateDirectory(_directory["theirs"]);
        Command.Run("chown", "65533", _directory["theirs"]).ThrowIfFailed();
        Assert.Contains("user 65533 owns", Assert.Throws<FileRefusedException>(() => AtomicFile.Write(_directory["theirs/a"], "x"u8, Mode0644)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void F62_A_link_in_the_path_is_followed_only_where_nobody_else_can_exchange_it()
    {
        Directory.CreateDirectory(_directory["real"], Directory0755);
        Directory.CreateDirectory(_directory["open"], Directory0755);
        Command.Run("chmod", "1777", _directory["open"]).ThrowIfFailed();
        Directory.CreateSymbolicLink(_directory["link"], "real");
        Directory.CreateSymbolicLink(_directory["up"], "open/../real");
        Directory.CreateSymbolicLink(_directory["absolute"], _directory["real"]);
        foreach (var link in (string[])["link", "up", "absolute"])
            AtomicFile.Write(_directory[$"{link}/{link}"], "x"u8, Mode0644);
        Assert.Equal(3, Directory.GetFiles(_directory["real"]).Length);

        Directory.CreateSymbolicLink(_directory["loop"], "loop");
        Assert.Equal(Errno.ELOOP, Assert.Throws<FileException>(() => AtomicFile.Write(_directory["loop/a"], "x"u8, Mode0644)).Errno is Errno.ENOTDIR or Errno.ELOOP ? Errno.ELOOP : 0);
        Assert.SkipUnless(LibC.GetEffectiveUserId() == 0, "Giving a link away needs root.");
        Directory.CreateSymbolicLink(_directory["open/theirs"], _directory["real"]);
        Command.Run("chown", "-h", "65533", _directory["open/theirs"]).ThrowIfFailed();
        Assert.Contains("another user can exchange", Assert.Throws<FileRefusedException>(() => AtomicFile.Write(_directory["open/theirs/a"], "x"u8, Mode0644)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void F60_A_full_disk_leaves_the_old_file_whole_and_nothing_beside_it()
    {
        using var disk = new MountedDisk("size=64k");
        var path = Path.Combine(disk.Path, "env");
        AtomicFile.Write(path, "old"u8, Mode0644);
        File.WriteAllBytes(Path.Combine(disk.Path, "ballast"), new byte[60 << 10]);
        var failure = Assert.Throws<FileException>(() => AtomicFile.Write(path, new byte[16 << 10], Mode0644));
        Assert.Equal(Errno.ENOSPC, failure.Errno);
        Assert.Equal($"{path} cannot be written: ENOSPC (No space left on device).", failure.Message);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal(2, Directory.GetFileSystemEntries(disk.Path).Length);
    }

    [Fact]
    public void F61_A_read_only_file_system_is_a_clear_error()
    {
        using var disk = new MountedDisk("ro,size=64k");
        foreach (var name in (string[])["env", "new/env"])
            Assert.Equal(Errno.EROFS, Assert.Throws<FileException>(() => AtomicFile.Write(Path.Combine(disk.Path, name), "x"u8, Mode0644)).Errno);
    }

    [Fact]
    public void F30_The_temporary_file_of_a_killed_writer_goes_with_the_next_write()
    {
        foreach (var name in (string[])[".env.0123456789AB.tmp", ".env.fresh0000000.tmp", ".other.0123456789AB.tmp"])
            File.WriteAllText(_directory[name], "half");
        File.SetLastWriteTimeUtc(_directory[".env.0123456789AB.tmp"], DateTime.UtcNow.AddHours(-1));
        File.SetLastWriteTimeUtc(_directory[".other.0123456789AB.tmp"], DateTime.UtcNow.AddHours(-1));
        AtomicFile.Write(_directory["env"], "x"u8, Mode0644);
        Assert.Equal([".env.fresh0000000.tmp", ".other.0123456789AB.tmp", "env"], _directory.Entries);
    }

    [Fact]
    public void A_reader_never_sees_half_a_file()
    {
        byte[] a = [.. Enumerable.Repeat((byte)'a', 5000)], b = [.. Enumerable.Repeat((byte)'b', 3000)];
        AtomicFile.Write(_directory["env"], a, Mode0644);
        var writer = Task.Run(() =>
        {
            for (var i = 0; i < 200; i++)
                AtomicFile.Write(_directory["env"], i % 2 == 0 ? b : a, Mode0644);
        }, TestContext.Current.CancellationToken);
        while (!writer.IsCompleted)
        {
            var seen = SafeRead.TryReadAllBytes(_directory["env"], 10_000)!;
            Assert.True(seen.AsSpan().SequenceEqual(a) || seen.AsSpan().SequenceEqual(b));
        }
        Assert.True(writer.IsCompletedSuccessfully);
    }

    [Fact]
    public void F63_A_read_is_capped_and_takes_plain_files_only()
    {
        Assert.Null(SafeRead.TryReadAllBytes(_directory["none"], 10));
        File.WriteAllText(_directory["ten"], "0123456789");
        Assert.Equal("0123456789"u8.ToArray(), SafeRead.TryReadAllBytes(_directory["ten"], 10));
        Assert.Contains("10 bytes", Assert.Throws<FileRefusedException>(() => SafeRead.TryReadAllBytes(_directory["ten"], 9)).Message, StringComparison.Ordinal);
        using (var huge = File.Create(_directory["huge"]))
            huge.SetLength(1L << 30);
        Assert.Throws<FileRefusedException>(() => SafeRead.TryReadAllBytes(_directory["huge"], 1 << 20));
        Command.Run("mkfifo", _directory["fifo"]).ThrowIfFailed();
        File.CreateSymbolicLink(_directory["link"], _directory["ten"]);
        foreach (var name in (string[])["fifo", "link", "."])
            Assert.Throws<FileRefusedException>(() => SafeRead.TryReadAllBytes(_directory[name], 10));
        Assert.Equal(36, SafeRead.TryReadAllBytes("/proc/sys/kernel/random/boot_id", 100)!.Length - 1);
    }

    private const int CLONE_FS = 0x200;

    [DllImport("libc", EntryPoint = "unshare")]
    private static extern int Unshare(int flags);

    [DllImport("libc", EntryPoint = "umask")]
    private static extern uint Umask(uint mask);
}
