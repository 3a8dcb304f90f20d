using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests.Kernel;

[SupportedOSPlatform("linux")]
public sealed class KernelTests
{
    [Fact]
    public void F32_A_second_owner_of_a_lock_is_refused_and_told_who_has_it()
    {
        using var directory = new TestDirectory();
        var first = FileLock.TryAcquire(directory["run/a.lock"], out var owner);
        Assert.NotNull(first);
        Assert.Equal(0, owner);
        Assert.Null(FileLock.TryAcquire(directory["run/a.lock"], out owner));
        Assert.Equal(Environment.ProcessId, owner);
        Assert.Equal($"{Environment.ProcessId}\n", Encoding.ASCII.GetString(SafeRead.TryReadAllBytes(directory["run/a.lock"], 100)!));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory["run/a.lock"]));
        first.Dispose();
        first.Dispose();
        Assert.False(File.Exists(directory["run/a.lock"]));
        using var second = FileLock.TryAcquire(directory["run/a.lock"], out _);
        Assert.NotNull(second);
    }

    [Fact]
    public void Of_many_who_want_a_lock_one_has_it_at_a_time()
    {
        using var directory = new TestDirectory();
        var (inside, most, had) = (0, 0, 0);
        Parallel.For(0, 400, _ =>
        {
            using var mine = FileLock.TryAcquire(directory["a.lock"], out var _);
            if (mine is null)
                return;
            Interlocked.Increment(ref had);
            var now = Interlocked.Increment(ref inside);
            InterlockedMax(ref most, now);
            Thread.Yield();
            Interlocked.Decrement(ref inside);
        });
        Assert.True(had > 0);
        Assert.Equal(1, most);
    }

    [Fact]
    public void The_peer_of_a_unix_socket_is_who_connected()
    {
        using var directory = new TestDirectory();
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, 0);
        listener.Bind(new UnixDomainSocketEndPoint(directory["s"]));
        listener.Listen();
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, 0);
        client.Connect(new UnixDomainSocketEndPoint(directory["s"]));
        using var accepted = listener.Accept();
        var peer = PeerCredentials.Of(accepted);
        Assert.Equal((Environment.ProcessId, LibC.GetEffectiveUserId()), (peer.ProcessId, peer.UserId));
    }

    [Fact]
    public void A_setting_is_read_and_written_in_the_namespace_of_the_thread()
    {
        using var space = TestNamespace.Create();
        space.Ip("link", "add", "flannel.1", "type", "vxlan", "id", "1", "dstport", "8472");
        var path = Sysctl.OfDevice(AddressFamily.InterNetworkV6, "flannel.1", "accept_ra");
        Assert.Null(Sysctl.TryRead(path));
        NetworkNamespace.Run(space.Name, () => Sysctl.Write(path, "0"));
        Assert.Equal("0", space.Run(() => Sysctl.Read(path)));
        NetworkNamespace.Run(space.Name, () => Sysctl.Write(path, "1"));
        Assert.Equal("1", space.Run(() => Sysctl.Read(path)));
        Assert.Equal(Errno.EINVAL, Assert.Throws<FileException>(() => NetworkNamespace.Run(space.Name, () => Sysctl.Write(path, "garbage"))).Errno);
        Assert.Equal(Errno.ENOENT, Assert.Throws<FileException>(() => Sysctl.Read(path)).Errno);
    }

    [Theory]
    [InlineData("../../etc/passwd")]
    [InlineData("net//x")]
    [InlineData("")]
    [InlineData("/net")]
    public void F83_A_path_cannot_leave_the_settings(string path)
    {
        Assert.Throws<ArgumentException>(() => Sysctl.TryRead(path));
        Assert.Throws<ArgumentException>(() => Sysctl.Write(path, "1"));
    }

    [Theory]
    [InlineData("flannel.1", true)]
    [InlineData("flannel-v6.1234", true)]
    [InlineData("flannel-v6.12345", false)]
    [InlineData("ä23456789012345", false)]
    [InlineData("", false)]
    [InlineData(".", false)]
    [InlineData("..", false)]
    [InlineData("a/b", false)]
    [InlineData("a:b", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("a\0", false)]
    public void F83_A_device_name_is_what_the_kernel_takes(string name, bool isValid)
    {
        Assert.Equal(isValid, InterfaceName.IsValid(name));
        if (!isValid)
            Assert.Throws<ArgumentException>(() => Sysctl.OfDevice(AddressFamily.InterNetwork, name, "rp_filter"));
    }

    [Theory]
    [InlineData("no-such-namespace", typeof(FileException))]
    [InlineData("../net", typeof(ArgumentException))]
    public void A_namespace_that_is_not_there_is_a_clear_error(string name, Type expected)
        => Assert.IsType(expected, Record.Exception(() => NetworkNamespace.Run(name, () => { })));

    [Fact]
    public void A_failure_inside_a_namespace_comes_out_and_the_caller_stays_outside()
    {
        using var space = TestNamespace.Create();
        var before = File.ReadAllText("/proc/net/dev");
        Assert.Equal("inside", Assert.Throws<InvalidOperationException>(() => space.Run<int>(() => throw new InvalidOperationException("inside"))).Message);
        Assert.Contains("eth9", space.Run(() => File.ReadAllText("/proc/thread-self/net/dev")), StringComparison.Ordinal);
        Assert.Equal(before.Contains("eth9", StringComparison.Ordinal), File.ReadAllText("/proc/thread-self/net/dev").Contains("eth9", StringComparison.Ordinal));
    }

    [Fact]
    public void Boot_time_and_boot_id_are_the_kernels()
    {
        var uptime = double.Parse(File.ReadAllText("/proc/uptime").Split(' ')[0]);
        Assert.InRange(BootClock.Elapsed.TotalSeconds, uptime - 1, uptime + 60);
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(), BootId.Read().ToString());
    }

    private static void InterlockedMax(ref int most, int value)
    {
        for (var seen = most; value > seen; seen = most)
            Interlocked.CompareExchange(ref most, value, seen);
    }
}
