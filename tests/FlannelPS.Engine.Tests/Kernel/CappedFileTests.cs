using System.Runtime.Versioning;
using System.Text;
using FlannelPS.Engine.Kernel;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Kernel;

[SupportedOSPlatform("linux")]
public sealed class CappedFileTests : IDisposable
{
    private const UnixFileMode Mode0640 = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead;
    private readonly TestDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void F64_A_log_file_is_made_with_its_folder_and_added_to_afterwards()
    {
        using (var file = new CappedFile(_directory["log/here/a.log"], 1000))
            file.Append("one\n"u8);
        Assert.Equal(Mode0640, File.GetUnixFileMode(_directory["log/here/a.log"]));
        Assert.Equal(AtomicFileTests.Directory0755, File.GetUnixFileMode(_directory["log/here"]));
        File.SetUnixFileMode(_directory["log/here/a.log"], (UnixFileMode)0x1b6 /* 0666 */);
        using (var file = new CappedFile(_directory["log/here/a.log"], 1000))
            file.Append("two\n"u8);
        Assert.Equal("one\ntwo\n", File.ReadAllText(_directory["log/here/a.log"]));
        Assert.Equal(Mode0640, File.GetUnixFileMode(_directory["log/here/a.log"]));
    }

    [Fact]
    public void I7_A_full_log_file_becomes_the_old_one_and_the_two_are_bounded()
    {
        using var file = new CappedFile(_directory["a.log"], 100);
        for (var i = 0; i < 1000; i++)
        {
            file.Append(Encoding.ASCII.GetBytes($"line {i:d4}\n"));
            Assert.InRange(new FileInfo(_directory["a.log"]).Length, 1, 100);
        }
        Assert.Equal(["a.log", "a.log.1"], _directory.Entries);
        Assert.Equal(Enumerable.Range(980, 20).Select(i => $"line {i:d4}"), File.ReadLines(_directory["a.log.1"]).Concat(File.ReadLines(_directory["a.log"])));
        Assert.Equal(Mode0640, File.GetUnixFileMode(_directory["a.log"]));
        file.Append(new byte[500]);
        Assert.Equal(500, new FileInfo(_directory["a.log"]).Length);
    }

    [Fact]
    public void Without_a_limit_it_grows()
    {
        using var file = new CappedFile(_directory["a.log"], 0);
        for (var i = 0; i < 100; i++)
            file.Append(new byte[1000]);
        Assert.Equal(100_000, new FileInfo(_directory["a.log"]).Length);
        Assert.Equal(["a.log"], _directory.Entries);
    }

    [Fact]
    public void I7_Where_the_full_file_cannot_be_renamed_it_is_emptied()
    {
        Directory.CreateDirectory(_directory["a.log.1/x"]);
        using var file = new CappedFile(_directory["a.log"], 10);
        for (var i = 0; i < 5; i++)
            file.Append("12345678\n"u8);
        Assert.Equal("12345678\n", File.ReadAllText(_directory["a.log"]));
    }

    [Fact]
    public void After_somebody_moved_or_removed_it_or_its_folder_the_next_line_goes_to_a_new_one()
    {
        using var file = new CappedFile(_directory["log/a.log"], 1000);
        file.Append("one\n"u8);
        File.Move(_directory["log/a.log"], _directory["log/a.log.old"]);
        file.Append("two\n"u8);
        Assert.Equal(("one\n", "two\n"), (File.ReadAllText(_directory["log/a.log.old"]), File.ReadAllText(_directory["log/a.log"])));
        File.Delete(_directory["log/a.log"]);
        file.Append("three\n"u8);
        Assert.Equal("three\n", File.ReadAllText(_directory["log/a.log"]));
        Directory.Delete(_directory["log"], recursive: true);
        file.Append("four\n"u8);
        Assert.Equal("four\n", File.ReadAllText(_directory["log/a.log"]));
    }

    [Theory]
    [InlineData("symlink", "a symbolic link")]
    [InlineData("hardlink", "hard link")]
    [InlineData("directory", "a directory")]
    [InlineData("fifo", "a fifo")]
    [InlineData("open folder", "can write to the directory")]
    public void F62_What_is_no_plain_file_of_ours_is_refused_and_left_alone(string trap, string reason)
    {
        File.WriteAllText(_directory["victim"], "precious");
        var path = _directory["log/a.log"];
        Directory.CreateDirectory(_directory["log"]);
        switch (trap)
        {
            case "symlink":
                File.CreateSymbolicLink(path, _directory["victim"]);
                break;
            case "hardlink":
                Command.Run("ln", _directory["victim"], path).ThrowIfFailed();
                break;
            case "directory":
                Directory.CreateDirectory(path);
                break;
            case "fifo":
                Command.Run("mkfifo", path).ThrowIfFailed();
                break;
            default:
                File.SetUnixFileMode(_directory["log"], (UnixFileMode)0x1ff /* 0777 */);
                break;
        }
        Assert.Contains(reason, Assert.Throws<FileRefusedException>(() => new CappedFile(path, 0)).Message);
        Assert.Equal("precious", File.ReadAllText(_directory["victim"]));
    }

    [Fact]
    public void F62_A_link_put_in_its_place_later_gets_no_line()
    {
        File.WriteAllText(_directory["victim"], "precious");
        using var file = new CappedFile(_directory["a.log"], 0);
        file.Append("one\n"u8);
        File.Delete(_directory["a.log"]);
        File.CreateSymbolicLink(_directory["a.log"], _directory["victim"]);
        Assert.Throws<FileRefusedException>(() => file.Append("two\n"u8));
        File.Delete(_directory["a.log"]);
        file.Append("three\n"u8);
        Assert.Equal(("precious", "three\n"), (File.ReadAllText(_directory["victim"]), File.ReadAllText(_directory["a.log"])));
    }

    [Fact]
    public void F60_On_a_full_disk_a_line_is_lost_whole_and_the_next_one_comes_when_there_is_room()
    {
        using var disk = new MountedDisk("size=8k");
        using var file = new CappedFile(disk["a.log"], 0);
        file.Append("first\n"u8);
        Assert.Throws<FileException>(() => file.Append(Encoding.ASCII.GetBytes(new string('x', 10_000) + "\n")));
        Assert.Equal("first\n", File.ReadAllText(disk["a.log"]));
        file.Append("second\n"u8);
        Assert.Equal("first\nsecond\n", File.ReadAllText(disk["a.log"]));
    }
}
