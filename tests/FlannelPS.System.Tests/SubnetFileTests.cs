namespace FlannelPS.SystemTests;

public sealed class SubnetFileTests
{
    [Theory]
    [InlineData("size=4k,nr_inodes=20", true)]
    [InlineData("size=64k,ro", false)]
    public async Task F60_F61_A_full_or_read_only_folder_leaves_the_data_path_up_and_the_file_comes_when_it_can(string options, bool fill)
    {
        using var network = await Network.CreateAsync();
        string folder = Directory.CreateDirectory(Path.Combine(network.Underlay.Folder, "run")).FullName;
        Command.Run("mount", "-t", "tmpfs", "-o", options, "none", folder).ThrowIfFailed();
        try
        {
            string filler = Path.Combine(folder, "filler");
            if (fill)
            {
                await File.WriteAllBytesAsync(filler, new byte[4096], network.Limit);
            }

            var peer = await network.StartAsync(1);
            string file = Path.Combine(folder, "subnet.env");
            var node = new Node(network.Hosts[0], network.Launch(0, $"--subnet-file={file}").Daemon, network.Limit, subnetFile: file);
            await node.WaitForStatusAsync("subnetFile.problem", file);
            await node.WaitForStatusAsync("kernel.peers", "1");
            Assert.Equal("False", await node.StatusAsync("ready"));
            Assert.Contains($"{peer.Env.Subnet}", await node.RunAsync("ip", "route"), StringComparison.Ordinal);
            Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(folder), name => name != filler);

            if (fill)
            {
                File.Delete(filler);
            }
            else
            {
                Command.Run("mount", "-o", "remount,rw", folder).ThrowIfFailed();
            }

            await node.WaitForStatusAsync("state", "Ready");
            Assert.Equal(1450, node.Env.Mtu);
        }
        finally
        {
            Command.Run("umount", "-l", folder);
        }
    }

    [Fact]
    public async Task Pain14_A_deleted_or_changed_file_comes_back()
    {
        using var network = await Network.CreateAsync(hosts: 1, store: "local");
        var node = await network.StartAsync(0);
        string text = await File.ReadAllTextAsync(node.SubnetFile, network.Limit);
        Assert.Equal((UnixFileMode)0x1A4, File.GetUnixFileMode(node.SubnetFile)); // 0644
        File.Delete(node.SubnetFile);
        await Poll.UntilAsync("the file", () => File.Exists(node.SubnetFile));
        Assert.Equal(text, await File.ReadAllTextAsync(node.SubnetFile, network.Limit));
        await File.WriteAllTextAsync(node.SubnetFile, "FLANNEL_MTU=9000\n", network.Limit);
        await Poll.UntilAsync("the right text", () => File.ReadAllText(node.SubnetFile) == text);
    }

    [Fact]
    public async Task F62_A_symbolic_link_in_the_files_place_is_refused_and_its_target_untouched()
    {
        using var network = await Network.CreateAsync(hosts: 1, store: "local");
        string target = Path.Combine(network.Underlay.Folder, "target");
        await File.WriteAllTextAsync(target, "precious", network.Limit);
        File.CreateSymbolicLink(network.Hosts[0].SubnetFile, target);
        var node = network.Launch(0);
        await node.WaitForStatusAsync("subnetFile.problem", "link");
        Assert.Equal("False", await node.StatusAsync("ready"));
        Assert.Equal("precious", await File.ReadAllTextAsync(target, network.Limit));
        Assert.NotNull(new FileInfo(network.Hosts[0].SubnetFile).LinkTarget);

        File.Delete(network.Hosts[0].SubnetFile);
        await node.WaitForStatusAsync("state", "Ready");
        Assert.Equal("precious", await File.ReadAllTextAsync(target, network.Limit));
    }
}
