using FlannelPS.Report;

namespace FlannelPS.Engine.Tests.Report;

/// <summary>The page as a browser has it: that nothing runs and nothing is fetched, and that it can be read.</summary>
public sealed class ReportBrowserTests : IDisposable
{
    private const string Payload = "<script>window.ran=1</script><img src=x onerror=window.ran=1><svg onload=window.ran=1>\"' onmouseover=window.ran=1 x='</title></style></svg><iframe src=http://198.18.0.1/>&#60;b&#62;\u202e\u0000\u001b[2J";

    private readonly string _folder = Directory.CreateTempSubdirectory("flannelps-report-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Hostile_names_keys_and_events_stay_text_and_nothing_is_asked_for()
    {
        await using var browser = await Browser.StartAsync();
        foreach (var hosts in new[] { 3, 20, 70 })
        {
            var all = GivenNetwork.Of(hosts, 2, (_, to, peer) => peer with { State = to % 2 == 0 ? LinkState.Unreachable : LinkState.Unknown, Word = Payload, Reason = Payload, HostName = Payload, Version = Payload, Backend = Payload }, _ => Payload).Witnesses
                .Select(witness => witness with
                {
                    Node = witness.Node with { Name = Payload, State = Payload, Causes = [Payload], Findings = [Payload], Backend = Payload, Interface = Payload, Prefix = Payload, Version = Payload, Firewall = Payload },
                    Events = [new(GivenNetwork.Taken, Payload, Payload, Payload)],
                    Leases = [.. witness.Leases.Select(lease => lease with { Backend = Payload })],
                }).ToList();
            await browser.OpenAsync(Write($"hostile-{hosts}.html", ReportPage.Render(PictureBuilder.Build(all, GivenNetwork.Taken))));
            Assert.Equal("undefined", (await browser.EvaluateAsync("typeof window.ran"))!.GetValue<string>());
            Assert.Equal(0, (await browser.EvaluateAsync("document.querySelectorAll('script,img,iframe,object,embed,link,form,[onload],[onerror],[onmouseover],[style]').length"))!.GetValue<int>());
            // All of it is there, as text.
            Assert.True((await browser.EvaluateAsync("document.body.innerText.split('<script>window.ran=1</script>').length"))!.GetValue<int>() > 10);
            AssertQuiet(browser);
        }
    }

    [Fact]
    public async Task The_policy_forbids_what_a_hole_in_the_encoding_would_let_in()
    {
        await using var browser = await Browser.StartAsync();
        var page = ReportPage.Render(GivenNetwork.Of(3, 3)).Replace("</main>", "<script>window.ran=1</script><img src=\"http://198.18.0.1/x.png\" onerror=\"window.ran=1\"><p style=\"position:fixed\" id=\"p\">x</p></main>", StringComparison.Ordinal);
        await browser.OpenAsync(Write("open.html", page));
        Assert.Equal("undefined", (await browser.EvaluateAsync("typeof window.ran"))!.GetValue<string>());
        Assert.Equal("static", (await browser.EvaluateAsync("getComputedStyle(document.getElementById('p')).position"))!.GetValue<string>());
        Assert.DoesNotContain(browser.Events("Network.responseReceived"), item => item["response"]!["url"]!.GetValue<string>().StartsWith("http", StringComparison.Ordinal));
        Assert.NotEmpty(browser.Events("Log.entryAdded"));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 3)]
    [InlineData(4, 2)]
    [InlineData(12, 5)]
    [InlineData(50, 50)]
    [InlineData(1000, 2)]
    public async Task It_can_be_read_in_light_and_dark_and_in_a_narrow_window(int hosts, int asked)
    {
        await using var browser = await Browser.StartAsync();
        // Names as long as a host's may be.
        var file = Write($"{hosts}.html", ReportPage.Render(GivenNetwork.Of(hosts, asked, GivenNetwork.WithFaults, i => i % 5 == 3 ? $"worker-{i}.a-rather-long-domain-name.example.org" : $"node-{i}")));
        var grounds = new List<string>();
        foreach (var (scheme, width) in new[] { ("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390) })
        {
            await browser.OpenAsync(file, width, scheme: scheme);
            await browser.EvaluateAsync("document.querySelectorAll('details').forEach(part => part.open = true)");
            AssertQuiet(browser);
            grounds.Add((await browser.EvaluateAsync("getComputedStyle(document.documentElement).backgroundColor"))!.GetValue<string>());
            Assert.True((await browser.EvaluateAsync("document.documentElement.scrollWidth <= innerWidth"))!.GetValue<bool>(), $"{hosts} hosts, {width} pixels: the page is wider than its window");
            Assert.Equal("[]", (await browser.EvaluateAsync(Overlaps))!.ToJsonString());
            Assert.Equal("[]", (await browser.EvaluateAsync(Faint))!.ToJsonString());
            await KeepAsync(browser, $"{hosts}-{scheme}-{width}.png");
        }
        Assert.Equal(grounds[0], grounds[2]);
        Assert.NotEqual(grounds[0], grounds[1]);
    }

    /// <summary>Texts of a drawing that lie over one another. Turned ones are compared by their corners' box alone, so they are left out here: the ring and the matrix place them by rule.</summary>
    private const string Overlaps = """
        [...document.querySelectorAll('svg')].flatMap(svg => {
            const boxes = [...svg.querySelectorAll('text:not([transform])')].filter(text => text.textContent).map(text => ({ text: text.textContent, box: text.getBoundingClientRect() }));
            const found = [];
            for (let i = 0; i < boxes.length; i++)
                for (let j = i + 1; j < boxes.length; j++) {
                    const a = boxes[i].box, b = boxes[j].box;
                    if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3) found.push(boxes[i].text + ' over ' + boxes[j].text);
                }
            return found;
        }).slice(0, 5)
        """;

    /// <summary>Texts with less contrast than 4.5 to 1 (WCAG 2.2, 1.4.3).</summary>
    private const string Faint = """
        (() => {
            const parse = text => { const parts = text.match(/[\d.]+/g).map(Number); return { r: parts[0], g: parts[1], b: parts[2], a: parts[3] ?? 1 }; };
            const channel = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : Math.pow((v + 0.055) / 1.055, 2.4); };
            const light = c => 0.2126 * channel(c.r) + 0.7152 * channel(c.g) + 0.0722 * channel(c.b);
            const ground = element => { for (let at = element; at; at = at.parentElement) { const c = parse(getComputedStyle(at).backgroundColor); if (c.a > 0) return c; } return { r: 255, g: 255, b: 255 }; };
            const found = new Set();
            for (const element of document.querySelectorAll('body *')) {
                if (![...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()) || element.closest('title,defs')) continue;
                const style = getComputedStyle(element);
                const a = light(parse(element instanceof SVGElement ? style.fill : style.color)), b = light(ground(element));
                const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                if (ratio < 4.5) found.add(`${element.tagName}.${element.getAttribute('class')} ${ratio.toFixed(2)}`);
            }
            return [...found].slice(0, 5);
        })()
        """;

    private static void AssertQuiet(Browser browser)
    {
        Assert.Empty(browser.Events("Runtime.consoleAPICalled").Concat(browser.Events("Runtime.exceptionThrown")).Concat(browser.Events("Log.entryAdded")).Select(item => item.ToJsonString()));
        Assert.Empty(browser.Events("Page.javascriptDialogOpening"));
        Assert.All(browser.Events("Network.requestWillBeSent"), item => Assert.StartsWith("file:///", item["request"]!["url"]!.GetValue<string>(), StringComparison.Ordinal));
        Assert.Single(browser.Events("Network.requestWillBeSent"));
    }

    private string Write(string name, string page)
    {
        var file = Path.Combine(_folder, name);
        File.WriteAllText(file, page);
        return file;
    }

    // For whoever wants to look: FLANNELPS_TEST_PICTURES names a folder that they are left in.
    private static async Task KeepAsync(Browser browser, string name)
    {
        if (Environment.GetEnvironmentVariable("FLANNELPS_TEST_PICTURES") is { Length: > 0 } folder)
            await File.WriteAllBytesAsync(Path.Combine(Directory.CreateDirectory(folder).FullName, name), await browser.CaptureAsync());
    }
}
