using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FlannelPS.SystemTests;

/// <summary>What a daemon counts, read as Prometheus reads it, and what is shipped to look at it.</summary>
public sealed partial class MetricsTests
{
    private const int Port = 9478;

    /// <summary>Given by Prometheus itself.</summary>
    private static readonly string[] OfPrometheus = ["instance", "job", "le"];

    [Fact]
    public async Task F82_The_port_is_the_hosts_own_and_tells_what_the_control_socket_tells_and_nothing_to_write()
    {
        using var network = await Network.CreateAsync(hosts: 2);
        var nodes = await network.StartAllAsync($"--metrics-port={Port}", "--healthz-port=8111");
        using var http = NamespaceHttp.Create(nodes[0].Host.Namespace);
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{Port}/metrics"), network.Limit);
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", answer.Content.Headers.ContentType!.ToString());
        var told = OpenMetrics.Parse(await answer.Content.ReadAsStringAsync(network.Limit));
        var asked = OpenMetrics.Parse((await nodes[0].AskAsync("metrics")).GetString()!);
        Assert.Equal(asked.Select(family => family.Name), told.Select(family => family.Name));

        // Not from elsewhere, on whatever address of the host.
        using var neighbor = NamespaceHttp.Create(nodes[1].Host.Namespace);
        foreach (var address in new[] { nodes[0].Host.Address.ToString(), nodes[0].Env.Subnet.BaseAddress.ToString() })
        {
            await Assert.ThrowsAnyAsync<HttpRequestException>(() => neighbor.GetAsync(new Uri($"http://{address}:{Port}/metrics"), network.Limit));
        }

        using var posted = await http.PostAsync(new Uri($"http://127.0.0.1:{Port}/metrics"), null, network.Limit);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
        using var ready = await http.GetAsync(new Uri($"http://127.0.0.1:{Port}/readyz"), network.Limit);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);

