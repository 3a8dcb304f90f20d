using FlannelPS.Engine.Hosting;

namespace FlannelPS.Engine.Tests.Hosting;

public sealed class CommandLineTests
{
    private static readonly Dictionary<string, string> NoEnvironment = [];

    [Fact]
    public void Without_flags_the_defaults_are_the_originals()
    {
        var options = Options("");
        Assert.Equal(["http://127.0.0.1:4001", "http://127.0.0.1:2379"], options.Store.Endpoints);
        Assert.Equal("/coreos.com/network", options.Prefix);
        Assert.Equal(("/run/flannel/subnet.env", "flannel"), (options.SubnetFile, options.Name));
        Assert.Equal((86_400, 60), (options.LeaseTtlSeconds, (int)options.LeaseRenewMargin.TotalMinutes));
        Assert.Equal((false, true, false, 5), (options.IpMasq, options.ForwardRules, options.BlackholeRoute, (int)options.Resync.TotalSeconds));
        Assert.Equal(DaemonTask.Run, options.Task);
        Assert.Empty(options.Interface.Interfaces);
        Assert.Null(options.Interface.PublicIp);
        Assert.Null(options.Health);
        Assert.Null(options.SocketGroup);
        Assert.Null(options.Store.CaFile);
        Assert.Null(options.Store.Password);
        Assert.Equal(0, options.Verbosity);
        Assert.Equal((true, false), (options.UdpOffload, options.Replace));
        Assert.Equal((false, true), (Options("-udp-offload=off -replace").UdpOffload, Options("-udp-offload=off -replace").Replace));
        Assert.Null(options.LogFile);
    }

