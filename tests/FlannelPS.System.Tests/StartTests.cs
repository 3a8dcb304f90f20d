using System.Diagnostics;

namespace FlannelPS.SystemTests;

/// <summary>What a daemon does where it cannot start: it waits with the reason, or ends with one line.</summary>
public sealed class StartTests
{
    [Theory]
    [InlineData("http://198.18.0.1:2379")]
    [InlineData("http://198.18.0.250:2379")]
    public async Task F04_With_an_absent_store_it_waits_with_the_reason_and_stops_at_once(string endpoint)
    {
        using var network = await Network.CreateAsync(hosts: 1, store: "local");
        string notify = Path.Combine(network.Underlay.Folder, "notify");
        using var systemd = new FakeSystemd(notify);
        var host = network.Hosts[0];
        var daemon = host.Start("env", [$"NOTIFY_SOCKET={notify}", Programs.Flannelpsd, $"--etcd-endpoints={endpoint}", "--iface=eth0", $"--subnet-file={host.SubnetFile}", $"--name={host.Name}"]);
        var node = new Node(host, daemon, network.Limit);
        await node.WaitForStatusAsync("reasons", "Store: ", 15);
        await node.WaitForLogAsync("198.18.0.");
        Assert.Equal("Starting", await node.StatusAsync("state"));
        Assert.DoesNotContain("READY=1", systemd.Received, StringComparison.Ordinal);
        var used = daemon.Usage.CpuTime;
        await Task.Delay(1000, network.Limit); // a busy loop would take most of it
        Assert.True((daemon.Usage.CpuTime - used).TotalMilliseconds < 300, $"{daemon.Usage.CpuTime - used} of CPU in a second of waiting");
        Assert.True(await daemon.StopAsync(TimeSpan.FromSeconds(10)) < TimeSpan.FromSeconds(2));
        Assert.Equal(0, daemon.ExitCode);
        Assert.True(daemon.Log.Split('\n').Length < 15, daemon.Log);
    }

    [Fact]
    public async Task F04_A_stop_does_not_wait_for_the_first_answer_of_a_silent_store()
    {
        using var network = await Network.CreateAsync(hosts: 1, store: "local");
        var node = network.LaunchAt("http://198.18.0.250:2379", 0);
        await node.WaitForLogAsync("Control socket");
        Assert.True(await node.Daemon.StopAsync(TimeSpan.FromSeconds(10)) < TimeSpan.FromSeconds(2));
        Assert.True(node.Daemon.ExitCode == 0, node.Daemon.Log);
    }

    [Theory]
    [InlineData("ip route del default", "", "default route")]
    [InlineData("", "--iface=nosuch0", "nosuch0")]
    [InlineData("", "--iface-regex=^wlan", "wlan")]
    public async Task Without_a_usable_interface_it_waits_with_the_reason_and_takes_one_that_comes(string command, string flag, string reason)
    {
        using var network = await Network.CreateAsync(hosts: 1, store: "local");
        var host = network.Hosts[0];
        if (command.Length > 0)
        {
            host.Namespace.Ip(command[3..]);
        }

        // The usual --iface would count beside the one under test.
        var daemon = host.Start(Programs.Flannelpsd, [$"--etcd-endpoints={network.Endpoints}", $"--subnet-file={host.SubnetFile}", $"--name={host.Name}", .. flag.Length > 0 ? [flag] : Array.Empty<string>()]);
        var node = new Node(host, daemon, network.Limit);
        await node.WaitForStatusAsync("reasons", reason);
        Assert.Equal("Interface", await node.StatusAsync("phase"));

        string name = flag.Length == 0 ? "" : flag.Contains("nosuch0", StringComparison.Ordinal) ? "nosuch0" : "wlan0";
        host.Namespace.Ip(name.Length == 0
            ? ["route add default via 198.18.0.1"]
            : [$"link add {name} type bridge", $"addr add 198.19.0.1/24 dev {name}", $"link set {name} up"]);
        await node.WaitForStatusAsync("state", "Ready", 5);
    }

