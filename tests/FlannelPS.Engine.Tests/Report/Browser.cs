using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Report;

/// <summary>A real browser without a window, in a network namespace without any network, driven by its own protocol over a pipe.</summary>
internal sealed class Browser : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _profile = Directory.CreateTempSubdirectory("flannelps-browser-").FullName;
    private readonly Dictionary<int, TaskCompletionSource<JsonNode>> _asked = [];
    private readonly List<JsonNode> _events = [];
    private readonly Task _reading;
    private string? _session;
    private int _last;

    private Browser(string program)
    {
        // The protocol is spoken over the descriptors 3 and 4, NUL after each message.
        string[] arguments =
        [
            "--net", "--", "sh", "-c", "exec \"$@\" 3<&0 4>&1 >&2", "sh", program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
            "--disable-component-update", "--disable-sync", "--no-first-run", "--force-color-profile=srgb", "--hide-scrollbars", $"--user-data-dir={_profile}", "--remote-debugging-pipe", "about:blank",
        ];
        _process = Process.Start(new ProcessStartInfo("unshare", arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.ErrorDataReceived += (_, _) => { };
        _process.BeginErrorReadLine();
        _reading = Task.Run(ReadAsync);
    }

    /// <summary>Starts one; the test is skipped where there is none.</summary>
    public static async Task<Browser> StartAsync()
    {
        var program = new[] { "chromium", "chromium-browser", "google-chrome" }.FirstOrDefault(Command.IsThere);
        Assert.SkipUnless(program is not null, "There is no chromium here (apt-get install chromium).");
        Assert.SkipUnless(Environment.UserName == "root", "A network namespace of the browser's own needs root.");
        var browser = new Browser(program);
        var target = await browser.AskAsync("Target.createTarget", new() { ["url"] = "about:blank" });
        var attached = await browser.AskAsync("Target.attachToTarget", new() { ["targetId"] = target["targetId"]!.GetValue<string>(), ["flatten"] = true });
        browser._session = attached["sessionId"]!.GetValue<string>();
        foreach (var domain in new[] { "Page", "Runtime", "Log", "Network" })
            await browser.AskAsync($"{domain}.enable", []);
        return browser;
    }

    /// <summary>Opens a page and waits until it stands.</summary>
    public async Task OpenAsync(string file, int width = 1280, int height = 900, string scheme = "light")
    {
        await AskAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = scheme }) });
        await AskAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        lock (_events)
            _events.Clear();
        await AskAsync("Page.navigate", new() { ["url"] = new Uri(file).AbsoluteUri });
        for (var i = 0; i < 400 && Events("Page.loadEventFired").Count == 0; i++)
            await Task.Delay(25);
        Assert.NotEmpty(Events("Page.loadEventFired"));
    }

    /// <summary>What the browser told since the page was opened.</summary>
    public IReadOnlyList<JsonNode> Events(string method)
    {
        lock (_events)
            return _events.FindAll(item => item["method"]!.GetValue<string>() == method).ConvertAll(item => item["params"]!);
    }

    /// <summary>The value of an expression in the page.</summary>
    public async Task<JsonNode?> EvaluateAsync(string expression)
    {
        var answer = await AskAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        Assert.True(answer["exceptionDetails"] is null, $"{answer["exceptionDetails"]?.ToJsonString()}");
        return answer["result"]!["value"];
    }

    /// <summary>A picture of the whole page.</summary>
    public async Task<byte[]> CaptureAsync()
    {
        var answer = await AskAsync("Page.captureScreenshot", new() { ["format"] = "png", ["captureBeyondViewport"] = true });
        return Convert.FromBase64String(answer["data"]!.GetValue<string>());
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
            using var late = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await _process.WaitForExitAsync(late.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }
        await _reading;
        _process.Dispose();
        Directory.Delete(_profile, recursive: true);
    }

    private async Task<JsonNode> AskAsync(string method, JsonObject arguments)
    {
        var number = ++_last;
        var answer = new TaskCompletionSource<JsonNode>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_asked)
            _asked[number] = answer;
        var message = new JsonObject { ["id"] = number, ["method"] = method, ["params"] = arguments };
        if (_session is not null)
            message["sessionId"] = _session;
        await _process.StandardInput.BaseStream.WriteAsync(Encoding.UTF8.GetBytes(message.ToJsonString() + "\0"));
        await _process.StandardInput.BaseStream.FlushAsync();
        var said = await answer.Task.WaitAsync(TimeSpan.FromSeconds(60));
        return said["result"] ?? throw new InvalidOperationException($"{method}: {said.ToJsonString()}");
    }

    private async Task ReadAsync()
    {
        var rest = new MemoryStream();
        var buffer = new byte[64 << 10];
        while (await _process.StandardOutput.BaseStream.ReadAsync(buffer) is > 0 and var read)
        {
            for (int at = 0, end; at < read; at = end + 1)
            {
                end = Array.IndexOf(buffer, (byte)0, at, read - at);
                rest.Write(buffer, at, (end < 0 ? read : end) - at);
                if (end < 0)
                    break;
                Take(JsonNode.Parse(rest.ToArray())!);
                rest.SetLength(0);
            }
        }
        lock (_asked)
            foreach (var waiting in _asked.Values)
                waiting.TrySetException(new InvalidOperationException($"The browser ended."));
    }

    private void Take(JsonNode message)
    {
        if (message["id"] is { } id)
        {
            lock (_asked)
                if (_asked.Remove(id.GetValue<int>(), out var waiting))
                    waiting.SetResult(message);
        }
        else
        {
            lock (_events)
                _events.Add(message);
        }
    }
}
