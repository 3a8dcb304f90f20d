using System.Net;
using FlannelPS.Engine.Backends;
using FlannelPS.Engine.Leases;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Reconcile;
using FlannelPS.Engine.Tests.Leases;
using FlannelPS.Lab;

namespace FlannelPS.Engine.Tests.Reconcile;

/// <summary>A fresh network namespace with an underlay device, and a reconciler's parts in it.</summary>
internal sealed class KernelBed : IDisposable
{
    private static int _count;
    private readonly NetworkNamespace _place;

    private KernelBed(NetworkNamespace place)
    {
        _place = place;
        place.Ip(
            "link add eth9 type veth peer name eth8",
            "link set eth8 up",
            "addr add 192.0.2.1/24 dev eth9",
            "addr add 2001:db8::1/64 dev eth9 nodad",
            "link set eth9 up");
        Socket = place.Run(() => new RouteSocket());
        Keeper = new(Socket, Log);
        var underlay = Socket.FindLink("eth9")!;
        Node = Given.Node with { LinkIndex = underlay.Index, Connected = [new(IPNetwork.Parse("192.0.2.0/24"), underlay.Index, false)] };
    }

    public RouteSocket Socket { get; }

    public DeviceKeeper Keeper { get; }

    public NodeFacts Node { get; }

    public LogLines Log { get; } = new();

    public static KernelBed Create()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "A network namespace needs root.");
        Assert.SkipUnless(Command.IsThere("ip"), "iproute2 is not installed.");
        return new(NetworkNamespace.Create($"fps-units-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}"));
    }

    /// <summary>Our overlay: 10.5.1.0/24, over vxlan unless another backend is named.</summary>
    public Overlay Overlay(NetworkConfig? config = null)
    {
        config ??= Given.Config();
        var dual = config.IPv6 is not null;
        return new(config, BackendRegistry.Create(config), Node, Given.Subnet(dual ? "10.5.1.0-24&fd00:5:0:1::-64" : "10.5.1.0-24"),
            new(Given.OwnMac, dual ? Given.OwnMacV6 : null), []);
    }

    public Round Round() => new(Socket, Keeper, TimeProvider.System, Log, _ => { });

    public T Run<T>(Func<T> code) => _place.Run(code);

    public void Ip(params string[] lines) => _place.Ip(lines);

    /// <summary>What a command prints inside.</summary>
    public string Read(string program, params string[] arguments) => _place.RunAsync(program, arguments).GetAwaiter().GetResult().ThrowIfFailed().Output;

    public static async Task UntilAsync(Func<bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        while (!condition())
            await Task.Delay(10, limit.Token);
    }

    public void Dispose()
    {
        Socket.Dispose();
        _place.Dispose();
    }
}
