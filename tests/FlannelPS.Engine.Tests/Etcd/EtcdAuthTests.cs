using System.Text;
using FlannelPS.Engine.Etcd;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>F14: user, password and token.</summary>
public sealed class EtcdAuthTests
{
    private const string Secret = "hunter2-secret";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    /// <summary>Users root, writer (all keys) and reader (reads below /r/), authentication on.</summary>
    private static async Task<EtcdServer> ServerAsync(params string[] flags)
    {
        EtcdFixture.Need();
        var etcd = await EtcdServer.StartAsync(new() { Flags = flags });
        await etcd.CallAsync("auth/role/add", new { name = "reads" });
        await etcd.CallAsync("auth/role/grant", new { name = "reads", perm = new { permType = "READ", key = Base64("/r/"), range_end = Base64("/r0") } });
        await etcd.CallAsync("auth/role/add", new { name = "root" });
        foreach (var (user, role) in new[] { ("root", "root"), ("writer", "root"), ("reader", "reads") })
        {
            await etcd.CallAsync("auth/user/add", new { name = user, password = Secret });
            await etcd.CallAsync("auth/user/grant", new { user, role });
        }
        await etcd.CallAsync("auth/enable", new { });
        return etcd;
    }

    private static async Task<string> RootAsync(EtcdServer etcd)
        => (await etcd.CallAsync("auth/authenticate", new { name = "root", password = Secret })).GetProperty("token").GetString()!;

    private static EtcdStore Open(EtcdServer etcd, string user, string password = Secret, ListLogger? log = null)
        => new(new StoreOptions { Endpoints = etcd.Endpoints, Username = user, Password = password }, log ?? new ListLogger(), TimeProvider.System);

    [Fact]
    public async Task A_user_reads_writes_and_watches()
    {
        await using var etcd = await ServerAsync();
        await using var store = Open(etcd, "writer");
        var revision = await store.PutAsync("/k", default, 0, Token);
        await using var watch = store.WatchAsync(KeyRange.One("/k"), revision, Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());
        var lease = await store.GrantAsync(60, Token);
        Assert.Equal(60, await store.KeepAliveAsync(lease.Id, Token));
    }

    [Fact]
    public async Task F14_A_wrong_password_and_no_user_are_told_without_the_password()
    {
        await using var etcd = await ServerAsync();
        await using var store = Open(etcd, "writer", "wrong-" + Secret);
        var error = await Assert.ThrowsAsync<StoreException>(() => store.RangeAsync(KeyRange.One("/k"), Token));
        Assert.Equal(StoreFailure.Authentication, error.Failure);
        Assert.Contains("user writer", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        await using var nobody = EtcdFixture.Open(etcd.Endpoint);
        Assert.Equal(StoreFailure.Authentication, (await Assert.ThrowsAsync<StoreException>(() => nobody.RangeAsync(KeyRange.One("/k"), Token))).Failure);
    }

    [Fact]
    public async Task F14_A_role_without_write_still_reads()
    {
        await using var etcd = await ServerAsync();
        await using var store = Open(etcd, "reader");
        Assert.Empty((await store.RangeAsync(KeyRange.Prefix("/r/"), Token)).Keys);
        var error = await Assert.ThrowsAsync<StoreException>(() => store.PutAsync("/r/k", default, 0, Token));
        Assert.Equal((StoreFailure.PermissionDenied, false), (error.Failure, error.Ambiguous));
        await using var watch = store.WatchAsync(KeyRange.Prefix("/elsewhere/"), 1, Token).GetAsyncEnumerator(Token);
        Assert.Equal(StoreFailure.PermissionDenied, (await Assert.ThrowsAsync<StoreException>(async () => await watch.MoveNextAsync())).Failure);
    }

    [Fact]
    public async Task F14_A_forgotten_token_is_renewed_for_calls_and_for_watches()
    {
        await using var etcd = await ServerAsync();
        await using var one = Open(etcd, "writer");
        await using var two = Open(etcd, "writer");
        var revision = await one.PutAsync("/k", default, 0, Token);
        await two.RangeAsync(KeyRange.One("/k"), Token);
        // Simple tokens live in memory.
        await etcd.Members[0].KillAsync();
        await etcd.Members[0].StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(i => one.TxnAsync(new([], [new StoreOperation.Put("/k", default, 0)]), Token)));
        await using var watch = two.WatchAsync(KeyRange.One("/k"), revision, Token).GetAsyncEnumerator(Token);
        Assert.True(await watch.MoveNextAsync());
    }

    [Fact]
    public async Task F14_A_user_who_was_deleted_gets_one_renewal_and_then_an_error()
    {
        await using var etcd = await ServerAsync();
        await using var store = Open(etcd, "writer");
        await store.PutAsync("/k", default, 0, Token);
        await etcd.CallAsync("auth/user/delete", new { name = "writer" }, await RootAsync(etcd));
        var error = await Assert.ThrowsAsync<StoreException>(() => store.PutAsync("/k", default, 0, Token));
        Assert.Equal((StoreFailure.Authentication, false), (error.Failure, error.Ambiguous));
    }

    [Fact]
    public async Task A_user_is_no_hindrance_where_authentication_is_off_and_serves_once_it_is_on()
    {
        EtcdFixture.Need();
        await using var etcd = await EtcdServer.StartAsync();
        var log = new ListLogger();
        await using var store = Open(etcd, "root", log: log);
        await store.PutAsync("/k", default, 0, Token);
        await store.PutAsync("/k", default, 0, Token);
        Assert.Single(log.Lines, line => line.Contains("authentication switched off", StringComparison.Ordinal));
        await etcd.CallAsync("auth/role/add", new { name = "root" });
        await etcd.CallAsync("auth/user/add", new { name = "root", password = Secret });
        await etcd.CallAsync("auth/user/grant", new { user = "root", role = "root" });
        await etcd.CallAsync("auth/enable", new { });
        await store.PutAsync("/k", default, 0, Token);
        Assert.DoesNotContain(log.Lines, line => line.Contains(Secret, StringComparison.Ordinal));
    }
}
