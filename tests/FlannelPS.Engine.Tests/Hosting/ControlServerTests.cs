using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using FlannelPS.Engine.Hosting;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Tests.Hosting;

public sealed class ControlServerTests : IAsyncDisposable
{
    private static readonly ControlLimits Tight = new(8, 4, 4096, TimeSpan.FromMilliseconds(400), TimeSpan.FromMilliseconds(400));
    private readonly string _folder = Directory.CreateTempSubdirectory("flannelps-").FullName;
    private readonly LogLines _log = new();
    private readonly InstancePaths _paths;
    private readonly FileLock _held;
    private readonly TaskCompletionSource _hang = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private ControlServer? _server;

    public ControlServerTests()
    {
        _paths = new("blue", _folder, _folder);
        _held = FileLock.TryAcquire(_paths.Lock, out _) ?? throw new InvalidOperationException("The lock of a new folder is taken.");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _held.Dispose();
        Directory.Delete(_folder, true);
    }

    [Fact]
    public async Task Requests_are_answered_one_a_line_on_one_connection()
    {
        Serve();
        using var client = await ConnectAsync();
        foreach (var verb in new[] { "status", "peers", "leases", "metrics", "repair", "stop" })
        {
            using var result = await client.RequestAsync(verb, null, Cancel);
            Assert.Equal($"{verb} as writer: True", result.Value.GetString());
        }
        using (var events = await client.RequestAsync("events", writer => writer.WriteNumber("after", 7), Cancel))
            Assert.Equal("""{"after":7}""", events.Value.GetRawText());
        Assert.Equal("{\"ok\":true,\"result\":\"status as writer: True\"}\n", await SendAsync("{\"verb\":\"status\"}\n"));
        Assert.Equal("{\"ok\":true,\"result\":\"status as writer: True\"}\n", await SendAsync("{\"verb\":\"status\"}"));
        Assert.Equal(2, (await SendAsync("{\"verb\":\"status\"}\r\n{\"verb\":\"peers\",\"arguments\":{}}\n")).Count(character => character == '\n'));
    }

    [Theory]
    [InlineData("{\"verb\":\"shutdown\"}", "UnknownVerb", "no verb 'shutdown'")]
    [InlineData("{\"verb\":\"Status\"}", "UnknownVerb", "no verb 'Status'")]
    [InlineData("{\"verb\":7}", "BadRequest", "one JSON object a line")]
    [InlineData("{}", "BadRequest", "one JSON object a line")]
    [InlineData("[]", "BadRequest", "one JSON object a line")]
    [InlineData("", "BadRequest", "not JSON")]
    [InlineData("GET / HTTP/1.1", "BadRequest", "not JSON")]
    [InlineData("{\"verb\":\"\\ud800\"}", "BadRequest", "not JSON")]
    [InlineData("{\"verb\":\"events\",\"arguments\":[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]}", "BadRequest", "not JSON")]
    public async Task F81_garbage_gets_an_error_with_an_id(string request, string id, string message)
    {
        Serve();
        using var answer = JsonDocument.Parse(await SendAsync(request + "\n"));
        Assert.False(answer.RootElement.GetProperty("ok").GetBoolean());
        Assert.Equal(id, answer.RootElement.GetProperty("error").GetProperty("id").GetString());
        Assert.Contains(message, answer.RootElement.GetProperty("error").GetProperty("message").GetString());
        await AssertAnswersAsync();
    }

