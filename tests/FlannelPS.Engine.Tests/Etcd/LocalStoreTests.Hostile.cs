using System.Diagnostics;
using FlannelPS.Engine.Etcd;

namespace FlannelPS.Engine.Tests.Etcd;

public sealed partial class LocalStoreTests
{
    [Fact]
    public async Task F62_A_file_in_place_of_the_folder_is_refused_and_stays()
    {
        await File.WriteAllTextAsync(_folder, "mine", Limit);
        await RefusedAsync(_folder, "Not a directory");
        Assert.Equal("mine", await File.ReadAllTextAsync(_folder, Limit));
        File.Delete(_folder);
    }

    [Fact]
    public async Task F62_A_folder_that_others_may_write_to_is_refused()
    {
        Directory.CreateDirectory(_folder);
        File.SetUnixFileMode(_folder, (UnixFileMode)0x1ff);
        await RefusedAsync(_folder, "chmod go-w");
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public async Task F62_A_link_in_place_of_the_journal_is_not_followed()
    {
        var target = _folder + ".target";
        await File.WriteAllTextAsync(target, "", Limit);
        Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(JournalPath, target);
        await RefusedAsync(_folder, "symbolic links");
        Assert.Equal("", await File.ReadAllTextAsync(target, Limit));
        File.Delete(target);
    }

    [Fact]
    public async Task F62_A_pipe_or_a_folder_in_place_of_the_journal_is_refused_at_once()
    {
        Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using (var mkfifo = Process.Start("mkfifo", JournalPath))
            await mkfifo.WaitForExitAsync(Limit);
        await RefusedAsync(_folder, "Invalid argument");
        File.Delete(JournalPath);
        Directory.CreateDirectory(JournalPath);
        await RefusedAsync(_folder, "Is a directory");
    }

    [Theory]
    [InlineData("/proc/self/store")]
    [InlineData("/sys/kernel")]
    public Task F61_A_place_where_nothing_can_be_made_is_refused(string folder) => RefusedAsync(folder, folder);

    private static async Task RefusedAsync(string folder, string reason)
    {
        await using var store = new Engine.Etcd.Local.LocalStore(folder, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance, TimeProvider.System);
        var refused = await Assert.ThrowsAsync<StoreException>(() => store.RangeAsync(Everything, Limit));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Contains(folder, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
        Assert.False(refused.Ambiguous);
        await Assert.ThrowsAsync<StoreException>(() => store.PutAsync("/k", default, 0, Limit));
    }
}
