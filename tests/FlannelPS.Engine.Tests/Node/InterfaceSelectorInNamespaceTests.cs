using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Node;

namespace FlannelPS.Engine.Tests.Node;

/// <summary>The same choices over what a real kernel says.</summary>
public sealed class InterfaceSelectorInNamespaceTests : IDisposable
{
    private static int Count;
    private readonly string _name = $"fps-select-{Environment.ProcessId}-{Interlocked.Increment(ref Count)}";

    public InterfaceSelectorInNamespaceTests()
    {
        if (Ip($"netns add {_name}") is { Length: > 0 } error)
            Assert.Skip($"No network namespace can be made here: {error}");
        foreach (var line in new[]
        {
            "link set lo up", "link add eth0 type veth peer name peer0", "link add eth1 mtu 9000 type veth peer name peer1",
            "link set eth0 up", "link set eth1 up", "link set peer0 up", "link set peer1 up",
            "addr add 192.0.2.11/24 dev eth0", "addr add 192.0.2.12/24 dev eth0", "addr add 198.18.0.11/24 dev eth1",
            "addr add 2001:db8::11/64 dev eth0 nodad", "addr add 2001:db8:1::11/64 dev eth1 nodad",
            "route add default via 192.0.2.1 metric 200", "route add default via 198.18.0.1 metric 100", "route add 203.0.113.0/24 via 192.0.2.1 src 192.0.2.12",
        })
        {
            if (Ip($"-n {_name} {line}") is not { Length: > 0 } failure)
                continue;
            Dispose();
            Assert.Fail(failure);
        }
    }

    public void Dispose() => Ip($"netns del {_name}");

    [Fact]
    public void Choices_are_those_of_the_kernels_tables()
    {
        Assert.Equal("eth1 198.18.0.11  9000", Choose(InterfaceOptions.None));
        Assert.Equal("eth1 198.18.0.11 2001:db8:1::11 9000", Choose(InterfaceOptions.None, dualStack: true));
        Assert.Equal("eth0 192.0.2.11  1500", Choose(new(["eth0"], [])));
        Assert.Equal("eth0 192.0.2.12  1500", Choose(new(["192.0.2.12"], [])));
        Assert.Equal("eth0 192.0.2.12  1500", Choose(new([], [], IPAddress.Parse("203.0.113.77"))));
        Assert.Equal("eth1 198.18.0.11  9000", Choose(new([], [], IPAddress.Parse("198.18.0.11"))));
        Assert.Equal("eth1 198.18.0.11  9000", Choose(new([], ["^198[.]18[.]"])));
        Assert.Equal("eth0 192.0.2.12  1500", Choose(new([], [], PublicIp: IPAddress.Parse("192.0.2.12"))));
        Assert.Equal("eth1 198.18.0.11  9000", Choose(new([], [], PublicIp: IPAddress.Parse("203.0.113.9"))));
    }

    [Theory]
    [InlineData("route replace default nexthop via 192.0.2.1 nexthop via 198.18.0.1")]
    [InlineData("nexthop add id 1 via 192.0.2.1 dev eth0|nexthop add id 2 via 198.18.0.1 dev eth1|nexthop add id 3 group 1/2|route replace default nhid 3")]
    public void A_multipath_default_route_gives_one_of_its_interfaces(string lines)
    {
        Ip($"-n {_name} route del default");
        Ip($"-n {_name} route del default");
        foreach (var line in lines.Split('|'))
            Assert.Equal("", Ip($"-n {_name} {line}"));
        Assert.Matches("^eth[01] ", Choose(InterfaceOptions.None));
    }

    [Fact]
    public void Without_default_route_the_failure_lists_the_interfaces()
    {
        Ip($"-n {_name} route del default");
        Ip($"-n {_name} route del default");
        var selection = Select(InterfaceOptions.None, false);
        Assert.Null(selection.Interface);
        Assert.Matches("interfaces: .*eth0.*eth1", selection.Failure);
        Assert.Contains("no route to it", Select(new([], [], IPAddress.Parse("10.255.255.1")), false).Failure);
    }

    private string Choose(InterfaceOptions options, bool dualStack = false)
        => Select(options, dualStack) is { Interface: { } chosen } ? $"{chosen.Link.Name} {chosen.Address} {chosen.AddressV6} {chosen.Mtu}" : "none";

    private InterfaceSelection Select(InterfaceOptions options, bool dualStack) => NetworkNamespace.Run(_name, () =>
    {
        using var socket = new RouteSocket();
        return InterfaceSelector.Select(options, new(
            socket.DumpLinks(), socket.DumpAddresses(), socket.DumpRoutes(AddressFamily.InterNetwork),
            address => socket.Lookup(address) is { } found ? new(found.LinkIndex, found.Source) : null), dualStack);
    });

    private static string Ip(string arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("ip", arguments) { RedirectStandardError = true })!;
            var error = process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? "" : $"ip {arguments}: {error}";
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            return error.Message;
        }
    }
}