        // Health alone, which others reach, does not tell it.
        using var health = await neighbor.GetAsync(new Uri($"http://{nodes[0].Host.Address}:8111/metrics"), network.Limit);
        Assert.Equal(HttpStatusCode.NotFound, health.StatusCode);
    }

    [Fact]
    public async Task Numbers_follow_what_happens()
    {
        using var network = await Network.CreateAsync(hosts: 2);
        await using var relay = network.NewRelay();
        var (node, peer) = await network.StartBehindAsync(relay);
        await UntilAsync("the peer answers", "flannelps_peers_by_state", 1, ("state", "reachable"));
        var before = await ReadAsync();
        Assert.InRange(Value(before, "flannelps_probe_round_trip_seconds", ("public_ip", peer.Host.Address.ToString()), ("subnet", peer.Env.Subnet.ToString())), 0.000001, 1);
        Assert.Equal(2, Value(before, "flannelps_leases"));
        Assert.True(Value(before, "flannelps_store_request_seconds_count", ("method", "range")) > 0);
        Assert.True(Value(before, "flannelps_watch_revision") > 0);
        Assert.True(Value(before, "flannelps_round_seconds_count") > 0);

        await node.RunAsync("ip", "route", "del", peer.Env.Subnet.ToString());
        await UntilAsync("the repair", "flannelps_repairs_total", 1, ("kind", "route"));
        relay.Cut();
        await UntilAsync("the store lost", "flannelps_store_following", 0);
        await UntilAsync("the reason", "flannelps_not_ready", 1, ("reason", "Store"));
        var during = await ReadAsync();
        Assert.Equal(0, Value(during, "flannelps_ready"));
        Assert.Equal(1, Value(during, "flannelps_node_state", ("flannelps_node_state", await node.StatusAsync("state"))));
        Assert.True(during.Single(family => family.Name == "flannelps_store_request_failures").Samples.Sum(sample => sample.Value) > 0);
        Assert.True(Value(during, "flannelps_watch_breaks_total") > 0);
        relay.Join();
        await UntilAsync("the store found", "flannelps_ready", 1);

        async Task<IReadOnlyList<MetricFamily>> ReadAsync() => OpenMetrics.Parse((await node.AskAsync("metrics")).GetString()!);

        Task<TimeSpan> UntilAsync(string what, string name, double wanted, params (string Name, string Value)[] labels)
            => Poll.UntilAsync(what, async () => Value(await ReadAsync(), name, labels) is var value && value == wanted ? null : $"{name} is {value}", 30);
    }

    [Theory]
    [InlineData("grafana-dashboard.json")]
    [InlineData("prometheus-alerts.yml")]
    public async Task What_the_examples_look_at_is_what_daemons_tell(string example)
    {
        var families = (await ServedAsync("vxlan")).Concat(await ServedAsync("udp")).ToList();
        var labels = families.SelectMany(family => family.Samples).GroupBy(sample => sample.Name).ToDictionary(group => group.Key, group => group.SelectMany(sample => sample.Labels.Keys).Concat(OfPrometheus).ToHashSet());
        var values = families.SelectMany(family => family.Samples).SelectMany(sample => sample.Labels).GroupBy(label => label.Key).ToDictionary(group => group.Key, group => group.Select(label => label.Value).ToHashSet());
        labels["up"] = ["instance", "job"];
        var text = File.ReadAllText(Path.Combine(ExampleFiles.Folder, example));
        var expressions = example.EndsWith(".json", StringComparison.Ordinal) ? Expressions(JsonDocument.Parse(text).RootElement).ToList() : [.. AlertExpression().Matches(text).Select(match => match.Groups[1].Value)];
        Assert.True(expressions.Count > 20, $"only {expressions.Count} expressions in {example}");
        var wrong = new List<string>();
        foreach (string expression in expressions)
        {
            var names = Metric().Matches(StringLiteral().Replace(expression, "\"\"")).Select(match => match.Value).Distinct().Where(name => !values.ContainsKey(name) || labels.ContainsKey(name)).ToList();
            wrong.AddRange(names.Where(name => !labels.ContainsKey(name)).Select(name => $"no metric {name}: {expression}"));
            var known = names.Where(labels.ContainsKey).SelectMany(name => labels[name]).ToHashSet();
            foreach (Match selector in Selector().Matches(expression))
            {
                foreach (Match matcher in Matcher().Matches(selector.Value))
                {
                    string label = matcher.Groups[1].Value;
                    wrong.AddRange(known.Contains(label) ? [] : [$"no label {label}: {expression}"]);
                    wrong.AddRange(matcher.Groups[2].Value.Split('|').Where(value => !OfPrometheus.Contains(label) && !(values.TryGetValue(label, out var some) && some.Contains(value))).Select(value => $"{label} is never {value}: {expression}"));
                }
            }

            wrong.AddRange(Grouping().Matches(expression).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries)).Where(label => !known.Contains(label)).Select(label => $"no label {label}: {expression}"));
        }

        var shown = LegendLabel().Matches(text).Select(match => match.Groups[1].Value).Distinct();
        var all = labels.Values.SelectMany(label => label).ToHashSet();
        wrong.AddRange(shown.Where(label => !all.Contains(label)).Select(label => $"no label {label} to show"));
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Distinct()));
    }

    [Fact]
    public void The_dashboard_can_be_imported_and_its_panels_do_not_lie_over_one_another()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(ExampleFiles.Folder, "grafana-dashboard.json")));
        var dashboard = document.RootElement;
        Assert.False(dashboard.TryGetProperty("id", out _)); // it would be another installation's
        Assert.InRange(dashboard.GetProperty("schemaVersion").GetInt32(), 39, 60);
        var panels = dashboard.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(panels.Count, panels.Select(panel => panel.GetProperty("id").GetInt32()).Distinct().Count());
        Assert.Equal(["Readiness", "Leases", "Peers and probes", "Reconcile", "Store", "Firewall", "udp data path"],
            panels.Where(panel => panel.GetProperty("type").GetString() == "row").Select(panel => panel.GetProperty("title").GetString()!));
        Assert.Contains(panels, panel => panel.GetProperty("type").GetString() == "heatmap");
        var taken = new HashSet<(int, int)>();
        foreach (var place in panels.Select(panel => panel.GetProperty("gridPos")))
        {
            for (int x = place.GetProperty("x").GetInt32(); x < place.GetProperty("x").GetInt32() + place.GetProperty("w").GetInt32(); x++)
            {
                for (int y = place.GetProperty("y").GetInt32(); y < place.GetProperty("y").GetInt32() + place.GetProperty("h").GetInt32(); y++)
                {
                    Assert.True(x < 24 && taken.Add((x, y)), $"two panels at {x}, {y}");
                }
            }
        }

        foreach (var source in Sources(dashboard).Where(source => source.GetProperty("type").GetString() == "prometheus"))
        {
            Assert.Equal("${datasource}", source.GetProperty("uid").GetString());
        }
    }

    private static double Value(IReadOnlyList<MetricFamily> families, string name, params (string Name, string Value)[] labels)
        => families.SelectMany(family => family.Samples).SingleOrDefault(sample => sample.Name == name && labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value))?.Value ?? double.NaN;

    private static async Task<IReadOnlyList<MetricFamily>> ServedAsync(string backend)
    {
        using var network = await Network.CreateAsync(backend, hosts: 2);
        var nodes = await network.StartAllAsync();
        IReadOnlyList<MetricFamily> families = [];

        // The first probes are on their way, and the guard of vxlan is counted from its first look on.
        await Poll.UntilAsync("probes and counts", async () =>
        {
            families = OpenMetrics.Parse((await nodes[0].AskAsync("metrics")).GetString()!);
            return families.Single(family => family.Name == "flannelps_probe_round_trip_seconds").Samples.Count == 0 ? "no answer to a probe"
                : backend == "vxlan" && families.All(family => family.Name != "flannelps_firewall_strangers_dropped") ? "strangers are not counted" : null;
        }, 20);
        return families;
    }

    private static IEnumerable<string> Expressions(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(member => member is { Name: "expr", Value.ValueKind: JsonValueKind.String } ? [member.Value.GetString()!] : Expressions(member.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Expressions),
        JsonValueKind.String when LabelValues().Match(json.GetString()!) is { Success: true } match => [$"{match.Groups[1].Value}{{{match.Groups[2].Value}=~\".*\"}}"],
        _ => [],
    };

    private static IEnumerable<JsonElement> Sources(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(member => member is { Name: "datasource", Value.ValueKind: JsonValueKind.Object } ? [member.Value] : Sources(member.Value)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Sources),
        _ => [],
    };

    [GeneratedRegex("^ +expr: (.+)$", RegexOptions.Multiline)]
    private static partial Regex AlertExpression();

    [GeneratedRegex("\\b(?:flannelps_[a-z0-9_]+|up)\\b")]
    private static partial Regex Metric();

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex StringLiteral();

    [GeneratedRegex("\\{[^}]*\\}")]
    private static partial Regex Selector();

    [GeneratedRegex("([a-z_]+)\\s*=~?\\s*\"([^\"]*)\"")]
    private static partial Regex Matcher();

    [GeneratedRegex("\\b(?:by|on) \\(([^)]*)\\)")]
    private static partial Regex Grouping();

    [GeneratedRegex("\\{\\{\\s*(?:\\$labels\\.)?([a-z_]+)\\s*\\}\\}")]
    private static partial Regex LegendLabel();

    [GeneratedRegex("^label_values\\(([a-z_]+), ([a-z_]+)\\)$")]
    private static partial Regex LabelValues();
}
