using System.Net;
using System.Net.Sockets;
using System.Text;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Engine.Tests.Hosting;

public sealed class HealthServerTests : IAsyncDisposable
{
    private readonly LogLines _log = new();
    private readonly HealthServer _server;
    private bool _alive = true;
    private string[] _reasons = [];

    public HealthServerTests() => _server = new(new(IPAddress.Loopback, 0), () => _alive, () => _reasons, _log, TimeProvider.System, TimeSpan.FromMilliseconds(500));

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task L13_health_and_readiness_tell_the_truth_and_turn_back()
    {
        Assert.Equal((200, "flanneld is running"), await GetAsync("/healthz"));
        Assert.Equal((200, "flanneld is ready"), await GetAsync("/readyz?verbose"));
        _reasons = ["StoreUnreachable: no answer for 31 s", "NoSubnet:\nall 16 are taken"];
        Assert.Equal((503, "flanneld is not ready yet\nStoreUnreachable: no answer for 31 s\nNoSubnet: all 16 are taken\n"), await GetAsync("/readyz"));
        _alive = false;
        Assert.Equal(503, (await GetAsync("/healthz")).Status);
        (_alive, _reasons) = (true, []);
        Assert.Equal((200, "flanneld is ready"), await GetAsync("/readyz"));
        Assert.Equal(404, (await GetAsync("/")).Status);
        Assert.Equal(404, (await GetAsync("/metrics")).Status);
    }

    [Fact]
    public async Task F82_metrics_are_told_where_they_were_asked_for_with_the_formats_own_type_and_cannot_be_written_to()
    {
        await using var server = new HealthServer(new(IPAddress.Loopback, 0), () => _alive, () => _reasons, _log, TimeProvider.System, () => "# EOF\n");
        var answer = await SendAsync("GET /metrics HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text\r\n\r\n", server);
        Assert.Contains("\r\nContent-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n", answer);
        Assert.EndsWith("\r\n\r\n# EOF\n", answer);
        Assert.StartsWith("HTTP/1.1 405 ", await SendAsync("POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n\r\n", server));
        Assert.StartsWith("HTTP/1.1 200 ", await SendAsync("GET /readyz HTTP/1.1\r\n\r\n", server));
        Assert.StartsWith("HTTP/1.1 404 ", await SendAsync("GET /status HTTP/1.1\r\n\r\n", server));
        Assert.Contains("--metrics-port", Assert.Throws<StartupException>(() => new HealthServer(server.EndPoint, () => true, () => [], _log, TimeProvider.System, () => "")).Message);
    }

    [Theory]
    [InlineData("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200 OK")]
    [InlineData("GET /healthz HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK")]
    [InlineData("HEAD /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 200 OK")]
    [InlineData("POST /healthz HTTP/1.1\r\nContent-Length: 4\r\n\r\nstop", "HTTP/1.1 405 Method Not Allowed")]
    [InlineData("\r\n\r\n", "HTTP/1.1 400 Bad Request")]
    [InlineData("GET  /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request")]
    [InlineData("GET /healthz\r\n\r\n", "HTTP/1.1 400 Bad Request")]
    [InlineData("\u0016\u0003\u0001\r\n\r\n", "HTTP/1.1 400 Bad Request")]
    public async Task Each_request_gets_one_answer(string request, string status)
    {
        var answer = await SendAsync(request);
        Assert.StartsWith(status + "\r\n", answer);
        Assert.Contains("\r\nConnection: close\r\n", answer);
        if (request.StartsWith("HEAD", StringComparison.Ordinal))
        {
            Assert.Contains("Content-Length: 19\r\n", answer);
            Assert.EndsWith("\r\n\r\n", answer);
        }
    }

    [Fact]
    public async Task A_request_in_single_bytes_is_understood()
    {
        using var client = await ConnectAsync();
        client.NoDelay = true;
        foreach (var octet in "GET /healthz HTTP/1.1\r\n\r\n"u8.ToArray())
            await client.SendAsync(new[] { octet });
        Assert.StartsWith("HTTP/1.1 200", await ReadAsync(client));
    }

    [Fact]
    public async Task F82_a_huge_header_a_silent_client_and_a_flood_leave_the_server_answering()
    {
        Assert.StartsWith("HTTP/1.1 431", await SendAsync("GET /healthz HTTP/1.1\r\nX: " + new string('x', 20_000) + "\r\n\r\n"));
        var silent = new List<Socket>();
        for (var i = 0; i < 100; i++)
            silent.Add(await ConnectAsync());
        // Those within the limit are dropped after their time, the others at once.
        foreach (var client in silent)
            Assert.Equal("", await ReadAsync(client));
        silent.ForEach(client => client.Dispose());
        Assert.Equal(200, (await GetAsync("/healthz")).Status);
    }

    [Fact]
    public async Task A_taken_port_is_one_clear_error()
    {
        var error = Assert.Throws<StartupException>(() => new HealthServer(_server.EndPoint, () => true, () => [], _log, TimeProvider.System));
        Assert.Contains($"Cannot listen for health checks on {_server.EndPoint}", error.Message);
        Assert.Contains("--healthz-port", error.Message);
        await using var v6 = new HealthServer(new(IPAddress.IPv6Any, 0), () => true, () => [], _log, TimeProvider.System);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(new IPEndPoint(IPAddress.Loopback, v6.EndPoint.Port), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Disposing_ends_open_connections()
    {
        using var client = await ConnectAsync();
        await _server.DisposeAsync();
        Assert.Equal("", await ReadAsync(client));
    }

    private async Task<(int Status, string Body)> GetAsync(string path)
    {
        var answer = await SendAsync($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
        return (int.Parse(answer.AsSpan(9, 3)), answer[(answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
    }

    private async Task<string> SendAsync(string request, HealthServer? server = null)
    {
        using var client = await ConnectAsync(server);
        await client.SendAsync(Encoding.Latin1.GetBytes(request));
        return await ReadAsync(client);
    }

    private async Task<Socket> ConnectAsync(HealthServer? server = null)
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync((server ?? _server).EndPoint);
        return client;
    }

    private static async Task<string> ReadAsync(Socket client)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            while (await client.ReceiveAsync(buffer.AsMemory(), limit.Token) is var read and > 0)
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        catch (SocketException)
        {
            // Reset: closed as well.
        }
        return text.ToString();
    }
}
