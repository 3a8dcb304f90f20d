namespace FlannelPS.SystemTests;

/// <summary>How the firewall's rules come and go: beside others, after another, and without a trace.</summary>
public sealed class FirewallLifeTests
{
    private const string Original = """
        *nat
        :FLANNEL-POSTRTG - [0:0]
        -A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
        -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
        -A FLANNEL-POSTRTG -s 10.42.30.0/24 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j RETURN
        -A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
        COMMIT
        *filter
        :FLANNEL-FWD - [0:0]
        -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
        -A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
        -A FLANNEL-FWD -d 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
        COMMIT

        """;

    private const string OriginalNft = """
        table ip flannel-ipv4 {
          comment "rules for flannel-ipv4"
          chain postrtg { type nat hook postrouting priority srcnat; policy accept;
            meta mark 0x00004000 return
            ip saddr 10.42.94.0/24 ip daddr 10.42.0.0/16 return
            ip saddr 10.42.0.0/16 ip daddr != 224.0.0.0/4 masquerade fully-random
          }
          chain forward { type filter hook forward priority filter; policy accept;
            ip saddr 10.42.0.0/16 accept
          }
        }
        table ip6 flannel-ipv6 {
        }

        """;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public async Task I4_Foreign_rules_are_the_same_before_and_after_a_whole_life(bool nft, bool dual)
    {
        FirewallBed.Requires("nft", "iptables");
        using var network = await Network.CreateAsync(store: "local", dual: dual, config: FirewallBed.Config(nft, dual: dual));
        var host = network.Hosts[0];
        foreach (string rule in new[] { "-A FORWARD -i lo -j DROP", "-A INPUT -p tcp --dport 7 -j REJECT", "-t mangle -A OUTPUT -d 192.0.2.1 -j MARK --set-mark 3", "-N FLPS-FWD-mine", "-A FLPS-FWD-mine -j RETURN", "-N FLANNEL-FWD" })
        {
            (await host.Namespace.RunAsync("iptables", rule.Split(' '))).ThrowIfFailed();
        }

        await ApplyAsync(host, "nft", "table inet mine {\nchain c { type filter hook forward priority 3; policy accept; ip daddr 192.0.2.9 drop; }\n}\ntable ip flannelps-mine { }\n");
        string before = await Snapshot.TakeAsync(host);
        var node = await network.StartAsync(0, "--ip-masq", "--no-masq-prefix=192.0.2.0/24");
        Assert.NotEqual(before, await node.SnapshotAsync());

        // A stop leaves them, a restart puts them in place of themselves.
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        string stands = await FirewallBed.RulesAsync(host);
        Assert.Contains(nft ? "masquerade" : "MASQUERADE", stands, StringComparison.Ordinal);
        node = await network.StartAsync(0, "--ip-masq", "--no-masq-prefix=192.0.2.0/24");
        Assert.Equal(stands, await FirewallBed.RulesAsync(host));
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await CleanAsync(network, node);
        Snapshot.AssertSame(before, await Snapshot.TakeAsync(host));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Q30_What_is_switched_off_goes_at_the_next_start(bool nft)
    {
        FirewallBed.Requires("nft", "iptables");
        using var network = await Network.CreateAsync(hosts: 1, store: "local", config: FirewallBed.Config(nft));
        var host = network.Hosts[0];
        var node = await network.StartAsync(0, "--ip-masq");
        Assert.Contains("masquerade", await FirewallBed.RulesAsync(host), StringComparison.OrdinalIgnoreCase);
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        node = await network.StartAsync(0);
        Assert.DoesNotContain("masquerade", await FirewallBed.RulesAsync(host), StringComparison.OrdinalIgnoreCase);
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        node = await network.StartAsync(0, "--iptables-forward-rules=false", "--strict-peers=false");
        Assert.Equal("", (await FirewallBed.RulesAsync(host)).Trim());
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        Assert.Equal("Off", await (await network.StartAsync(0, "--strict-peers=false")).StatusAsync("firewall.strictPeers"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Q32_When_the_network_changes_to_the_other_implementation_the_rules_move(bool nftFirst)
    {
        FirewallBed.Requires("nft", "iptables");
        using var network = await Network.CreateAsync(hosts: 1, store: "local", dual: true, config: FirewallBed.Config(nftFirst, dual: true));
        var host = network.Hosts[0];
        var node = await network.StartAsync(0, "--ip-masq");
        Assert.Equal(nftFirst ? "nftables" : "iptables", await node.StatusAsync("firewall.implementation"));
        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        (await network.SetConfigAsync(FirewallBed.Config(!nftFirst, dual: true))).ThrowIfFailed();
        node = await network.StartAsync(0, "--ip-masq");
        Assert.Equal(nftFirst ? "iptables" : "nftables", await node.StatusAsync("firewall.implementation"));
        string rules = await FirewallBed.RulesAsync(host);
        Assert.Equal(nftFirst, rules.Contains("-A FLPS-POST-", StringComparison.Ordinal));
        Assert.Equal(!nftFirst, rules.Contains("table ip flannelps-", StringComparison.Ordinal));
        Assert.Equal(!nftFirst, rules.Contains("table ip6 flannelps-", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("10.42.", true)]
    [InlineData("10.42.", false)]
    [InlineData("10.50.", true)]
    [InlineData("10.50.", false)]
    public async Task Q30_Q32_Rules_that_the_original_left_are_taken_over_when_they_are_our_networks_and_stay_when_they_are_anothers(string network42, bool nft)
    {
        FirewallBed.Requires("nft", "iptables");
        using var network = await Network.CreateAsync(hosts: 1, store: "local", config: FirewallBed.Config(nft));
        var host = network.Hosts[0];
        string empty = await Snapshot.TakeAsync(host);
        await ApplyAsync(host, "iptables-restore", Original.Replace("10.42.", network42, StringComparison.Ordinal));
        await ApplyAsync(host, "nft", OriginalNft.Replace("10.42.", network42, StringComparison.Ordinal));
        string before = await Snapshot.TakeAsync(host);
        var node = await network.StartAsync(0, "--ip-masq");
        string ruleset = await node.RunAsync("nft", "list", "ruleset");
        bool isOurs = network42 == "10.42.";
        foreach (string name in new[] { "FLANNEL-POSTRTG", "FLANNEL-FWD", "flannel-ipv4", "flannel-ipv6" })
        {
            Assert.True(isOurs != ruleset.Contains(name, StringComparison.Ordinal), $"{name} in\n{ruleset}");
        }

        await node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await CleanAsync(network, node);
        string after = await Snapshot.TakeAsync(host);
        if (isOurs)
        {
            Assert.DoesNotContain("10.42.", after, StringComparison.Ordinal);
        }
        else
        {
            Snapshot.AssertSame(before, after);
        }

        Assert.NotEqual(empty, before);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task D5_Rules_of_a_running_original_are_taken_over_and_it_finds_its_way_when_it_comes_back(bool nft)
    {
        Requires.Flanneld();
        FirewallBed.Requires("nft", "iptables");
        using var network = await Network.CreateAsync(config: FirewallBed.Config(nft));
        var host = network.Hosts[0];
        var other = await network.StartAsync(1, "--ip-masq");
        other.Host.AttachWorkload(other.Env);
        var original = host.StartFlanneld(network.Endpoints, "-iptables-forward-rules=true", "-ip-masq");
        var env = await host.WaitForSubnetEnvAsync(original, network.Limit);
        await Poll.UntilAsync("its rules", async () => (await SaveAsync()).Contains("FLANNEL-FWD -d", StringComparison.Ordinal) ? null : original.Log);
        host.AttachWorkload(env);
        await original.StopAsync(TimeSpan.FromSeconds(10));

        var taken = await network.StartAsync(0, "--ip-masq");
        await taken.WaitForPeersAsync(1);
        Assert.DoesNotContain("FLANNEL-", await SaveAsync(), StringComparison.Ordinal);
        Assert.Equal(host.Address, await FirewallBed.SourceSeenAsync(host.Workload.Namespace, network.Underlay.Bridge, Underlay.BridgeAddress));
        Assert.Equal(host.Workload.Address, await FirewallBed.SourceSeenAsync(host.Workload.Namespace, other.Host.Workload.Namespace, other.Host.Workload.Address));
        await taken.Daemon.StopAsync(TimeSpan.FromSeconds(5));

        var back = host.StartFlanneld(network.Endpoints, "-iptables-forward-rules=true", "-ip-masq");
        await Poll.UntilAsync("its rules", async () => (await SaveAsync()).Contains("FLANNEL-FWD -d", StringComparison.Ordinal) ? null : back.Log);
        Assert.Equal(host.Address, await FirewallBed.SourceSeenAsync(host.Workload.Namespace, network.Underlay.Bridge, Underlay.BridgeAddress));
        Assert.Equal(host.Workload.Address, await FirewallBed.SourceSeenAsync(host.Workload.Namespace, other.Host.Workload.Namespace, other.Host.Workload.Address));

        async Task<string> SaveAsync() => (await host.Namespace.RunAsync("iptables-save")).ThrowIfFailed().Output;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Q34_Two_networks_on_a_host_share_no_rule_do_not_fight_for_the_first_place_and_go_one_by_one(bool nft)
    {
        FirewallBed.Requires("nft", "iptables");
        using var network = await Network.CreateAsync(hosts: 1, config: FirewallBed.Config(nft));
        await network.Store.PutAsync("/second/config", FirewallBed.Config(nft, """{"Type":"vxlan","VNI":2}""", network: "10.50.0.0/16"), network.Limit);
        var host = network.Hosts[0];
        (await host.Namespace.RunAsync("iptables", "-A", "FORWARD", "-j", "DROP")).ThrowIfFailed();
        string empty = await Snapshot.TakeAsync(host);
        var first = await network.StartAsync(0, "--ip-masq", "--iptables-resync=1");
        string file = Path.Combine(host.Folder, "second", "subnet.env"), name = host.Name + "b";
        Node Second() => new(host, host.Start(Programs.Flannelpsd, [$"-etcd-endpoints={network.Endpoints}", "-iface=eth0", $"-subnet-file={file}", $"-name={name}", "-etcd-prefix=/second", "-ip-masq", "-iptables-resync=1"]), network.Limit, name, file);
        var second = Second();
        await second.WaitReadyAsync();
        await first.RunAsync("nft", "flush", "ruleset");
        (await host.Namespace.RunAsync("iptables", "-A", "FORWARD", "-j", "DROP")).ThrowIfFailed();
        await Poll.UntilAsync("both networks' rules before the drop", async () => (await host.Namespace.RunAsync("iptables", "-S", "FORWARD")).Output.Split('\n') is [_, var one, var two, var three, ..]
            && one.Contains("FLPS-FWD-", StringComparison.Ordinal) && two.Contains("FLPS-FWD-", StringComparison.Ordinal) && three == "-A FORWARD -j DROP" ? null : (await host.Namespace.RunAsync("iptables", "-S", "FORWARD")).Output);
        string repairs = "", others = "";
        await Poll.UntilAsync("three periods in which nobody repairs", async () =>
        {
            (repairs, others) = (await first.StatusAsync("firewall.repairs"), await second.StatusAsync("firewall.repairs"));
            await Task.Delay(3000, network.Limit);
            var now = (await first.StatusAsync("firewall.repairs"), await second.StatusAsync("firewall.repairs"));
            return (repairs, others) == now ? null : $"{repairs} and {others}, then {now}";
        }, 20);

        string rules = await FirewallBed.RulesAsync(host);
        await second.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        (await host.Namespace.RunAsync(Programs.Flannelpsd, $"-etcd-endpoints={network.Endpoints}", $"-subnet-file={file}", $"-name={name}", "-etcd-prefix=/second", "-cleanup")).ThrowIfFailed();
        string left = await first.RunAsync("nft", "-s", "list", "ruleset");
        Assert.DoesNotContain("10.50.", left, StringComparison.Ordinal);
        Assert.Contains("10.42.", left, StringComparison.Ordinal);
        Assert.Equal(repairs, await first.StatusAsync("firewall.repairs"));
        Assert.All((await FirewallBed.RulesAsync(host)).Split('\n'), line => Assert.Contains(line, rules, StringComparison.Ordinal));
        await first.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await CleanAsync(network, first);
        Snapshot.AssertSame(empty, await Snapshot.TakeAsync(host));
    }

    [Fact]
    public async Task Without_any_program_the_node_runs_and_says_what_is_missing()
    {
        using var network = await Network.CreateAsync(hosts: 2, store: "local");
        string none = FirewallBed.Without([.. new[] { "/usr/sbin/nft", "/usr/sbin/xtables-nft-multi", "/usr/sbin/xtables-legacy-multi" }.Where(File.Exists), "/bin/true"]);
        var plain = network.LaunchIn(0, none);
        await plain.WaitReadyAsync();
        Assert.Equal("none", await plain.StatusAsync("firewall.implementation"));
        Assert.Equal("NotEnforced", await plain.StatusAsync("firewall.strictPeers"));
        Assert.Contains("neither nft nor iptables", await plain.StatusAsync("firewall.missing"), StringComparison.Ordinal);
        Assert.Equal("Ready", await plain.StatusAsync("state"));
        var masquerading = network.LaunchIn(1, none, "--ip-masq");
        await masquerading.WaitReadyAsync();
        Assert.Equal(("Degraded", "Running"), (await masquerading.StatusAsync("state"), await masquerading.StatusAsync("phase")));
        await Task.Delay(1500, network.Limit);
        Assert.Single(masquerading.Daemon.Log.Split('\n'), line => line.Contains("neither nft nor iptables", StringComparison.Ordinal));
        await plain.WaitForPeersAsync(1);
    }

    [Fact]
    public async Task Where_no_program_is_named_nftables_is_taken_and_iptables_where_only_that_is_there()
    {
        FirewallBed.Requires("nft", "iptables");
        using var network = await Network.CreateAsync(hosts: 2, store: "local");
        Assert.Equal("nftables", await (await network.StartAsync(0)).StatusAsync("firewall.implementation"));
        var other = network.LaunchIn(1, FirewallBed.Without("/usr/sbin/nft"), "--ip-masq");
        await other.WaitReadyAsync();
        Assert.Equal("iptables", await other.StatusAsync("firewall.implementation"));
        Assert.Equal("Enforced", await other.StatusAsync("firewall.strictPeers"));
    }

    private static async Task ApplyAsync(Host host, string program, string text)
    {
        string file = Path.Combine(host.Folder, "rules");
        await File.WriteAllTextAsync(file, text);
        (await host.Namespace.RunAsync(program, program == "nft" ? ["-f", file] : ["--noflush", file])).ThrowIfFailed();
    }

    private static async Task CleanAsync(Network network, Node node) =>
        (await node.Host.Namespace.RunAsync(Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", $"--name={node.Host.Name}", $"--subnet-file={node.Host.SubnetFile}", "--cleanup")).ThrowIfFailed();
}