    [Theory]
    [InlineData("{\"ok\":true,\"result\":{\"name\":\"bl", "Closed")]
    [InlineData("", "Closed")]
    [InlineData("{\"ok\":true,\"result\":[]", "Closed")]
    [InlineData("HTTP/1.1 400 Bad Request\r\n", "BadRequest")]
    [InlineData("{\"ok\":true}\n", "BadRequest")]
    [InlineData("[]\n", "BadRequest")]
    [InlineData("{\"ok\":false,\"error\":7}\n", "BadRequest")]
    public async Task F81_an_answer_that_breaks_off_is_told_from_one_that_is_none(string answer, string id)
    {
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(_paths.Socket));
        listener.Listen();
        var serving = Task.Run(async () =>
        {
            using var peer = await listener.AcceptAsync(Cancel);
            await peer.ReceiveAsync(new byte[1024], Cancel);
            await peer.SendAsync(Encoding.UTF8.GetBytes(answer), Cancel);
        }, Cancel);
        using var client = await ConnectAsync();
        Assert.Equal(id, (await Assert.ThrowsAsync<ControlException>(() => client.RequestAsync("status", null, Cancel))).Id);
        await serving;
    }

    [Fact]
    public async Task A_request_that_fails_inside_is_an_error_and_the_connection_goes_on()
    {
        Serve();
        using var client = await ConnectAsync();
        var error = await Assert.ThrowsAsync<ControlException>(() => client.RequestAsync("peers", writer => writer.WriteBoolean("fail", true), Cancel));
        Assert.Equal((ControlException.Failed, "peers failed: half of an answer was written"), (error.Id, error.Message));
        using var result = await client.RequestAsync("status", null, Cancel);
        Assert.Contains(_log.Lines, line => line.Contains("Control request peers failed"));
    }

    [Fact]
    public async Task F64_the_socket_is_for_root_alone_whatever_the_umask_or_for_a_group()
    {
        Serve();
        Assert.Equal("600", Convert.ToString((int)File.GetUnixFileMode(_paths.Socket), 8));
        await _server!.DisposeAsync();
        Assert.False(File.Exists(_paths.Socket));
        Serve(group: "daemon");
        Assert.Equal("660", Convert.ToString((int)File.GetUnixFileMode(_paths.Socket), 8));
        Assert.Contains($" {SystemGroup.Find("daemon")} ", await RunAsync("stat", "-c", " %g ", _paths.Socket));
        await _server!.DisposeAsync();
        Assert.Contains("no group 'no-such-group'", Assert.Throws<StartupException>(() => Serve(group: "no-such-group")).Message);
    }

    [Fact]
    public async Task F80_a_group_member_reads_and_may_not_write_and_nobody_else_connects()
    {
        if (Environment.UserName != "root")
            Assert.Skip("Only root can become another user.");
        Directory.CreateDirectory(_folder);
        File.SetUnixFileMode(_folder, (UnixFileMode)0x1ed);
        Serve(group: "daemon");
        Assert.Contains("status as writer: False", await AsAsync("daemon", "{\"verb\":\"status\"}"));
        Assert.Contains("Only root may stop.", await AsAsync("daemon", "{\"verb\":\"stop\"}"));
        Assert.Contains("Only root may repair.", await AsAsync("daemon", "{\"verb\":\"repair\"}"));
        Assert.Contains("Permission denied", await AsAsync("nogroup", "{\"verb\":\"status\"}"));
        await _server!.DisposeAsync();

        // Even where the file's mode was opened by hand, the peer is asked for.
        Serve();
        File.SetUnixFileMode(_paths.Socket, (UnixFileMode)0x1b6);
        Assert.Contains("Only root may use this socket.", await AsAsync("daemon", "{\"verb\":\"status\"}"));
        Assert.Contains(_log.Lines, line => line.Contains("Refused a control connection"));
        await AssertAnswersAsync();
    }

    [Fact]
    public async Task F81_ten_thousand_connections_leave_the_daemon_answering()
    {
        Serve(Tight);
        var open = new Queue<Socket>();
        for (var i = 0; i < 10_000; i++)
        {
            try
            {
                open.Enqueue(await RawAsync());
            }
            catch (SocketException)
            {
                continue;    // EAGAIN: the kernel's queue is full
            }
            if (open.Count > 200)
                open.Dequeue().Dispose();
        }
        foreach (var socket in open)
            socket.Dispose();
        await AssertAnswersAsync();
    }

    [Fact]
    public async Task F81_an_endless_request_is_refused_at_its_limit()
    {
        Serve(Tight);
        using var socket = await RawAsync();
        var sent = 0L;
        try
        {
            for (var chunk = new byte[65_536]; sent < 1L << 30; sent += chunk.Length)
            {
                chunk.AsSpan().Fill((byte)'x');
                await socket.SendAsync(chunk, Cancel);
            }
        }
        catch (SocketException)
        {
            // The daemon closed.
        }
        Assert.InRange(sent, 0, 16 << 20);
        Assert.Contains("TooLong", await SendAsync(new string('x', 5000)));
        await AssertAnswersAsync();
    }

    [Fact]
    public async Task F81_silent_slow_and_half_closed_callers_are_ended_by_their_time()
    {
        Serve(Tight);
        using var silent = await RawAsync();
        using var slow = await RawAsync();
        using var halfClosed = await RawAsync();
        halfClosed.Shutdown(SocketShutdown.Send);
        var dripping = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    await slow.SendAsync("x"u8.ToArray(), Cancel);
                    await Task.Delay(20, Cancel);
                }
            }
            catch (SocketException)
            {
                return;
            }
        }, Cancel);
        Assert.Equal("", await ReadAsync(halfClosed));
        Assert.Equal("", await ReadAsync(silent));
        await dripping.WaitAsync(TimeSpan.FromSeconds(20), Cancel);
        await AssertAnswersAsync();
    }

    [Fact]
    public async Task F81_a_caller_that_does_not_take_its_answer_holds_nothing_for_long()
    {
        Serve(Tight);
        using var socket = await RawAsync();
        await socket.SendAsync("{\"verb\":\"peers\",\"arguments\":{\"large\":true}}\n"u8.ToArray(), Cancel);
        for (var i = 0; i < 7; i++)
            (await RawAsync()).Dispose();
        await AssertAnswersAsync();
        // The answer is cut, and the connection with it.
        Assert.InRange((await ReadAsync(socket, TimeSpan.FromMilliseconds(1500))).Length, 1, 7_999_999);
    }

    [Fact]
    public async Task A_large_answer_arrives_whole()
    {
        Serve();
        using var client = await ConnectAsync();
        using var result = await client.RequestAsync("peers", writer => writer.WriteBoolean("large", true), Cancel);
        Assert.Equal(8_000_000, result.Value.GetString()!.Length);
    }

    [Fact]
    public async Task F81_random_bytes_never_stop_the_daemon()
    {
        Serve(Tight);
        var random = new Random(81);
        var begin = "{\"verb\":\"status\",\"arguments\":"u8.ToArray();
        for (var i = 0; i < 300; i++)
        {
            var bytes = new byte[random.Next(1, 300)];
            random.NextBytes(bytes);
            if (i % 2 == 0)
                begin[..Math.Min(begin.Length, bytes.Length)].CopyTo(bytes, 0);
            using var socket = await RawAsync();
            await socket.SendAsync(bytes, Cancel);
            if (i % 3 == 0)
                continue;
            socket.Shutdown(SocketShutdown.Send);
            await ReadAsync(socket);
        }
        await AssertAnswersAsync();
    }

    [Fact]
    public async Task F62_a_stale_socket_is_replaced_and_anything_else_is_refused()
    {
        // A disposed .NET socket removes its file; a killed daemon does not. So it is renamed first.
        var other = Path.Join(_folder, "other");
        using (var dead = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            dead.Bind(new UnixDomainSocketEndPoint(other));
            File.Move(other, _paths.Socket);
        }
        Assert.True(File.Exists(_paths.Socket));
        Serve();
        await AssertAnswersAsync();
        await _server!.DisposeAsync();

        var victim = Path.Join(_folder, "victim");
        File.WriteAllText(victim, "precious");
        File.CreateSymbolicLink(_paths.Socket, victim);
        Assert.Contains("refused", Assert.Throws<StartupException>(() => Serve()).Message);
        Assert.Equal("precious", File.ReadAllText(victim));
        File.Delete(_paths.Socket);
        File.WriteAllText(_paths.Socket, "x");
        Assert.Throws<StartupException>(() => Serve());
        File.Delete(_paths.Socket);
        File.SetUnixFileMode(_folder, (UnixFileMode)0x1ff);
        Assert.Contains("refused", Assert.Throws<StartupException>(() => Serve()).Message);
        File.SetUnixFileMode(_folder, (UnixFileMode)0x1c0);
    }

    [Fact]
    public async Task Stopping_lets_the_answer_to_stop_out_and_ends_what_hangs()
    {
        Serve();
        using var idle = await ConnectAsync();
        using (await idle.RequestAsync("status", null, Cancel)) { }
        using var client = await ConnectAsync();
        var hanging = client.RequestAsync("peers", writer => writer.WriteBoolean("hang", true), Cancel);
        await _hang.Task.WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        await _server!.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancel);
        var error = await Assert.ThrowsAnyAsync<Exception>(() => hanging);
        Assert.True(error is ControlException { Id: ControlException.Closed } or SocketException, error.ToString());
        await Assert.ThrowsAnyAsync<SocketException>(ConnectAsync);
    }

    [Fact]
    public void A_path_that_no_socket_can_have_is_a_clear_error()
    {
        var error = Assert.Throws<StartupException>(() => new ControlServer(new("blue", "/run/" + new string('x', 120), _folder), _held, null, AnswerAsync, _log, TimeProvider.System));
        Assert.Contains("longer than 107 bytes", error.Message);
    }

    private void Serve(ControlLimits? limits = null, string? group = null)
        => _server = new(_paths, _held, group, AnswerAsync, _log, TimeProvider.System, limits ?? ControlLimits.Default);

    private async ValueTask AnswerAsync(string verb, JsonElement arguments, bool isWriter, Utf8JsonWriter result, CancellationToken cancellationToken)
    {
        if (arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty("fail", out _))
        {
            result.WriteStartArray();
            throw new InvalidOperationException("half of an answer was written");
        }
        if (arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty("hang", out _))
        {
            _hang.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
        if (verb == "events")
            arguments.WriteTo(result);
        else
            result.WriteStringValue(arguments.ValueKind == JsonValueKind.Object && arguments.TryGetProperty("large", out _) ? new string('x', 8_000_000) : $"{verb} as writer: {isWriter}");
    }

    private async Task AssertAnswersAsync()
    {
        // Connections that were just dropped may still count for a moment.
        for (var until = DateTime.UtcNow.AddSeconds(20); ; await Task.Delay(20, Cancel))
        {
            try
            {
                using var client = await ConnectAsync();
                using var result = await client.RequestAsync("status", null, Cancel);
                Assert.Equal("status as writer: True", result.Value.GetString());
                return;
            }
            catch (Exception error) when (error is ControlException { Id: ControlException.Closed } or SocketException && DateTime.UtcNow < until)
            {
                continue;
            }
        }
    }

    private Task<ControlClient> ConnectAsync() => ControlClient.ConnectAsync(_paths.Socket, Cancel);

    private async Task<Socket> RawAsync()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(_paths.Socket), Cancel);
        return socket;
    }

    private async Task<string> SendAsync(string text)
    {
        using var socket = await RawAsync();
        await socket.SendAsync(Encoding.UTF8.GetBytes(text), Cancel);
        socket.Shutdown(SocketShutdown.Send);
        return await ReadAsync(socket);
    }

    private static async Task<string> ReadAsync(Socket socket, TimeSpan wait = default)
    {
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, Cancel);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var text = new StringBuilder();
        var buffer = new byte[65_536];
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), limit.Token) is var read and > 0)
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
        }
        catch (SocketException)
        {
            // Reset: closed as well.
        }
        return text.ToString();
    }

    /// <summary>One request as user nobody with one group and no other rights.</summary>
    private Task<string> AsAsync(string group, string request)
        => RunAsync("setpriv", "--reuid=65534", $"--regid={SystemGroup.Find(group)}", "--clear-groups", "/usr/bin/perl", "-MSocket", "-e",
            "socket(S, PF_UNIX, SOCK_STREAM, 0); connect(S, sockaddr_un($ARGV[0])) or die qq{$!}; syswrite(S, qq{$ARGV[1]\n}); sysread(S, $b, 4096); print $b", _paths.Socket, request);

    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        try
        {
            using var process = System.Diagnostics.Process.Start(
                new System.Diagnostics.ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEndAsync(Cancel);
            return await process.StandardOutput.ReadToEndAsync(Cancel) + await error;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Assert.Skip($"{program} is not installed.");
            return "";
        }
    }
}
