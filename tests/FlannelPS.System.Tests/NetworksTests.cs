namespace FlannelPS.SystemTests;

/// <summary>Several networks on one host: nothing is shared, and each can be stopped, removed and reset alone.</summary>
public sealed class NetworksTests(ITestOutputHelper output)
{
    private static readonly (string Name, string Backend, string Range)[] Three =
    [
        ("v", """{"Type":"vxlan","VNI":7}""", "10.42.0.0/16"),
        ("g", """{"Type":"host-gw"}""", "10.43.0.0/16"),
        ("u", """{"Type":"udp","Port":8299}""", "10.44.0.0/16"),
    ];

    [Fact]
    public async Task I4_Three_networks_on_each_of_two_hosts_all_expected_pairs_pass_and_no_other_does()
    {
        using var network = await Network.CreateAsync(hosts: 2, config: "");
        await ConfigureAsync(network);
        var members = await StartAllAsync(network);
        try
        {
            await AssertPairsAsync(members);

            // Forced into another network's way nothing arrives either.
            var (vxlan, gateway) = (members.First(member => member.Name == "v"), members.Last(member => member.Name == "g"));
            Assert.Null(await Traffic.PingAsync(vxlan.Workload, gateway.Address));
            Assert.NotEqual(0, (await vxlan.Node.Host.Namespace.RunAsync("ping", "-n", "-c", "1", "-W", "1", "-I", "flannel.7", gateway.Address.ToString())).ExitCode);

            // One is stopped, then killed, then removed: the others carry every packet, and stand as they stood.
            foreach (string name in new[] { "v", "u", "g" })
            {
                var gone = members.First(member => member.Name == name);
                string before = await OthersAsync(gone);
                var files = Files(gone, members);
                var leases = await OtherLeasesAsync(network, name);
                await gone.Node.Daemon.StopAsync(TimeSpan.FromSeconds(5));
                string cleaned = (await gone.Node.Host.Namespace.RunAsync(Programs.Flannelpsd, [.. Flags(network, gone.Node.Host, name), "--cleanup"])).ThrowIfFailed().Output;
                output.WriteLine($"{name}: {cleaned}");
                Snapshot.AssertSame(before, await OthersAsync(gone));
                Assert.Equal(files, Files(gone, members));
                Assert.Equal(leases, await OtherLeasesAsync(network, name));
                await AssertPairsAsync([.. members.Where(member => member.Name != name)]);

                // It comes back beside the others.
                gone.Dispose();
                members.Remove(gone);
                members.Insert(0, await StartAsync(network, 0, name));
                await members[0].Node.WaitForPeersAsync(1);
                await AssertPairsAsync(members);
            }
        }
        finally
        {
            members.ForEach(member => member.Dispose());
        }
    }

    [Fact]
    public async Task F43_Under_another_VNI_the_device_of_before_goes_and_that_of_another_network_stays()
    {
        using var network = await Network.CreateAsync(hosts: 1, config: "");
        await ConfigureAsync(network);
        var host = network.Hosts[0];
        var first = await RunAsync(network, 0, "v");
        var other = await RunAsync(network, 0, "g");
        host.Namespace.Ip("link add flannel.99 type vxlan id 99 dev eth0 dstport 4789");
        await first.Daemon.StopAsync(TimeSpan.FromSeconds(5));
        await network.Store.PutAsync("/v/config", Network.Config("""{"Type":"vxlan","VNI":8}"""), network.Limit);
        var again = await RunAsync(network, 0, "v");
        string links = await again.RunAsync("ip", "-br", "link");
        Assert.Contains("flannel.8", links, StringComparison.Ordinal);
        Assert.Contains("flannel.99", links, StringComparison.Ordinal);
        Assert.DoesNotContain("flannel.7", links, StringComparison.Ordinal);
        Assert.Equal("Ready", await other.StatusAsync("state"));
    }

    private static async Task ConfigureAsync(Network network)
    {
        foreach (var (name, backend, range) in Three)
        {
            await network.Store.PutAsync($"/{name}/config", Network.Config(backend, network: range), network.Limit);
        }
    }

    private static string[] Flags(Network network, Host host, string name) =>
        [$"--etcd-endpoints={network.Endpoints}", "--iface=eth0", $"--etcd-prefix=/{name}", $"--subnet-file={host.Folder}/{name}.env", $"--name={host.Name}-{name}"];

    private static async Task<Node> RunAsync(Network network, int host, string name)
    {
        var at = network.Hosts[host];
        var node = new Node(at, at.Start(Programs.Flannelpsd, Flags(network, at, name)), network.Limit, $"{at.Name}-{name}", $"{at.Folder}/{name}.env");
        await node.WaitReadyAsync();
        return node;
    }