    public static TheoryData<string, string> Forms => new()
    {
        { "-etcd-prefix /a", "prefix /a" },
        { "--etcd-prefix /a", "prefix /a" },
        { "-etcd-prefix=/a", "prefix /a" },
        { "--etcd-prefix=/a", "prefix /a" },
        { "--etcd-prefix=/a=b:c", "prefix /a=b:c" },
        { "--etcd-prefix /a --etcd-prefix /b", "prefix /b" },
        { "--etcd-prefix --iface", "prefix --iface" },
        { "-etcd-prefix -x", "prefix -x" },
        { "--etcd-prefix @file", "prefix @file" },
        { "--etcd-prefix= -v 1", "prefix |verbosity 1" },
        { "-iface eth0 -iface=eth1 --iface 192.0.2.1", "iface eth0,eth1,192.0.2.1" },
        { "-iface-regex -.* -iface-regex=a|b", "regex -.*,a|b" },
        { "-iface-regex [", "regex [" },
        { "-ip-masq", "masq True" },
        { "--ip-masq -v 3", "masq True|verbosity 3" },
        { "-ip-masq=true", "masq True" },
        { "-ip-masq=t", "masq True" },
        { "-ip-masq=1", "masq True" },
        { "-ip-masq=false", "masq False" },
        { "-ip-masq=0", "masq False" },
        { "-ip-masq -ip-masq=F", "masq False" },
        { "-iptables-forward-rules=false", "forward False" },
        { "-ip-blackhole-route", "blackhole True" },
        { "-tx-checksum-offload=off -allow-overlap", "checksums False|overlap True" },
        { "--tx-checksum-offload on", "checksums True|overlap False" },
        { "--tx-checksum-offload auto", "checksums " },
        { "-healthz-port 8080", "health 0.0.0.0:8080" },
        { "-healthz-ip 127.0.0.1 -healthz-port=8080", "health 127.0.0.1:8080" },
        { "--healthz-ip=::1 --healthz-port=8080", "health [::1]:8080" },
        { "--metrics-port 9478", "metrics 127.0.0.1:9478" },
        { "--metrics-port=0 --healthz-ip ::1", "metrics " },
        { "--public-ip 203.0.113.9 --public-ipv6=2001:db8::9", "public 203.0.113.9 2001:db8::9" },
        { "--public-ipv6 2001:db8::9", "public  2001:db8::9" },
        { "--iface-can-reach 203.0.113.1", "reach 203.0.113.1" },
        { "-subnet-file /run/vxlan/subnet.env -name blue", "name blue|file /run/vxlan/subnet.env" },
        { "-subnet-lease-ttl 5 -subnet-lease-renew-margin 1439", "ttl 5|margin 1439" },
        { "-etcd-endpoints http://a:1,,https://b:2,", "endpoints http://a:1,https://b:2" },
        { "-etcd-endpoints local:/var/lib/x", "endpoints local:/var/lib/x" },
        { "-etcd-cafile=/ca", "ca /ca" },
        { "--socket-group adm", "group adm" },
        { "--set-config net.json", "task SetConfig net.json" },
        { "--set-config -", "task SetConfig -" },
        { "--cleanup", "task Cleanup " },
        { "-log_file /var/log/x.log", "log /var/log/x.log 10485760" },
        { "--log_file=x/../y.log --log_file_max_size=0", $"log {Environment.CurrentDirectory}/y.log 0" },
        { "-log_file_max_size 1800", "log  1887436800" },
        { "-log_file=", "log  10485760" },
        { "-v=4 -vmodule=a=1 -log_backtrace_at :0 -logtostderr -alsologtostderr=true -stderrthreshold 2 -log_dir /tmp -one_output", "verbosity 4" },
        { "-kube-subnet-mgr=false -kube-api-url x -kubeconfig-file y -kube-annotation-prefix z -net-config-path w -set-node-network-unavailable=false", "task Run " },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Every_form_the_original_takes_is_taken(string arguments, string expected)
    {
        var options = Options(arguments);
        var shown = new Dictionary<string, string>
        {
            ["prefix"] = options.Prefix,
            ["iface"] = string.Join(',', options.Interface.Interfaces),
            ["regex"] = string.Join(',', options.Interface.Patterns),
            ["masq"] = $"{options.IpMasq}",
            ["forward"] = $"{options.ForwardRules}",
            ["blackhole"] = $"{options.BlackholeRoute}",
            ["checksums"] = $"{options.TxChecksumOffload}",
            ["overlap"] = $"{options.AllowOverlap}",
            ["health"] = $"{options.Health}",
            ["metrics"] = $"{options.Metrics}",
            ["public"] = $"{options.Interface.PublicIp} {options.Interface.PublicIpV6}",
            ["reach"] = $"{options.Interface.CanReach}",
            ["name"] = options.Name,
            ["file"] = options.SubnetFile,
            ["ttl"] = $"{options.LeaseTtlSeconds}",
            ["margin"] = $"{options.LeaseRenewMargin.TotalMinutes}",
            ["endpoints"] = string.Join(',', options.Store.Endpoints),
            ["ca"] = $"{options.Store.CaFile}",
            ["group"] = $"{options.SocketGroup}",
            ["task"] = $"{options.Task} {options.ConfigFile}",
            ["verbosity"] = $"{options.Verbosity}",
            ["log"] = $"{options.LogFile} {options.LogFileMaxSize}",
        };
        foreach (var part in expected.Split('|') is var parts && arguments.Contains('|') ? [expected] : parts)
        {
            var space = part.IndexOf(' ');
            Assert.Equal(part[(space + 1)..], shown[part[..space]]);
        }
    }

    public static TheoryData<string, int, string> Refusals => new()
    {
        { "--nope", ExitCode.Usage, "unknown flag '--nope'" },
        { "-nope=3", ExitCode.Usage, "unknown flag '-nope'" },
        { "---v 3", ExitCode.Usage, "unknown flag '---v'" },
        { "-vv", ExitCode.Usage, "unknown flag '-vv'" },
        { "eth0", ExitCode.Usage, "unexpected argument 'eth0'" },
        { "-ip-masq true", ExitCode.Usage, "unexpected argument 'true'" },
        { "--", ExitCode.Usage, "unexpected argument '--'" },
        { "-iface", ExitCode.Usage, "--iface needs a value" },
        { "-ip-masq=maybe", ExitCode.Usage, "--ip-masq: 'maybe' is not true or false" },
        { "-ip-masq=", ExitCode.Usage, "--ip-masq: '' is not true or false" },
        { "-v x", ExitCode.Usage, "--v: 'x' is not a whole number" },
        { "-v=", ExitCode.Usage, "--v: '' is not a whole number" },
        { "-healthz-port 70000", ExitCode.Usage, "--healthz-port: 70000 is not within 0 to 65535" },
        { "--metrics-port -1", ExitCode.Usage, "--metrics-port: -1 is not within 0 to 65535" },
        { "-healthz-ip nope", ExitCode.Usage, "--healthz-ip: 'nope' is not an IP address" },
        { "-public-ip 2001:db8::1", ExitCode.Usage, "--public-ip: '2001:db8::1' is not an IPv4 address" },
        { "-public-ip 10.1", ExitCode.Usage, "--public-ip: '10.1' is not an IPv4 address" },
        { "-public-ipv6 10.0.0.1", ExitCode.Usage, "--public-ipv6: '10.0.0.1' is not an IPv6 address" },
        { "-iface-can-reach host", ExitCode.Usage, "--iface-can-reach: 'host' is not an IP address" },
        { "-subnet-lease-ttl 1", ExitCode.Usage, "--subnet-lease-ttl: 1 is not within 5 to" },
        { "-subnet-lease-renew-margin 0", ExitCode.Failed, "must be 1 to 1439" },
        { "-subnet-lease-renew-margin 1440", ExitCode.Failed, "must be 1 to 1439" },
        { "-subnet-lease-renew-margin x", ExitCode.Usage, "not a whole number" },
        { "-kube-subnet-mgr", ExitCode.Failed, "kube-subnet-mgr is not supported" },
        { "-kube-subnet-mgr=true -iface eth0", ExitCode.Failed, "etcd" },
        { "-name A", ExitCode.Usage, "--name: 'A' must be 1 to 32 of" },
        { "-name ../x", ExitCode.Usage, "--name" },
        { "-set-config x -cleanup", ExitCode.Usage, "cannot be used together" },
        { "-etcd-certfile x", ExitCode.Usage, "must be given together" },
        { "-etcd-endpoints ,", ExitCode.Usage, "no endpoint" },
        { "-udp-offload on", ExitCode.Usage, "--udp-offload: 'on' is neither auto nor off" },
        { "-tx-checksum-offload maybe", ExitCode.Usage, "--tx-checksum-offload: 'maybe' is neither auto nor on nor off" },
        { "-subnet-file=", ExitCode.Usage, "--subnet-file" },
        { "-subnet-file /run/x/", ExitCode.Usage, "not the path of a file" },
        { "-log_file /var/log/", ExitCode.Usage, "--log_file: not the path of a file" },
        { "-log_file_max_size -1", ExitCode.Usage, "--log_file_max_size: -1 is not within 0 to" },
        { "-log_file_max_size 10MB", ExitCode.Usage, "--log_file_max_size: '10MB' is not a whole number" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void Q21_a_wrong_command_line_is_one_line_and_an_exit_code(string arguments, int code, string message)
    {
        var result = Parse(arguments, NoEnvironment);
        Assert.Null(result.Options);
        Assert.Equal(code, result.ExitCode);
        Assert.Contains(message, result.Error);
        Assert.DoesNotContain('\n', result.Error!);
        Assert.Null(result.Output);
    }

    [Fact]
    public void F28_a_ttl_that_etcd_would_raise_silently_is_refused()
        => Assert.Equal(ExitCode.Usage, Parse("-subnet-lease-ttl=2", NoEnvironment).ExitCode);

    [Fact]
    public void Control_characters_and_endless_arguments_do_not_reach_the_terminal()
    {
        var result = CommandLine.Parse(["--\u001b[2J\nx" + new string('y', 100_000)], _ => null);
        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.DoesNotContain(result.Error!, char.IsControl);
        Assert.InRange(result.Error!.Length, 1, 600);
    }

    [Fact]
    public void The_environment_fills_in_and_the_command_line_wins()
    {
        Dictionary<string, string> environment = new()
        {
            ["FLANNELD_ETCD_PREFIX"] = "/env",
            ["FLANNELD_IFACE"] = "eth7",
            ["FLANNELD_IP_MASQ"] = "true",
            ["FLANNELD_SUBNET_LEASE_RENEW_MARGIN"] = "7",
            ["FLANNELD_ETCD_PASSWORD"] = "s3cret",
            ["FLANNELD_PUBLIC_IP"] = "",
            ["FLANNELD_UNKNOWN"] = "x",
        };
        var options = Parse("--etcd-prefix /line -iface eth0", environment).Options!;
        Assert.Equal(("/line", "eth0", true, 7, "s3cret"), (options.Prefix, options.Interface.Interfaces.Single(), options.IpMasq, (int)options.LeaseRenewMargin.TotalMinutes, options.Store.Password));
        Assert.Null(options.Interface.PublicIp);
        Assert.Equal("eth7", Parse("", environment).Options!.Interface.Interfaces.Single());
    }

    [Fact]
    public void A_wrong_variable_is_named()
    {
        var result = Parse("", new() { ["FLANNELD_HEALTHZ_PORT"] = "no" });
        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Contains("variable FLANNELD_HEALTHZ_PORT: 'no' is not a whole number", result.Error);
        Assert.Null(Parse("-healthz-port 1", new() { ["FLANNELD_HEALTHZ_PORT"] = "no" }).Error);
        Assert.Equal(ExitCode.Failed, Parse("", new() { ["FLANNELD_KUBE_SUBNET_MGR"] = "true" }).ExitCode);
    }

    [Theory]
    [InlineData("-h")]
    [InlineData("--help")]
    [InlineData("-help")]
    [InlineData("-iface eth0 -h")]
    public void Help_names_every_flag_and_ends_well(string arguments)
    {
        var result = Parse(arguments, new() { ["FLANNELD_HEALTHZ_PORT"] = "no" });
        Assert.Equal((ExitCode.Ok, null, null), (result.ExitCode, result.Options, result.Error));
        foreach (var flag in new DaemonFlags().All)
            Assert.Contains(flag.Name, result.Output);
        Assert.All(result.Output!.Split('\n'), line => Assert.InRange(line.Length, 0, 140));
    }

    [Theory]
    [InlineData("-version")]
    [InlineData("--version")]
    [InlineData("--version=true")]
    public void Version_is_told_before_the_environment_is_looked_at(string arguments)
    {
        var result = Parse(arguments, new() { ["FLANNELD_HEALTHZ_PORT"] = "no" });
        Assert.Equal(ExitCode.Ok, result.ExitCode);
        Assert.Matches(@"^flannelpsd \d+\.\d+\.\d+\S*\n$", result.Output);
    }

    [Theory]
    [InlineData("-ip-masq", null)]
    [InlineData("-iptables-forward-rules=false", null)]
    [InlineData("-iptables-resync 9", null)]
    [InlineData("-strict-peers=false", null)]
    [InlineData("-ip-masq -no-masq-prefix 192.0.2.0/24", null)]
    [InlineData("-no-masq-prefix 192.0.2.0/24", "without ip-masq")]
    [InlineData("-etcd-password x", "FLANNELD_ETCD_PASSWORD")]
    [InlineData("-ip-masq=false", null)]
    [InlineData("", null)]
    public void What_has_no_full_effect_yet_says_so(string arguments, string? notice)
    {
        var result = Parse(arguments, NoEnvironment);
        if (notice is null)
            Assert.Empty(result.Notices);
        else
            Assert.Contains(notice, Assert.Single(result.Notices));
    }

    [Fact]
    public void I6_no_secret_is_in_any_message_or_printed_option()
    {
        var result = Parse("--etcd-password s3cret --nope", NoEnvironment);
        Assert.DoesNotContain("s3cret", result.ToString());
        var options = Options("--etcd-password s3cret --etcd-username u");
        Assert.DoesNotContain("s3cret", $"{options} {options.Store}");
    }

    [Fact]
    public void Any_arguments_end_in_options_or_in_one_line()
    {
        var random = new Random(21);
        var words = new DaemonFlags().All.Select(flag => flag.Name).Concat(["-", "--", "---", "=", "-v", "-v=", "--iface=", "true", "eth0", "-h=", "@x", "[diagram]", "\0", "-ip-masq=:"]).ToArray();
        for (var i = 0; i < 5000; i++)
        {
            var arguments = Enumerable.Range(0, random.Next(6)).Select(_ => words[random.Next(words.Length)] + (random.Next(4) == 0 ? "=" + words[random.Next(words.Length)] : "")).ToArray();
            var result = CommandLine.Parse(arguments, _ => null);
            Assert.True(result.Options is not null ^ (result.Error is not null || result.Output is not null), string.Join(' ', arguments));
        }
    }

    private static DaemonOptions Options(string arguments)
    {
        var result = Parse(arguments, NoEnvironment);
        Assert.Null(result.Error);
        return result.Options!;
    }

    private static CommandLineResult Parse(string arguments, Dictionary<string, string> environment)
        => CommandLine.Parse(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), environment.GetValueOrDefault);
}
