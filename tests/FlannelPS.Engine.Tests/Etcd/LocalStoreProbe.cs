using System.Diagnostics;
using FlannelPS.Engine.Etcd;
using FlannelPS.Engine.Etcd.Local;
using Microsoft.Extensions.Logging.Abstractions;

namespace FlannelPS.Engine.Tests.Etcd;

/// <summary>Another process on a local store. It ends when its standard input does, so that none outlives a killed test run.</summary>
internal sealed class LocalStoreProbe : IDisposable
{
    private readonly Process _process;
    private string _last = "";

    /// <summary>Starts this executable as <c>--probe VERB FOLDER ARGUMENT</c>.</summary>
    internal LocalStoreProbe(string verb, string folder, string argument)
        : this(Environment.ProcessPath!, "--probe", verb, folder, argument)
    {
    }

    private LocalStoreProbe(string file, params string[] arguments)
        => _process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true })!;

    /// <summary>Starts this executable in a mount namespace of its own, where the folder is a disk of so many KiB.</summary>
    internal static LocalStoreProbe OnSmallDisk(int kilobytes, string verb, string folder, string argument)
        => new(
            "unshare", "--mount", "sh", "-c", $"mount -t tmpfs -o mode=0700,size={kilobytes}k none \"$1\" && shift && exec \"$@\"", "sh",
            folder, Environment.ProcessPath!, "--probe", verb, folder, argument);

    /// <summary>Starts this executable in a user namespace of its own, which grants no inotify instance.</summary>
    internal static LocalStoreProbe WithoutInotify(string verb, string folder, string argument)
        => new(
            "unshare", "--user", "--map-root-user", "sh", "-c", "echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"", "sh",
            Environment.ProcessPath!, "--probe", verb, folder, argument);

    /// <summary>The next line it says; null when it has ended.</summary>
    internal async Task<string?> SaysAsync(CancellationToken cancellationToken)
    {
        var line = await _process.StandardOutput.ReadLineAsync(cancellationToken);
        _last = line ?? _last;
        return line;
    }

    /// <summary>Listens until it has ended.</summary>
    /// <returns>The last line it said.</returns>
    internal async Task<string> ToEndAsync(CancellationToken cancellationToken)
    {
        while (await SaysAsync(cancellationToken) is not null)
            continue;
        return _last;
    }

    /// <summary>Ends it with SIGKILL.</summary>
    internal void Kill() => _process.Kill();

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>The other process itself.</summary>
    internal static async Task<int> RunAsync(string[] arguments)
    {
        var (verb, folder, argument) = (arguments[0], arguments[1], arguments[2]);
        new Thread(() =>
        {
            while (Console.In.Read() >= 0)
                continue;
            Environment.Exit(1);
        }) { IsBackground = true }.Start();
        switch (verb)
        {
            case "count":
                await CountAsync(folder, argument);
                break;
            case "create":
                await CreateAsync(folder, int.Parse(argument));
                break;
            case "lease":
                await LeaseAsync(folder, argument);
                break;
            case "watch":
                await WatchAsync(folder, argument);
                break;
            case "fill":
                await FillAsync(folder, argument);
                break;
            case "open":
                await OpenAsync(folder, int.Parse(argument));
                break;
        }
        return 0;
    }

    /// <summary>Counts in one key for ever, and says each number that the store has taken.</summary>
    private static async Task CountAsync(string folder, string key)
    {
        await using var store = Open(folder);
        var revision = 0L;
        for (var i = 1; ; i++)
        {
            // Large enough to be torn: several pages.
            var value = System.Text.Encoding.UTF8.GetBytes($"{i} {new string('x', i % 3 * 10_000)}");
            var result = await store.TxnAsync(new([StoreCompare.Unchanged(key, revision)], [new StoreOperation.Put(key, value, 0)]), default);
            if (!result.Succeeded)
                throw new InvalidOperationException($"{key} was changed by somebody else");
            revision = result.Revision;
            Console.WriteLine(i);
        }
    }

    /// <summary>Tries to be the one that creates each of so many keys, and says how often it was.</summary>
    private static async Task CreateAsync(string folder, int count)
    {
        await using var store = Open(folder);
        var won = 0;
        for (var i = 0; i < count; i++)
        {
            if ((await store.TxnAsync(new([StoreCompare.Absent($"/race/{i}")], [new StoreOperation.Put($"/race/{i}", default, 0)]), default)).Succeeded)
                won++;
        }
        Console.WriteLine(won);
    }

    /// <summary>Puts a key under a lease of one second, keeps it alive, and says so each time.</summary>
    private static async Task LeaseAsync(string folder, string key)
    {
        await using var store = Open(folder);
        var lease = await store.GrantAsync(1, default);
        await store.PutAsync(key, default, lease.Id, default);
        while (await store.KeepAliveAsync(lease.Id, default) > 0)
        {
            Console.WriteLine("alive");
            await Task.Delay(200);
        }
    }

    /// <summary>Says "ready", then which keys are written.</summary>
    private static async Task WatchAsync(string folder, string prefix)
    {
        await using var store = Open(folder);
        var range = KeyRange.Prefix(prefix);
        await using var watch = store.WatchAsync(range, (await store.RangeAsync(range, default)).Revision + 1, default).GetAsyncEnumerator();
        var waiting = watch.MoveNextAsync();
        Console.WriteLine("ready");
        while (await waiting)
        {
            foreach (var change in watch.Current.Events)
                Console.WriteLine(change.Key);
            waiting = watch.MoveNextAsync();
        }
    }

    /// <summary>Writes until the disk is full, and says what happens then and after there is room again.</summary>
    private static async Task FillAsync(string folder, string ballast)
    {
        await File.WriteAllBytesAsync(Path.Combine(folder, ballast), new byte[100_000]);
        await using var store = Open(folder);
        var lease = await store.GrantAsync(1, default);
        await store.PutAsync("/leased", default, lease.Id, default);
        var written = 0;
        try
        {
            for (; ; written++)
                await store.PutAsync($"/full/{written}", new byte[3000], 0, default);
        }
        catch (StoreException e)
        {
            Console.WriteLine($"{e.Failure} {(e.Ambiguous ? "ambiguous" : "not written")}");
        }
        await Task.Delay(1500);
        await using var other = Open(folder);
        Console.WriteLine((await other.RangeAsync(KeyRange.Prefix("/full/"), default)).Keys.Count - written);
        File.Delete(Path.Combine(folder, ballast));
        await store.PutAsync("/full/more", default, 0, default);
        Console.WriteLine((await other.RangeAsync(KeyRange.Prefix("/"), default)).Keys.Count - written);
    }

    /// <summary>Opens, watches and disposes a store so many times, and says how many descriptors and threads that left behind.</summary>
    private static async Task OpenAsync(string folder, int count)
    {
        for (var i = 0; i < count; i++)
            await CycleAsync();
        // The runtime's own come and go; ours have names.
        var descriptors = Directory.GetFiles("/proc/self/fd").Select(fd => new FileInfo(fd).LinkTarget ?? "")
            .Count(target => target.Contains("inotify", StringComparison.Ordinal) || target.StartsWith(folder, StringComparison.Ordinal));
        var threads = Directory.GetDirectories("/proc/self/task").Count(task => File.ReadAllText(task + "/comm").Trim() == "inotify");
        Console.WriteLine($"{descriptors} descriptors, {threads} threads");

        async Task CycleAsync()
        {
            var store = Open(folder);
            var now = (await store.RangeAsync(KeyRange.Prefix("/"), default)).Revision;
            await using var watch = store.WatchAsync(KeyRange.Prefix("/"), now + 1, default).GetAsyncEnumerator();
            var waiting = watch.MoveNextAsync();
            await store.PutAsync("/k", default, 0, default);
            await waiting;
            await store.DeleteAsync(KeyRange.One("/k"), default);
            await store.CompactAsync(default);
            await store.DisposeAsync();
        }
    }

    private static LocalStore Open(string folder) => new(folder, NullLogger.Instance, TimeProvider.System);
}