    [Theory]
    [InlineData("--no-such-flag", 2, "no-such-flag")]
    [InlineData("--subnet-lease-ttl=1", 2, "subnet-lease-ttl")]
    [InlineData("-kube-subnet-mgr", 1, "kube-subnet-mgr")]
    [InlineData("--subnet-lease-renew-margin=1440", 1, "subnet-lease-renew-margin")]
    [InlineData("--name=../x", 2, "name")]
    [InlineData("--etcd-endpoints=ftp://198.18.0.1", 1, "ftp")]
    public async Task Q21_A_wrong_command_line_ends_with_one_clear_line(string flag, int code, string says)
    {
        using var network = await Network.CreateAsync(hosts: 1, store: "local");
        var ended = await network.Hosts[0].Namespace.RunAsync(TimeSpan.FromSeconds(10), Programs.Flannelpsd, $"--name={network.Hosts[0].Name}", flag);
        Assert.True(ended.ExitCode == code, $"exit code {ended.ExitCode}: {ended.Error}");
        Assert.Contains(says, Assert.Single(ended.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Empty(ended.Output);
    }

    [Fact]
    public async Task It_tells_its_version()
    {
        Requires.Daemon();
        var told = Command.Run(Programs.Flannelpsd, "-version");
        Assert.Equal(0, told.ExitCode);
        Assert.Matches(@"^flannelpsd \d+\.\d+\.\d+\n$", told.Output);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task Without_privilege_it_ends_with_one_clear_line()
    {
        Assert.SkipUnless(Command.IsThere("setpriv"), "setpriv is not installed (package util-linux)");
        using var network = await Network.CreateAsync(hosts: 1, store: "local");

        // The daemon where nobody may execute it, and with no right to the network.
        string program = Path.Combine(network.Underlay.Folder, "flannelpsd");
        File.Copy(Programs.Flannelpsd, program);
        File.SetUnixFileMode(program, (UnixFileMode)0x1ED);
        File.SetUnixFileMode(network.Underlay.Folder, (UnixFileMode)0x1ED);
        var ended = await network.Hosts[0].Namespace.RunAsync(
            TimeSpan.FromSeconds(10), "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all", program, $"--etcd-endpoints={network.Endpoints}", $"--name={network.Hosts[0].Name}");
        Assert.Equal(1, ended.ExitCode);
        Assert.Contains("CAP_NET_ADMIN", Assert.Single(ended.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--name={name}", "a daemon named")]
    [InlineData("--subnet-file={file}", "subnet file")]
    [InlineData("", "for the network")]
    [InlineData("--etcd-prefix=/other", "device flannel.1")]
    public async Task F32_A_second_daemon_on_the_same_node_is_refused_and_the_first_untouched(string flag, string says)
    {
        using var network = await Network.CreateAsync(hosts: 1, store: "local");
        var first = await network.StartAsync(0);
        (await network.SetConfigAsync(Network.Config("vxlan", network: "10.43.0.0/16"), "--etcd-prefix=/other")).ThrowIfFailed();
        string kernel = await first.SnapshotAsync();
        string env = await File.ReadAllTextAsync(first.SubnetFile, network.Limit);

        var second = await first.Host.Namespace.RunAsync(TimeSpan.FromSeconds(10), Programs.Flannelpsd,
        [
            $"--etcd-endpoints={network.Endpoints}", "--iface=eth0", $"--name={first.Host.Name}-b", $"--subnet-file={first.SubnetFile}-b",
            .. flag.Length == 0 ? [] : new[] { flag.Replace("{name}", first.Host.Name, StringComparison.Ordinal).Replace("{file}", first.SubnetFile, StringComparison.Ordinal) },
        ]);
        Assert.True(second.ExitCode == 1, $"exit code {second.ExitCode}: {second.Error}");
        Assert.Contains(says, second.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)[^1], StringComparison.Ordinal);
        Assert.Equal("Ready", await first.StatusAsync("state"));
        Snapshot.AssertSame(kernel, await first.SnapshotAsync());
        Assert.Equal(env, await File.ReadAllTextAsync(first.SubnetFile, network.Limit));
    }
}
