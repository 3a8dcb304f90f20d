using System.Net;

namespace FlannelPS.SystemTests;

public sealed class ControlTests
{
    [Fact]
    public async Task The_control_socket_answers_every_verb_and_only_root_may_open_it()
    {
        using var network = await Network.CreateAsync(store: "local");
        var nodes = await network.StartAllAsync();
        Assert.Equal((UnixFileMode)0x180, File.GetUnixFileMode(nodes[0].Host.ControlSocket)); // 0600 (F64)
        Assert.Equal("vxlan", await nodes[0].StatusAsync("backend"));
        var peer = Assert.Single((await nodes[0].AskAsync("peers")).EnumerateArray());
        Assert.Equal(nodes[1].Env.Subnet.ToString(), peer.GetProperty("subnet").GetString());
        Assert.True(peer.GetProperty("programmed").GetBoolean());
        var leases = (await nodes[0].AskAsync("leases")).EnumerateArray().ToList();
        Assert.Equal(2, leases.Count);
        Assert.Equal(nodes[0].Env.Subnet.ToString(), Assert.Single(leases, lease => lease.GetProperty("own").GetBoolean()).GetProperty("subnet").GetString());
        Assert.NotEmpty((await nodes[0].AskAsync("events")).EnumerateArray());
        Assert.Contains("# TYPE", (await nodes[0].AskAsync("metrics")).GetString(), StringComparison.Ordinal);
        Assert.Equal("Programmed", peer.GetProperty("state").GetString());
        var status = await nodes[0].AskAsync("status");
        Assert.True(status.GetProperty("alive").GetBoolean());
        var tunnel = Assert.Single(status.GetProperty("tunnels").EnumerateArray());
        Assert.Equal(("flannel.1", status.GetProperty("vtepMac").GetString()), (tunnel.GetProperty("name").GetString(), tunnel.GetProperty("mac").GetString()));
        File.Delete(nodes[0].Host.SubnetFile);
        var repaired = (await nodes[0].AskAsync("repair")).EnumerateArray().Select(part => (part.GetProperty("part").GetString(), part.GetProperty("repaired").GetInt32(), part.GetProperty("problem").GetString()));
        Assert.Equal([("Lease", 0, ""), ("Kernel", 0, ""), ("SubnetFile", 1, "")], repaired);
        Assert.True(File.Exists(nodes[0].Host.SubnetFile));
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => nodes[0].AskAsync("no-such-verb"));
        Assert.Contains("\"id\"", refused.Message, StringComparison.Ordinal);

        await nodes[0].AskAsync("stop");
        await nodes[0].Daemon.WaitForExitAsync(network.Limit);
        Assert.Equal(0, nodes[0].Daemon.ExitCode);
        Assert.False(File.Exists(nodes[0].Host.ControlSocket));
        await network.AssertAllPairsPingAsync(); // D8
    }

    [Fact]
    public async Task Systemd_is_told_when_it_is_ready_what_it_does_that_it_lives_and_that_it_stops()
    {
        using var network = await Network.CreateAsync(hosts: 1);
        string notify = Path.Combine(network.Underlay.Folder, "notify");
        using var systemd = new FakeSystemd(notify);
        var host = network.Hosts[0];
        var daemon = host.Start("env", [$"NOTIFY_SOCKET={notify}", "WATCHDOG_USEC=400000", Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", "--iface=eth0", $"--subnet-file={host.SubnetFile}", $"--name={host.Name}"]);
        await Poll.UntilAsync("READY=1", () => systemd.Received.Contains("READY=1", StringComparison.Ordinal), 10, () => daemon.Log);
        Assert.True(File.Exists(host.SubnetFile));
        await Poll.UntilAsync("WATCHDOG=1 twice", () => systemd.Received.Split("WATCHDOG=1").Length > 2, 5, () => systemd.Received);
        Assert.Contains("STATUS=Ready", systemd.Received, StringComparison.Ordinal);
        network.Members[0].Kill();
        await Poll.UntilAsync("the state in STATUS=", () => systemd.Received.Contains("STATUS=StoreUnreachable", StringComparison.Ordinal), 15, () => systemd.Received);
        Assert.True(await daemon.StopAsync(TimeSpan.FromSeconds(10)) < TimeSpan.FromSeconds(2));
        Assert.Contains("STOPPING=1", systemd.Received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task L13_Q38_Health_tells_the_truth()
    {
        using var network = await Network.CreateAsync(hosts: 1, config: "");
        var node = network.Launch(0, "--healthz-port=8111", "--healthz-ip=127.0.0.1");
        using var http = NamespaceHttp.Create(node.Host.Namespace);
        await Poll.UntilAsync("health", async () => await GetAsync(HttpStatusCode.OK, "healthz") == "flanneld is running" ? null : "another text");
        await Poll.UntilAsync("the reason", async () =>
            await GetAsync(HttpStatusCode.ServiceUnavailable, "readyz") is var text && text.Contains("there is no network configuration", StringComparison.Ordinal) ? null : text);
        await GetAsync(HttpStatusCode.NotFound, "metrics");
        await network.Store.PutAsync(Network.Prefix + "/config", Network.Config("vxlan"), network.Limit);
        await node.WaitReadyAsync();
        Assert.Equal("flanneld is ready", await GetAsync(HttpStatusCode.OK, "readyz"));
        network.Members[0].Kill();
        await node.WaitForStatusAsync("state", "StoreUnreachable");
        Assert.Contains("Store: ", await GetAsync(HttpStatusCode.ServiceUnavailable, "readyz"), StringComparison.Ordinal);
        Assert.Equal("flanneld is running", await GetAsync(HttpStatusCode.OK, "healthz"));

        async Task<string> GetAsync(HttpStatusCode expected, string path)
        {
            using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:8111/{path}"), network.Limit);
            Assert.Equal(expected, answer.StatusCode);
            return await answer.Content.ReadAsStringAsync(network.Limit);
        }
    }

    [Theory]
    [InlineData("right-Secret-42", true)]
    [InlineData("wrong-Secret-43", false)]
    public async Task I6_L14_Q20_The_password_is_used_and_shows_nowhere(string password, bool right)
    {
        using var network = await Network.CreateAsync(hosts: 1);
        foreach (var (call, body) in new (string, object)[]
        {
            ("auth/user/add", new { name = "root", password = "right-Secret-42" }),
            ("auth/role/add", new { name = "root" }),
            ("auth/user/grant", new { user = "root", role = "root" }),
            ("auth/enable", new { }),
        })
        {
            await network.Store.CallAsync(call, body, network.Limit);
        }

        var host = network.Hosts[0];
        var daemon = host.Start("env", [$"FLANNELD_ETCD_PASSWORD={password}", Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", "--iface=eth0", $"--subnet-file={host.SubnetFile}", $"--name={host.Name}", "--etcd-username=root", "-v=4"]);
        var node = new Node(host, daemon, network.Limit);
        if (right)
        {
            await node.WaitReadyAsync();
        }
        else
        {
            await node.WaitForStatusAsync("reasons", "Store: ");
        }

        string shown = daemon.Log + await File.ReadAllTextAsync($"/proc/{daemon.Id}/cmdline", network.Limit);
        foreach (string verb in new[] { "status", "peers", "leases", "events", "metrics" })
        {
            shown += await node.AskAsync(verb);
        }

        shown += string.Concat(Directory.EnumerateFiles($"/var/lib/flannelps/{host.Name}").Select(File.ReadAllText));
        Assert.DoesNotContain("Secret", shown, StringComparison.Ordinal);
    }
}
