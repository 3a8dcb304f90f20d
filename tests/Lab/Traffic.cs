using System.Net;
using System.Text.Json;

namespace FlannelPS.Lab;

/// <summary>Traffic between workloads with the tools everyone knows.</summary>
public static class Traffic
{
    /// <summary>Whether an answer comes is asked, and not how soon: a machine with more to do than it can gives its seconds late.</summary>
    private static readonly TimeSpan AnyAnswer = TimeSpan.FromSeconds(5);

    /// <summary>Pings once.</summary>
    /// <param name="from">Where from.</param>
    /// <param name="to">Where to.</param>
    /// <param name="size">Payload in bytes; 56 is ping's own.</param>
    /// <param name="wait">How long to wait for the answer.</param>
    /// <returns>Round trip in milliseconds; null when no answer came.</returns>
    /// <remarks>With DF set and no fragmenting here (<c>-M do</c>), so a size that does not fit is not answered.</remarks>
    public static async Task<double?> PingAsync(NetworkNamespace from, IPAddress to, int size = 56, TimeSpan? wait = null)
    {
        string seconds = (wait ?? TimeSpan.FromSeconds(1)).TotalSeconds.ToString("F2");
        var result = await from.RunAsync("ping", "-n", "-c", "1", "-W", seconds, "-M", "do", "-s", size.ToString(), to.ToString());
        int time = result.Output.IndexOf("time=", StringComparison.Ordinal);
        return result.Succeeded && time >= 0 ? double.Parse(result.Output[(time + 5)..].Split(' ')[0]) : null;
    }

    /// <summary>The largest payload of a ping that fits a workload's MTU: without the IP header (20 or 40 bytes) and the ICMP header (8).</summary>
    public static int FullPayload(Workload workload, IPAddress to) =>
        workload.Mtu - (to.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 28 : 48);

    /// <summary>Pings between all pairs of workloads, both ways.</summary>
    /// <param name="workloads">The workloads.</param>
    /// <param name="full">Whether with the full MTU.</param>
    /// <param name="ipv6">Whether over IPv6.</param>
    /// <returns>Round trips in milliseconds, row by row; null where no answer came, and on the diagonal.</returns>
    public static async Task<double?[][]> PingAllAsync(IReadOnlyList<Workload> workloads, bool full, bool ipv6 = false)
    {
        var rows = workloads.Select(from => Task.WhenAll(workloads.Select(async to =>
        {
            var address = ipv6 ? to.Address6! : to.Address;
            return from == to ? null : await PingAsync(from.Namespace, address, full ? FullPayload(from, address) : 56, AnyAnswer);
        })));
        return await Task.WhenAll(rows);
    }

    /// <summary>Measures TCP throughput with iperf3.</summary>
    /// <returns>Gbit/s as received.</returns>
    public static async Task<double> TcpAsync(Workload from, Workload to, TimeSpan duration, int streams = 1, bool ipv6 = false)
    {
        string port = "5201";
        var server = to.Namespace.RunAsync(duration + TimeSpan.FromSeconds(20), "iperf3", "-s", "-1", "-p", port);
        while (!to.Namespace.Run(() => File.ReadLines("/proc/thread-self/net/tcp6").Concat(File.ReadLines("/proc/thread-self/net/tcp")).Any(IsListener)))
        {
            if (server.IsCompleted)
            {
                (await server).ThrowIfFailed();
            }

            await Task.Delay(5);
        }

        var client = await from.Namespace.RunAsync(
            duration + TimeSpan.FromSeconds(10),
            "iperf3", "-c", (ipv6 ? to.Address6! : to.Address).ToString(), "-p", port, "-t", duration.TotalSeconds.ToString("F0"), "-P", streams.ToString(), "-J");
        client.ThrowIfFailed();
        await server;
        using var report = JsonDocument.Parse(client.Output);
        // Where it fails at the end only, it says so in its report and exits with 0.
        return report.RootElement.TryGetProperty("end", out var end) && end.TryGetProperty("sum_received", out var sum)
            ? sum.GetProperty("bits_per_second").GetDouble() / 1e9
            : throw new InvalidOperationException($"iperf3 measured nothing: {client.Output}");

        // The columns are number, local address, remote address, state (10: TCP_LISTEN). What is left of the connection before has the same port.
        bool IsListener(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var local, _, "0A", ..] && local.EndsWith($":{int.Parse(port):X4}", StringComparison.Ordinal);
    }
}
