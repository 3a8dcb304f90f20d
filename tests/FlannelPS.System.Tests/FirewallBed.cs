using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;

namespace FlannelPS.SystemTests;

/// <summary>What tests of the firewall share.</summary>
internal static partial class FirewallBed
{
    /// <summary>Puts iptables-legacy in the place of iptables-nft, for one daemon and its children.</summary>
    public const string Legacy = "mount --bind /usr/sbin/xtables-legacy-multi /usr/sbin/xtables-nft-multi";

    /// <summary>Takes a program away.</summary>
    public static string Without(params string[] programs) => string.Join(" && ", programs.Select(program => $"mount --bind /dev/null $(readlink -f {program})"));

    /// <summary>A configuration that asks for one implementation.</summary>
    public static string Config(bool nft, string backend = "vxlan", bool dual = false, string network = "10.42.0.0/16") =>
        Network.Config(backend, dual, network).Replace("\"SubnetLen\"", $"\"EnableNFTables\": {(nft ? "true" : "false")}, \"SubnetLen\"", StringComparison.Ordinal);

    public static void Requires(params string[] programs)
    {
        foreach (string program in programs)
        {
            Assert.SkipUnless(Command.IsThere(program), $"{program} is not installed");
        }
    }

    /// <summary>Starts a daemon that sees another host than the rest of the machine.</summary>
    /// <param name="network">The network.</param>
    /// <param name="host">Which host.</param>
    /// <param name="preparation">Shell commands in a mount namespace of its own.</param>
    /// <param name="flags">Its flags.</param>
    public static Node LaunchIn(this Network network, int host, string preparation, params IReadOnlyList<string> flags)
    {
        var place = network.Hosts[host];
        var daemon = place.Start("unshare",
            ["-m", "sh", "-c", preparation + " && exec \"$@\"", "sh", Programs.Flannelpsd, $"--etcd-endpoints={network.Endpoints}", "--iface=eth0", $"--subnet-file={place.SubnetFile}", $"--name={place.Name}", .. flags]);
        return new(place, daemon, network.Limit);
    }

    /// <summary>The rules of one instance, and what stands before them in the kernel's own chains: in order, without counters and peers.</summary>
    public static async Task<string> RulesAsync(Host host)
    {
        var text = new List<string>();
        foreach (string family in new[] { "ip", "ip6" })
        {
            text.AddRange(Peers().Replace((await host.Namespace.RunAsync("nft", "-s", "list", "table", family, "flannelps-" + host.Name)).Output, "").Split('\n'));
        }

        foreach (string program in new[] { "iptables-save", "ip6tables-save" })
        {
            string table = "";
            var headless = new HashSet<string>();
            foreach (string line in (await host.Namespace.RunAsync(program)).Output.Split('\n'))
            {
                table = line.StartsWith('*') ? line : table;
                string[] words = line.Split(' ');
                bool isHead = words[0] == "-A" && words[1] is "FORWARD" or "POSTROUTING" or "INPUT";

                // Ours, and all that comes before ours.
                if (line.Contains("FLPS-", StringComparison.Ordinal) && !line.StartsWith(':') && !line.Contains(" RETURN", StringComparison.Ordinal))
                {
                    text.Add($"{program} {table} {line}");
                }
                else if (isHead && headless.Add(table + words[1]) && !text.Any(rule => rule.Contains($"{table} -A {words[1]} ", StringComparison.Ordinal)))
                {
                    text.Add($"{program} {table} foreign first in {words[1]}");
                }
            }
        }

        return string.Join('\n', text);
    }

    /// <summary>Sends one datagram and says from where it seemed to come; null when none came.</summary>
    /// <param name="from">Where it is sent.</param>
    /// <param name="to">Where it is received.</param>
    /// <param name="address">The receiver's address.</param>
    /// <param name="source">The sender's address; null for the kernel's choice.</param>
    /// <param name="tries">How often to send, 100 ms apart; one is waited for longer.</param>
    public static async Task<IPAddress?> SourceSeenAsync(NetworkNamespace from, NetworkNamespace to, IPAddress address, IPAddress? source = null, int tries = 100)
    {
        using var receiver = to.Run(() => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        to.Run(() =>
        {
            receiver.Bind(new IPEndPoint(address, 7020));
            return true;
        });
        using var sender = from.Run(() => new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp));
        if (source is not null)
        {
            sender.Bind(new IPEndPoint(source, 0));
        }

        byte[] buffer = new byte[16];
        for (int i = 0; i < tries; i++)
        {
            try
            {
                await sender.SendToAsync(new byte[4], SocketFlags.None, new IPEndPoint(address, 7020));
            }
            catch (SocketException)
            {
                // Not reachable, at present.
            }

            using var late = new CancellationTokenSource(tries == 1 ? 10_000 : 100);
            try
            {
                var received = await receiver.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(address.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0), late.Token);
                return ((IPEndPoint)received.RemoteEndPoint).Address;
            }
            catch (OperationCanceledException)
            {
                // Not yet.
            }
        }

        return null;
    }

    [GeneratedRegex(@"elements = \{[^}]*\}")]
    private static partial Regex Peers();
}
