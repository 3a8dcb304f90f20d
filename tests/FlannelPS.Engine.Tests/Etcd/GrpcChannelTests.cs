using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Etcd.Grpc;
using FlannelPS.Engine.Etcd.Wire;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>The channel before peers that real etcd never is.</summary>
public sealed class GrpcChannelTests
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(20);
    private static readonly byte[] Answer = GrpcFrame.Encode(new PutResponse { Header = new ResponseHeader { Revision = 7, ClusterId = ulong.MaxValue } });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static GrpcChannel Channel() => new(null, TimeSpan.FromSeconds(5), 1_000_000, TimeProvider.System);

    private static GrpcCall Call(TimeSpan timeout) => new("/etcdserverpb.KV/Put", timeout, timeout, null, true);

    private static async Task<PutResponse> PutAsync(RawHttp2Server server, TimeSpan? timeout = null)
    {
        using var channel = Channel();
        return await channel.UnaryAsync(server.Address, Call(timeout ?? Long), GrpcFrame.Encode(new PutRequest()), PutResponse.Parser, Token);
    }

    /// <summary>A server that reads one request after the other and answers each by the script.</summary>
    private static RawHttp2Server Server(Func<RawHttp2Connection, int, Task> answer) => new(async connection =>
    {
        await connection.BeginAsync();
        while (true)
            await answer(connection, await connection.RequestAsync());
    });

    private static async Task<GrpcException> FailureAsync(Func<RawHttp2Connection, int, Task> answer, TimeSpan? timeout = null)
    {
        await using var server = Server(answer);
        return await Assert.ThrowsAsync<GrpcException>(() => PutAsync(server, timeout));
    }

    [Fact]
    public async Task A_status_in_the_header_block_is_read()
    {
        var error = await FailureAsync((c, id) => c.HeadersAsync(id, true, (":status", "200"), ("content-type", "application/grpc"), ("grpc-status", "14"), ("grpc-message", "etcdserver%3A no leader %zz %C3%A4%0A")));
        Assert.Equal((GrpcStatus.Unavailable, true, "etcdserver: no leader %zz \u00e4 "), (error.Status, error.FromServer, error.Message));
    }

    [Fact]
    public async Task A_message_cut_anywhere_is_put_together()
    {
        await using var server = Server(async (c, id) =>
        {
            await c.OkAsync(id);
            foreach (var one in Answer)
                await c.DataAsync(id, [one]);
            await c.TrailersAsync(id, 0);
        });
        Assert.Equal(7, (await PutAsync(server)).Header.Revision);
    }

    [Fact]
    public async Task Two_messages_in_one_frame_are_two_and_an_error_after_three_is_told()
    {
        await using var server = Server(async (c, id) =>
        {
            await c.OkAsync(id);
            await c.DataAsync(id, [.. Answer, .. Answer]);
            await c.DataAsync(id, Answer);
            await c.TrailersAsync(id, 13, "gone wrong");
        });
        using var channel = Channel();
        await using var stream = await channel.DuplexAsync(server.Address, Call(Long), GrpcFrame.Encode(new PutRequest()), PutResponse.Parser, Token);
        for (var i = 0; i < 3; i++)
            Assert.Equal(7, (await stream.ReadAsync())!.Header.Revision);
        var error = await Assert.ThrowsAsync<GrpcException>(stream.ReadAsync);
        Assert.Equal((GrpcStatus.Internal, "gone wrong"), (error.Status, error.Message));
    }

    [Fact]
    public async Task An_answer_that_ends_badly_is_an_error()
    {
        var half = await FailureAsync(async (c, id) => { await c.OkAsync(id); await c.DataAsync(id, Answer[..^2]); await c.TrailersAsync(id, 0); });
        Assert.Contains("broke off", half.Message, StringComparison.Ordinal);
        var unsaid = await FailureAsync(async (c, id) => { await c.OkAsync(id); await c.DataAsync(id, Answer, end: true); });
        Assert.Contains("without a status", unsaid.Message, StringComparison.Ordinal);
        var empty = await FailureAsync(async (c, id) => { await c.OkAsync(id); await c.TrailersAsync(id, 0); });
        Assert.Contains("answered nothing", empty.Message, StringComparison.Ordinal);
        var twice = await FailureAsync(async (c, id) => { await c.OkAsync(id); await c.DataAsync(id, [.. Answer, .. Answer]); await c.TrailersAsync(id, 0); });
        Assert.Contains("more than once", twice.Message, StringComparison.Ordinal);
        var garbage = await FailureAsync(async (c, id) => { await c.OkAsync(id); await c.DataAsync(id, [0, 0, 0, 0, 2, 0xff, 0xff]); await c.TrailersAsync(id, 0); });
        Assert.Contains("not a message of etcd", garbage.Message, StringComparison.Ordinal);
        var compressed = await FailureAsync(async (c, id) => { await c.OkAsync(id); await c.DataAsync(id, [1, .. Answer[1..]]); });
        Assert.Contains("compressed", compressed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_flood_is_refused_before_memory_is_taken_for_it()
    {
        var error = await FailureAsync(async (c, id) => { await c.OkAsync(id); await c.DataAsync(id, [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]); });
        Assert.True(error.TooLarge);
    }

    [Fact]
    public async Task An_answer_that_is_no_gRPC_is_told_by_status_and_content_type()
    {
        var html = await FailureAsync((c, id) => c.HeadersAsync(id, true, (":status", "200"), ("content-type", "text/html")));
        Assert.Equal(GrpcStatus.Unknown, html.Status);
        Assert.Contains("text/html", html.Message, StringComparison.Ordinal);
        var proxy = await FailureAsync(async (c, id) =>
        {
            await c.HeadersAsync(id, false, (":status", "502"), ("content-type", "text/html"));
            await c.DataAsync(id, "<html>"u8.ToArray(), end: true);
        });
        Assert.Equal(GrpcStatus.Unavailable, proxy.Status);
        Assert.Contains("502", proxy.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_peer_that_speaks_HTTP_1_or_closes_is_told_and_nothing_hangs()
    {
        await using var old = new RawHttp2Server(c => c.RawAsync("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
        Assert.False((await Assert.ThrowsAsync<GrpcException>(() => PutAsync(old))).FromServer);
        await using var closing = new RawHttp2Server(c => { c.Close(); return Task.CompletedTask; });
        Assert.Equal(GrpcStatus.Unavailable, (await Assert.ThrowsAsync<GrpcException>(() => PutAsync(closing))).Status);
    }

    [Fact]
    public async Task A_silent_peer_ends_at_the_deadline()
    {
        var error = await FailureAsync((_, _) => Task.CompletedTask, TimeSpan.FromMilliseconds(300));
        Assert.Equal((GrpcStatus.DeadlineExceeded, false), (error.Status, error.NotProcessed));
    }

    [Fact]
    public async Task A_refused_stream_was_not_processed()
    {
        var error = await FailureAsync((c, id) => c.ResetAsync(id, 7));
        Assert.Equal((GrpcStatus.Unavailable, true), (error.Status, error.NotProcessed));
    }

    [Theory]
    [InlineData(8u, "Cancelled")]
    [InlineData(11u, "ResourceExhausted")]
    [InlineData(2u, "Internal")]
    public async Task A_reset_stream_may_have_been_processed(uint code, string status)
    {
        var error = await FailureAsync((c, id) => c.ResetAsync(id, code));
        Assert.Equal((status, false), (error.Status.ToString(), error.NotProcessed));
    }

    [Fact]
    public async Task A_stream_above_a_GOAWAY_is_sent_again_and_a_running_one_breaks()
    {
        var first = true;
        await using var server = Server(async (c, id) =>
        {
            if (first)
            {
                first = false;
                await c.GoAwayAsync(0, 0);
                return;
            }
            await c.OkAsync(id);
            await c.DataAsync(id, Answer);
            await c.TrailersAsync(id, 0);
        });
        Assert.Equal(7, (await PutAsync(server)).Header.Revision);

        var seen = new TaskCompletionSource();
        await using var leaving = Server(async (c, id) =>
        {
            await c.OkAsync(id);
            await c.DataAsync(id, Answer);
            await seen.Task;
            await c.GoAwayAsync(id, 0);
            c.Close();
        });
        using var channel = Channel();
        await using var stream = await channel.DuplexAsync(leaving.Address, Call(Long), GrpcFrame.Encode(new PutRequest()), PutResponse.Parser, Token);
        Assert.NotNull(await stream.ReadAsync());
        seen.SetResult();
        Assert.Equal(GrpcStatus.Unavailable, (await Assert.ThrowsAsync<GrpcException>(stream.ReadAsync)).Status);
    }

    [Fact]
    public async Task Cancelling_ends_a_connect_that_hangs()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        await using var store = EtcdFixture.Open($"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Token);
        var call = store.RangeAsync(KeyRange.One("/k"), stop.Token);
        using var accepted = await listener.AcceptTcpClientAsync(Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(TimeSpan.FromSeconds(2), Token));
    }

    [Fact]
    public async Task F08_A_write_whose_answer_was_lost_is_sent_once_and_told_as_ambiguous_while_a_read_goes_on()
    {
        await using var one = Server(async (c, id) => { await c.OkAsync(id); c.Close(); });
        await using var two = Server(async (c, id) => { await c.OkAsync(id); c.Close(); });
        await using var store = EtcdFixture.Open(new StoreOptions { Endpoints = [one.Authority, two.Authority], CallTimeout = TimeSpan.FromMilliseconds(500) });
        var error = await Assert.ThrowsAsync<StoreException>(() => store.PutAsync("/k", default, 0, Token));
        Assert.True(error.Ambiguous, error.Message);
        Assert.Equal(1, one.Requests + two.Requests);
        error = await Assert.ThrowsAsync<StoreException>(() => store.RangeAsync(KeyRange.One("/k"), Token));
        Assert.False(error.Ambiguous);
        Assert.True(one.Requests > 1 && two.Requests > 1, $"{one.Requests} and {two.Requests}");
    }

    [Theory]
    [InlineData(0.0001, "1m")]
    [InlineData(2.5, "2500m")]
    [InlineData(1_000_000, "1000000S")]
    public void A_timeout_is_written_in_at_most_eight_digits(double seconds, string text) => Assert.Equal(text, GrpcChannel.TimeoutText(TimeSpan.FromSeconds(seconds)));
}
