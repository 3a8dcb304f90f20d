using System.Text;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Node;

public sealed class StateFolderTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("flannelps-").FullName;
    private readonly LogLines _log = new();

    private string Folder => Path.Join(_root, "blue");

    public void Dispose() => Directory.Delete(_root, true);

    [Fact]
    public void What_was_saved_is_read_again_by_the_next_run()
    {
        var lease = new SavedLease("/n/subnets/10.1.2.0-24", 7587, 42, """{"PublicIP":"192.0.2.1","x":"ä&+"}""");
        var run = new SavedRun("ab12", Guid.NewGuid());
        Assert.True(MacAddress.TryParse("0e:11:22:33:44:55", out var mac));
        var identity = Open().GetIdentity();
        Open().SaveLease(lease);
        Open().SaveRun(run);
        Open().SaveMac("flannel.1", mac);
        Open().SaveMac("flannel-v6.1", mac);
        Open().SavePeers("peers"u8);

        Assert.Matches("^[0-9a-f]{32}$", identity);
        Assert.Equal(identity, Open().GetIdentity());
        Assert.Equal(lease, Open().ReadLease());
        Assert.Equal(run, Open().ReadRun());
        Assert.Equal(mac, Open().ReadMac("flannel.1"));
        Assert.Equal(mac, Open().ReadMac("flannel-v6.1"));
        Assert.Null(Open().ReadMac("flannel.2"));
        Assert.Equal("peers", Encoding.ASCII.GetString(Open().ReadPeers()!.Value.Span));
        Open().SaveLease(null);
        Assert.Null(Open().ReadLease());
        Assert.DoesNotContain(_log.Lines, line => line.Contains("Ignored"));
    }

    [Fact]
    public void F30_runs_of_this_boot_and_place_are_remembered_and_no_others()
    {
        var boot = Guid.NewGuid();
        var run = new SavedRun("first", boot, "here");
        for (var i = 0; i < 20; i++)
        {
            Open().SaveRun(run.Next($"run-{i}", boot, "here"));
            run = Open().ReadRun()!;
        }
        Assert.Equal("run-19", run.Nonce);
        Assert.Equal(Enumerable.Range(3, 16).Reverse().Select(i => $"run-{i}"), run.Before);
        Assert.Empty(run.Next("x", boot, "elsewhere").Before!);
        Assert.Empty(run.Next("x", Guid.NewGuid(), "here").Before!);
    }

    [Fact]
    public void F33_a_run_of_an_earlier_version_is_read()
    {
        // Before there was a list of runs.
        Open().SaveRun(new SavedRun("ab12", Guid.Empty, "here"));
        Assert.Equal(["ab12"], Open().ReadRun()!.Next("cd34", Guid.Empty, "here").Before);
    }

    [Fact]
    public void F64_folder_and_files_are_for_root_alone()
    {
        Open().GetIdentity();
        Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(Folder), 8));
        Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(Path.Join(Folder, "identity")), 8));
        File.SetUnixFileMode(Folder, (UnixFileMode)0x1ed);
        Open().SavePeers([1]);
        Assert.Equal("700", Convert.ToString((int)File.GetUnixFileMode(Folder), 8));
    }

    [Fact]
    public void F63_a_flipped_bit_or_a_cut_end_anywhere_is_ignored_with_a_warning()
    {
        Open().SaveRun(new("nonce", Guid.Empty));
        var path = Path.Join(Folder, "run");
        var good = File.ReadAllBytes(path);
        for (var i = 0; i < good.Length; i++)
        {
            var bad = (byte[])good.Clone();
            bad[i] ^= 0x01;
            File.WriteAllBytes(path, bad);
            _log.Lines.Clear();
            Assert.Null(Open().ReadRun());
            Assert.Contains(_log.Lines, line => line.Contains(path));
            File.WriteAllBytes(path, good[..i]);
            Assert.Null(Open().ReadRun());
        }
        File.WriteAllBytes(path, good);
        Assert.Equal("nonce", Open().ReadRun()?.Nonce);
    }

    [Fact]
    public void F63_a_huge_file_a_fifo_a_link_and_a_folder_are_ignored_with_a_warning()
    {
        Directory.CreateDirectory(Folder);
        using (var huge = File.Create(Path.Join(Folder, "run")))
            huge.SetLength(1L << 30);
        File.CreateSymbolicLink(Path.Join(Folder, "lease"), "/etc/hostname");
        Directory.CreateDirectory(Path.Join(Folder, "peers"));
        Assert.Null(Open().ReadRun());
        Assert.Null(Open().ReadLease());
        Assert.Null(Open().ReadPeers());
        Assert.Equal(3, _log.Lines.Count);
    }

    [Fact]
    public void F63_content_of_another_shape_is_ignored()
    {
        Directory.CreateDirectory(Folder);
        foreach (var json in new[] { "null", "[]", "{}", """{"Nonce":7}""", """{"Nonce":null}""", "not json", new string('[', 5000) })
        {
            File.WriteAllBytes(Path.Join(Folder, "run"), StateFile.Frame(Encoding.UTF8.GetBytes(json), "-"));
            Assert.Null(Open().ReadRun());
        }
        File.WriteAllBytes(Path.Join(Folder, "identity"), StateFile.Frame("""{"Identity":"../../etc/passwd0123456789012345"}"""u8, "-"));
        Assert.Matches("^[0-9a-f]{32}$", Open().GetIdentity());
    }

    [Fact]
    public void F63_a_folder_copied_from_another_machine_is_ignored()
    {
        var there = new StateFolder(Folder, NullLogger.Instance, "0123456789abcdef0123456789abcdef");
        var identity = there.GetIdentity();
        Assert.Equal(identity, new StateFolder(Folder, _log, null).GetIdentity());
        Assert.NotEqual(identity, new StateFolder(Folder, _log, "ffffffffffffffffffffffffffffffff").GetIdentity());
        Assert.Contains(_log.Lines, line => line.Contains("another machine"));
        Assert.DoesNotContain("0123456789abcdef", File.ReadAllText(Path.Join(Folder, "identity")));
    }

    [Fact]
    public void F33_state_of_a_newer_version_is_refused_readably_and_left_as_it_is()
    {
        Open().GetIdentity();
        var path = Path.Join(Folder, "identity");
        var newer = File.ReadAllText(path).Replace("flannelps-state 1 ", "flannelps-state 2 ");
        File.WriteAllText(path, newer);
        var error = Assert.Throws<StateTooNewException>(() => Open().GetIdentity());
        Assert.Contains(path, error.Message);
        Assert.Contains("format 2", error.Message);
        Assert.Equal(newer, File.ReadAllText(path));
    }

    [Fact]
    public void F61_where_nothing_can_be_saved_an_identity_lasts_for_the_run()
    {
        File.WriteAllText(Folder, "a file where the folder belongs");
        Assert.Matches("^[0-9a-f]{32}$", Open().GetIdentity());
        Assert.Contains(_log.Lines, line => line.Contains("this run only"));
        Assert.ThrowsAny<IOException>(() => Open().SavePeers([1]));
    }

    [Fact]
    public void Removal_takes_what_is_ours_and_nothing_else()
    {
        Open().GetIdentity();
        Open().SavePeers([1]);
        File.WriteAllText(Path.Join(Folder, "foreign"), "x");
        Open().Remove();
        Assert.Equal(["foreign"], Directory.EnumerateFileSystemEntries(Folder).Select(Path.GetFileName));
        File.Delete(Path.Join(Folder, "foreign"));
        Open().Remove();
        Assert.False(Directory.Exists(Folder));
        Open().Remove();
    }

    private StateFolder Open() => new(Folder, _log, null);
}
