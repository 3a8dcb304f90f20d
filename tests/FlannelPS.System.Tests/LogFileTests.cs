namespace FlannelPS.SystemTests;

/// <summary>The daemon's log in a file.</summary>
public sealed class LogFileTests
{
    [Fact]
    public async Task F64_Log_lines_go_to_a_file_of_their_own_with_time_and_level_and_none_to_standard_error()
    {
        using var network = await Network.CreateAsync(hosts: 1, store: "local");
        string file = Path.Combine(network.Underlay.Folder, "log", "flannelpsd.log");
        var node = await network.StartAsync(0, $"--log_file={file}", "-logtostderr=false");
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(2));
        var lines = await File.ReadAllLinesAsync(file, network.Limit);
        Assert.All(lines, line => Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (info |warn |error) \[\d+\] ", line));
        Assert.Contains(lines, line => line.Contains("Acquired", StringComparison.OrdinalIgnoreCase) || line.Contains("Lease", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(lines, line => line.Contains("SIGTERM", StringComparison.Ordinal));
        Assert.Equal("", node.Daemon.Log);
        Assert.Equal((UnixFileMode)0x1A0, File.GetUnixFileMode(file)); // 0640

        // Another start adds to it, and a start that fails says why in both places.
        var failed = await network.Hosts[0].Namespace.RunAsync(TimeSpan.FromSeconds(10), Programs.Flannelpsd, "--etcd-endpoints=ftp://198.18.0.1", $"--name={network.Hosts[0].Name}", $"--log_file={file}");
        Assert.Equal(1, failed.ExitCode);
        string why = Assert.Single(failed.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        var after = await File.ReadAllLinesAsync(file, network.Limit);
        Assert.Equal(lines, after[..lines.Length]);
        Assert.EndsWith(why["flannelpsd: ".Length..], after[^1], StringComparison.Ordinal);
        Assert.Contains("error [10002]", after[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task F62_A_log_file_that_leads_elsewhere_ends_the_start_with_one_line_and_is_left_alone()
    {
        using var network = await Network.CreateAsync(hosts: 1, store: "local");
        string victim = Path.Combine(network.Underlay.Folder, "victim"), link = Path.Combine(network.Underlay.Folder, "a.log");
        await File.WriteAllTextAsync(victim, "precious", network.Limit);
        File.CreateSymbolicLink(link, victim);
        var ended = await network.Hosts[0].Namespace.RunAsync(TimeSpan.FromSeconds(10), Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", $"--name={network.Hosts[0].Name}", $"--log_file={link}");
        Assert.Equal(1, ended.ExitCode);
        Assert.Equal($"flannelpsd: {link} is refused: it is a symbolic link where a plain file belongs. Remove it.\n", ended.Error);
        Assert.Equal("precious", await File.ReadAllTextAsync(victim, network.Limit));
    }
}
