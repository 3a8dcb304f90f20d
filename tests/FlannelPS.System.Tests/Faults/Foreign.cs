namespace FlannelPS.SystemTests.Faults;

/// <summary>Network objects on a host that belong to somebody else, and must stay as they are (I4).</summary>
internal static class Foreign
{
    private static readonly string[][] Looks =
    [
        ["ip", "-d", "link", "show", "vxlan77"],
        ["bridge", "fdb", "show", "dev", "vxlan77"],
        ["ip", "-d", "route", "show", "203.0.113.0/24"],
        ["ip", "-d", "route", "show", "10.43.0.0/16"],
        ["ip", "rule", "show", "pref", "1000"],
        ["ip", "neigh", "show", "198.18.0.250", "dev", "eth0"],
        ["ip", "addr", "show", "dev", "vxlan77"],
    ];

    /// <summary>Makes them, and says how they look.</summary>
    public static async Task<string> MakeAsync(Host host)
    {
        host.Namespace.Ip(
            "link add vxlan77 type vxlan id 77 dstport 4790 local " + host.Address + " dev eth0",
            "addr add 10.43.0.1/24 dev vxlan77",
            "link set vxlan77 address 02:00:00:00:77:77 up",
            "route add 203.0.113.0/24 via 198.18.0.1 proto static",
            "route add 10.43.0.0/16 via 10.43.0.9 dev vxlan77 onlink",
            "rule add from 203.0.113.9 lookup 100 pref 1000",
            "neigh add 198.18.0.250 lladdr 02:00:00:00:00:fa dev eth0 nud permanent");
        (await host.Namespace.RunAsync("bridge", "fdb", "append", "02:00:00:00:77:01", "dev", "vxlan77", "dst", "198.18.0.250")).ThrowIfFailed();
        return await LookAsync(host);
    }

    /// <summary>How they look now.</summary>
    public static async Task<string> LookAsync(Host host)
    {
        var text = new List<string>();
        foreach (string[] look in Looks)
        {
            text.Add((await host.Namespace.RunAsync(look[0], look[1..])).ThrowIfFailed().Output);
        }

        return string.Join('\n', text);
    }
}
