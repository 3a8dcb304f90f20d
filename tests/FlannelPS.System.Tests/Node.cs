using System.Text.Json;

namespace FlannelPS.SystemTests;

/// <summary>A flannelpsd on a host, and what it says of itself.</summary>
internal sealed class Node(Host host, Daemon daemon, CancellationToken limit, string? name = null, string? subnetFile = null)
{
    public Host Host => host;

    public Daemon Daemon => daemon;

    public string SubnetFile => subnetFile ?? host.SubnetFile;

    public SubnetEnv Env => SubnetEnv.Parse(File.ReadAllText(SubnetFile));

    public Task<JsonElement> AskAsync(string verb) => ControlSocket.AskAsync($"/run/flannelps/{name ?? host.Name}.sock", verb, limit);

    /// <summary>One value of the status, by its path, such as lease.phase.</summary>
    public async Task<string> StatusAsync(string path)
    {
        var value = await AskAsync("status");
        foreach (string part in path.Split('.'))
        {
            value = value.GetProperty(part);
        }

        return value.ToString();
    }

    /// <summary>Waits until a value of the status is as wanted.</summary>
    public Task<TimeSpan> WaitForStatusAsync(string path, string wanted, double seconds = 10) =>
        Poll.UntilAsync($"{host.Name}: {path} {wanted}", async () => await StatusAsync(path) is var here && here.Contains(wanted, StringComparison.Ordinal)
            ? null
            : $"'{here}'; {(await AskAsync("status")).GetProperty("reasons")}{EndOfDaemon()}", seconds);

    public async Task WaitReadyAsync(double seconds = 20) =>
        await Poll.UntilAsync($"{host.Name} ready", async () => await StatusAsync("ready") == "True" && await StatusAsync("firewall.applied") == "True" && File.Exists(SubnetFile)
            ? null
            : (await AskAsync("status")) is var status ? $"{status.GetProperty("reasons")}, firewall {status.GetProperty("firewall")}{EndOfDaemon()}" : null, seconds);

    public Task<TimeSpan> WaitForPeersAsync(int count, double seconds = 10) => WaitForStatusAsync("kernel.peers", count.ToString(), seconds);

    /// <summary>Waits until the log has a text.</summary>
    public Task<TimeSpan> WaitForLogAsync(string text, double seconds = 10) =>
        Poll.UntilAsync($"{host.Name}: a line with '{text}'", () => daemon.Log.Contains(text, StringComparison.Ordinal), seconds, () => "\n" + daemon.Log);

    /// <summary>Key and reason of all that is listed as invalid or refused.</summary>
    public async Task<IReadOnlyDictionary<string, string>> RefusedAsync()
    {
        var leases = (await AskAsync("leases")).EnumerateArray().Where(item => item.TryGetProperty("invalid", out _))
            .Select(item => KeyValuePair.Create(item.GetProperty("key").GetString()!, item.GetProperty("invalid").GetString()!));
        var peers = (await AskAsync("peers")).EnumerateArray().Where(item => !item.GetProperty("programmed").GetBoolean())
            .Select(item => KeyValuePair.Create(item.GetProperty("key").GetString()!, item.GetProperty("reason").GetString()!));
        return leases.Concat(peers).ToDictionary();
    }

    /// <summary>The host's network state, without its workload and what the kernel gives every device by itself.</summary>
    public Task<string> SnapshotAsync() => Snapshot.TakeAsync(host);

    /// <summary>Output of ip or another program on the host.</summary>
    public async Task<string> RunAsync(string program, params IReadOnlyList<string> arguments) =>
        (await host.Namespace.RunAsync(program, arguments)).ThrowIfFailed().Output;

    private string EndOfDaemon() => daemon.HasEnded ? $"; the daemon ended with {daemon.ExitCode}:\n{daemon.Log}" : "";
}
