namespace FlannelPS.SystemTests;

/// <summary>Under a real systemd, device and socket of the udp backend outlive the daemon in the descriptor store.</summary>
public sealed class SystemdTests(ITestOutputHelper output)
{
    [Theory]
    [InlineData("restart")]
    [InlineData("kill -s KILL")]
    public async Task F30_A_restarted_unit_loses_no_probe(string command)
    {
        Assert.SkipWhen(SystemdHost.Missing is not null, SystemdHost.Missing ?? "");
        using var network = await Network.CreateAsync("udp");
        using var systemd = SystemdHost.Start(network.Hosts[0], network.Endpoints, "Restart=on-failure");
        await Poll.UntilAsync("the unit's subnet file", () => File.Exists(network.Hosts[0].SubnetFile), 20, () => systemd.Log);
        var first = network.Hosts[0].AttachWorkload(SubnetEnv.Parse(await File.ReadAllTextAsync(network.Hosts[0].SubnetFile, network.Limit)));
        var other = await network.StartAsync(1);
        await other.WaitForPeersAsync(1);
        using var prober = Prober.Start(first, other.Host.AttachWorkload(other.Env));
        await prober.WaitUntilFlowingAsync(network.Limit);
        await Task.Delay(500, network.Limit);
        prober.Restart();

        (await systemd.ControlAsync([.. command.Split(' '), "flannelpsd.service"])).ThrowIfFailed();
        await Poll.UntilAsync("two starts", () => Count(systemd.Log, "Ready:") == 2, 20, () => systemd.Log);
        await Task.Delay(500, network.Limit);
        var (there, back) = await prober.StopAsync();
        output.WriteLine($"{command}: {there}; {back}; {(await systemd.ControlAsync("show", "-p", "NFileDescriptorStore", "flannelpsd.service")).Output.Trim()}");
        Assert.Equal(2, Count(systemd.Log, "Carrying on") + 1);
        Assert.True(there.Lost.Count == 0 && back.Lost.Count == 0, $"{there}; {back}\n{systemd.Log}");
    }

    private static int Count(string text, string word) => text.Split(word).Length - 1;
}
