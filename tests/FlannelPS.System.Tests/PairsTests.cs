namespace FlannelPS.SystemTests;

public sealed class PairsTests
{
    [Theory]
    [InlineData("local", "vxlan", false)]
    [InlineData("local", "vxlan", true)]
    [InlineData("local", "host-gw", false)]
    [InlineData("local", "host-gw", true)]
    [InlineData("etcd", "vxlan", false)]
    [InlineData("etcd", "vxlan", true)]
    [InlineData("etcd", "host-gw", false)]
    [InlineData("etcd", "host-gw", true)]
    public async Task All_pairs_of_three_hosts_ping_small_and_with_the_full_mtu(string store, string backend, bool dual)
    {
        using var network = await Network.CreateAsync(backend, hosts: 3, store, dual);
        await network.StartAllAsync();
        await network.AssertAllPairsPingAsync(dual);
    }
}