    private static async Task<Member> StartAsync(Network network, int host, string name) => new(name, await RunAsync(network, host, name));

    private static async Task<List<Member>> StartAllAsync(Network network)
    {
        var members = new List<Member>();
        foreach (int host in new[] { 0, 1 })
        {
            foreach (var (name, _, _) in Three)
            {
                members.Add(await StartAsync(network, host, name));
            }
        }

        foreach (var member in members)
        {
            await member.Node.WaitForPeersAsync(1);
        }

        return members;
    }

    private static async Task AssertPairsAsync(IReadOnlyList<Member> members)
    {
        var wrong = new List<string>();
        await Task.WhenAll(from here in members from there in members where here != there select CheckAsync(here, there));
        Assert.True(wrong.Count == 0, string.Join("; ", wrong));

        async Task CheckAsync(Member here, Member there)
        {
            bool expected = here.Name == there.Name, passes = false;

            // What must pass is given time; what must not is looked at once.
            for (int time = 0; time < (expected ? 5 : 1) && !passes; time++)
            {
                passes = await Traffic.PingAsync(here.Workload, there.Address, expected ? here.Node.Env.Mtu - 28 : 56) is not null;
            }

            if (passes != expected)
            {
                lock (wrong)
                {
                    wrong.Add($"{here} to {there} {(passes ? "passes" : "does not pass")}");
                }
            }
        }
    }

    /// <summary>What stands on the host of a member, without what is that member's.</summary>
    private static async Task<string> OthersAsync(Member gone)
    {
        string range = Three.Single(one => one.Name == gone.Name).Range[..6];
        string device = gone.Name switch { "v" => "flannel.7", "u" => "flannel-8299", _ => "no device" };
        string state = await KernelSnapshot.TakeAsync(gone.Node.Host.Namespace, device, range, "fe80::", "ff00::", "anycast", gone.Bridge, gone.Link, "33:33:", "01:00:5e", $"table ip flannelps-{gone.Node.Host.Name}-{gone.Name} ");

        // A new bridge is UNKNOWN until its port has been up for a moment.
        return state.Replace(" state UNKNOWN ", " state UP ", StringComparison.Ordinal);
    }

    private static IReadOnlyList<string> Files(Member gone, IReadOnlyList<Member> members) =>
        [.. members.Where(member => member != gone).SelectMany(member => new[]
            {
                $"/run/flannelps/{member.Node.Host.Name}-{member.Name}.sock", $"/run/flannelps/{member.Node.Host.Name}-{member.Name}.lock",
                $"/var/lib/flannelps/{member.Node.Host.Name}-{member.Name}/lease", $"/var/lib/flannelps/{member.Node.Host.Name}-{member.Name}/identity", member.Node.SubnetFile,
            })
            .Select(path => $"{path} {(path.StartsWith("/run", StringComparison.Ordinal) ? File.Exists(path).ToString() : Convert.ToHexString(File.ReadAllBytes(path)))}")];

    private static async Task<IReadOnlyList<EtcdKey>> OtherLeasesAsync(Network network, string name) =>
        [.. (await Task.WhenAll(Three.Where(one => one.Name != name).Select(one => network.Store.ListAsync($"/{one.Name}/subnets/", network.Limit)))).SelectMany(keys => keys)];

    /// <summary>One host's part in one network, with a workload that knows the way to its own network only.</summary>
    private sealed class Member : IDisposable
    {
        public Member(string name, Node node)
        {
            (Name, Node) = (name, node);
            var env = node.Env;
            byte[] bytes = env.Gateway.GetAddressBytes();
            bytes[3]++;
            Address = new(bytes);
            Workload = NetworkNamespace.Create($"{node.Host.Name}w{name}");
            node.Host.Namespace.Ip(
                $"link add {Bridge} mtu {env.Mtu} type bridge", $"link set {Bridge} up", $"addr add {env.Gateway}/{env.Length} dev {Bridge}",
                $"link add {Link} mtu {env.Mtu} type veth peer name eth0 mtu {env.Mtu} netns {Workload.Name}", $"link set {Link} master {Bridge} up");
            Workload.Ip($"addr add {Address}/{env.Length} dev eth0", "link set eth0 up", $"route add {env.Network} via {env.Gateway}");
        }

        public string Name { get; }

        public Node Node { get; }

        public NetworkNamespace Workload { get; }

        public System.Net.IPAddress Address { get; }

        public string Bridge => "br-" + Name;

        public string Link => "w-" + Name;

        public override string ToString() => $"{Node.Host.Name}/{Name}";

        public void Dispose()
        {
            Workload.Dispose();
            Command.Run("ip", "-n", Node.Host.Name, "link", "del", Bridge);
        }
    }
}
