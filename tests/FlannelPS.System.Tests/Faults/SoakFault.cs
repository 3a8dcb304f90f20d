namespace FlannelPS.SystemTests.Faults;

/// <summary>A fault that begins, lasts a while and ends.</summary>
/// <param name="Name">What it is, with the promise it belongs to.</param>
/// <param name="Seconds">How long at most.</param>
/// <param name="BeginAsync">Begins it at a host.</param>
/// <param name="EndAsync">Ends it.</param>
internal sealed record SoakFault(string Name, double Seconds, Func<SoakBed, int, Task> BeginAsync, Func<SoakBed, int, Task> EndAsync)
{
    private const int SIGSTOP = 19;
    private const int SIGCONT = 18;
    private const string Subnets = Network.Prefix + "/subnets/";
    private static readonly Func<SoakBed, int, Task> Nothing = (_, _) => Task.CompletedTask;

    /// <summary>All of them. No two of one kind are under way at a host at a time.</summary>
    public static IReadOnlyList<SoakFault> All { get; } =
    [
        new("F02 the store is out of reach", 6, (bed, host) => Do(bed.Relays[host].Cut), (bed, host) => Do(bed.Relays[host].Join)),
        new("F09 the store is slow", 4, (bed, host) => Do(() => bed.Relays[host].Delay = TimeSpan.FromMilliseconds(300)), (bed, host) => Do(() => bed.Relays[host].Delay = TimeSpan.Zero)),
        new("F20 the lease is deleted", 0, (bed, host) => bed.Network.Store.DeleteAsync(Subnets + bed.Subnets[host], bed.Network.Limit), Nothing),
        new("F05 the history is compacted", 0, (bed, _) => bed.CompactAsync(), Nothing),
        new("F66 a bad key", 3,
            (bed, host) => bed.Network.Store.PutAsync($"{Subnets}10.42.{220 + host}.0-24", "{\"PublicIP\": 7", bed.Network.Limit),
            (bed, host) => bed.Network.Store.DeleteAsync($"{Subnets}10.42.{220 + host}.0-24", bed.Network.Limit)),
        new("F67 a lease of everything", 3,
            (bed, _) => bed.Network.Store.PutAsync($"{Subnets}0.0.0.0-0", Lease(99), bed.Network.Limit),
            (bed, _) => bed.Network.Store.DeleteAsync($"{Subnets}0.0.0.0-0", bed.Network.Limit)),
        new("a peer comes and goes", 3,
            (bed, host) => bed.Network.Store.PutAsync($"{Subnets}10.42.{210 + host}.0-24", Lease(210 + host), bed.Network.Limit),
            (bed, host) => bed.Network.Store.DeleteAsync($"{Subnets}10.42.{210 + host}.0-24", bed.Network.Limit)),
        new("F30 killed and started", 0, Restart(kill: true), Nothing),
        new("F30 stopped and started", 0, Restart(kill: false), Nothing),
        new("F30 killed and away", 4, (bed, host) => bed.KillAsync(host), (bed, host) => Do(() => bed.Launch(host))),
        new("F23 stands still", 4, (bed, host) => Do(() => bed.Nodes[host].Daemon.Signal(SIGSTOP)), (bed, host) => Do(() => bed.Nodes[host].Daemon.Signal(SIGCONT))),
        new("F40 routes are deleted", 0, Run("ip", "route", "flush", "root", "10.42.0.0/16", "proto", "70"), Nothing),
        new("F41 the device is deleted", 0, Run("ip", "link", "del", "flannel.1"), Nothing),
        new("F41 the device is set down", 0, Run("ip", "link", "set", "flannel.1", "down"), Nothing),
        new("F41 the device gets another MAC", 0, Run("ip", "link", "set", "flannel.1", "address", "02:00:00:00:00:99"), Nothing),
        new("F41 the device gets another MTU", 0, Run("ip", "link", "set", "flannel.1", "mtu", "1300"), Nothing),
        new("F41 the device loses its address", 0, Run("ip", "addr", "flush", "dev", "flannel.1"), Nothing),
        new("F42 the underlay loses its carrier", 3,
            (bed, host) => Do(() => bed.Network.Underlay.Bridge.Ip($"link set p{host + 1} down")),
            (bed, host) => Do(() => bed.Network.Underlay.Bridge.Ip($"link set p{host + 1} up"))),
        new("Pain14 the subnet file is deleted", 0, (bed, host) => Do(() => File.Delete(bed.Nodes[host].SubnetFile)), Nothing),
    ];

    private static Task Do(Action act)
    {
        act();
        return Task.CompletedTask;
    }

    // What is not there cannot be deleted: a fault of before may have taken it already.
    private static Func<SoakBed, int, Task> Run(string program, params string[] arguments) => (bed, host) => bed.Network.Hosts[host].Namespace.RunAsync(program, arguments);

    private static Func<SoakBed, int, Task> Restart(bool kill) => async (bed, host) =>
    {
        if (kill)
        {
            await bed.KillAsync(host);
        }
        else
        {
            await bed.Nodes[host].Daemon.StopAsync(TimeSpan.FromSeconds(20));
        }

        bed.Launch(host);
    };

    private static string Lease(int number) =>
        $$$"""{"PublicIP":"198.18.0.{{{number}}}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:01:{{{number:x2}}}"}}""";
}
