using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FlannelPS.SystemTests;

/// <summary>The alert rules, read by Prometheus: silent while all is well, and each fault by its name.</summary>
public sealed partial class AlertTests(ITestOutputHelper output)
{
    private const int MetricsPort = 9478, PrometheusPort = 9090;
    private static readonly string Rules = Path.Combine(ExampleFiles.Folder, "prometheus-alerts.yml");

    [Fact]
    public async Task The_alert_rules_are_what_Prometheus_takes_and_each_says_what_to_run()
    {
        var alerts = Alert().Matches(File.ReadAllText(Rules)).ToList();
        Assert.True(alerts.Count > 15);
        string exports = File.ReadAllText(Path.Combine(ExampleFiles.Folder, "../FlannelPS.psd1"));
        foreach (Match alert in alerts)
        {
            string name = alert.Groups[1].Value;
            Assert.Contains("severity: ", alert.Value, StringComparison.Ordinal);
            Assert.Contains("summary: \"", alert.Value, StringComparison.Ordinal);
            var commands = Cmdlet().Matches(alert.Value).Select(match => match.Value).ToList();
            Assert.True(commands.Count > 0, $"{name} names no command");
            Assert.All(commands, command => Assert.Contains($"'{command}'", exports, StringComparison.Ordinal));
        }

        Assert.SkipUnless(Command.IsThere("promtool"), "promtool is not installed (package prometheus)");
        var check = await Task.Run(() => Command.Run("promtool", "check", "rules", Rules));
        Assert.True(check.Succeeded, check.Output + check.Error);
        output.WriteLine(check.Output);
    }

    [Fact]
    public async Task I8_Prometheus_raises_no_alert_while_all_is_well_and_the_right_one_for_each_fault()
    {
        Assert.SkipUnless(Command.IsThere("prometheus"), "prometheus is not installed");
        using var network = await Network.CreateAsync(hosts: 2);
        await using var relay = network.NewRelay();
        var peer = await network.StartAsync(1);
        var node = network.LaunchAt(relay.Endpoint, 0, $"--metrics-port={MetricsPort}");
        await node.WaitReadyAsync();
        await Poll.UntilAsync("the peer answers", async () => await node.StatusAsync("probes.reachable") == "1" ? null : "not yet", 20);
        var place = node.Host.Namespace;
        using var prometheus = Start(place, Path.GetDirectoryName(node.SubnetFile)!);
        try
        {
            using var http = NamespaceHttp.Create(place);
            await Poll.UntilAsync("two looks at the node", async () => await CountAsync("count_over_time(up[1m]) >= 2 and up == 1") == 1 ? null : "not yet", 30);
            await Task.Delay(TimeSpan.FromSeconds(5), network.Limit);
            Assert.Empty(await AlertsAsync());

            relay.Cut();
            await UntilAsync(true, "FlannelStoreLost", "FlannelNodeNotReady");
            relay.Join();
            await UntilAsync(false, "FlannelStoreLost", "FlannelNodeNotReady");
            peer.Host.Namespace.Ip("link set eth0 down");
            await UntilAsync(true, "FlannelPeersUnreachable");
            peer.Host.Namespace.Ip("link set eth0 up");
            await UntilAsync(false, "FlannelPeersUnreachable");
            await node.Daemon.StopAsync(TimeSpan.FromSeconds(10));
            await UntilAsync(true, "FlannelNodeSilent");

            async Task UntilAsync(bool firing, params string[] names)
            {
                string told = "";
                var took = await Poll.UntilAsync($"{string.Join(", ", names)} {(firing ? "fire" : "end")}", async () =>
                {
                    var alerts = await AlertsAsync();
                    told = string.Join(", ", alerts);
                    return names.All(name => alerts.Contains(name) == firing) ? null : $"firing: {told}";
                }, 40);
                output.WriteLine($"{took.TotalSeconds:F1} s: {told}");
            }

            async Task<IReadOnlyList<string>> AlertsAsync()
                => [.. (await AskAsync("alerts")).GetProperty("alerts").EnumerateArray().Where(alert => alert.GetProperty("state").GetString() == "firing").Select(alert => alert.GetProperty("labels").GetProperty("alertname").GetString()!)];

            async Task<int> CountAsync(string expression) => (await AskAsync($"query?query={Uri.EscapeDataString(expression)}")).GetProperty("result").GetArrayLength();

            async Task<JsonElement> AskAsync(string what)
            {
                try
                {
                    using var document = JsonDocument.Parse(await http.GetStringAsync(new Uri($"http://127.0.0.1:{PrometheusPort}/api/v1/{what}"), network.Limit));
                    return document.RootElement.GetProperty("data").Clone();
                }
                catch (HttpRequestException) when (!prometheus.HasExited)
                {
                    // It is not up yet.
                    return JsonSerializer.SerializeToElement(new { alerts = Array.Empty<string>(), result = Array.Empty<string>() });
                }
            }
        }
        finally
        {
            prometheus.Kill();
            await prometheus.WaitForExitAsync(CancellationToken.None);
        }
    }

    /// <summary>Prometheus with the rules as shipped, but without the minutes that an alert waits.</summary>
    private static Process Start(NetworkNamespace place, string folder)
    {
        string rules = Path.Combine(folder, "rules.yml"), settings = Path.Combine(folder, "prometheus.yml");
        File.WriteAllText(rules, Wait().Replace(File.ReadAllText(Rules), "for: 0s"));
        File.WriteAllText(settings, $$"""
            global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
            rule_files: ["{{rules}}"]
            scrape_configs:
              - job_name: flannelps
                static_configs:
                  - targets: ["127.0.0.1:{{MetricsPort}}"]
            """);
        return place.Start(new("prometheus", [$"--config.file={settings}", $"--storage.tsdb.path={folder}/tsdb", $"--web.listen-address=127.0.0.1:{PrometheusPort}", "--log.level=error"]));
    }

    [GeneratedRegex("- alert: (\\w+)\n(?:(?!      - alert: |  - name: ).*\n?)+")]
    private static partial Regex Alert();

    [GeneratedRegex("[A-Z][a-z]+-Flannel[A-Za-z]+")]
    private static partial Regex Cmdlet();

    [GeneratedRegex("for: [0-9]+m")]
    private static partial Regex Wait();
}
