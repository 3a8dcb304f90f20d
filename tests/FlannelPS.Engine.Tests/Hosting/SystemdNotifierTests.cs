using System.Net.Sockets;
using System.Text;
using FlannelPS.Engine.Hosting;

namespace FlannelPS.Engine.Tests.Hosting;

public sealed class SystemdNotifierTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("flannelps-").FullName;
    private readonly LogLines _log = new();

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ready_status_and_stopping_arrive_at_a_path_and_at_an_abstract_address(bool isAbstract)
    {
        var path = Path.Join(_folder, "notify");
        using var systemd = Listen(isAbstract ? '\0' + path : path);
        await using (var notifier = Open(() => true, ("NOTIFY_SOCKET", isAbstract ? '@' + path : path)))
        {
            notifier.Ready("10.1.2.0/24,\n3 peers");
            notifier.Status("3 peers");
            notifier.Status("3 peers");
            notifier.Status("4 peers");
            notifier.Stopping();
        }
        Assert.Equal(["READY=1\nSTATUS=10.1.2.0/24, 3 peers", "STATUS=3 peers", "STATUS=4 peers", "STOPPING=1\nSTATUS=Stopping"], ReceiveAll(systemd));
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public async Task F31_the_watchdog_is_fed_only_while_the_loops_are_alive()
    {
        var path = Path.Join(_folder, "notify");
        using var systemd = Listen(path);
        var alive = true;
        await using var notifier = Open(() => Volatile.Read(ref alive), ("NOTIFY_SOCKET", path), ("WATCHDOG_USEC", "20000"), ("WATCHDOG_PID", $"{Environment.ProcessId}"));
        Assert.Equal("WATCHDOG=1", await ReceiveAsync(systemd));
        Assert.Equal("WATCHDOG=1", await ReceiveAsync(systemd));
        Volatile.Write(ref alive, false);
        await Task.Delay(30, TestContext.Current.CancellationToken);                // a tick that was under way
        ReceiveAll(systemd);
        await Task.Delay(60, TestContext.Current.CancellationToken);                // silence can only be seen by waiting
        Assert.Empty(ReceiveAll(systemd));
        Volatile.Write(ref alive, true);
        Assert.Equal("WATCHDOG=1", await ReceiveAsync(systemd));
    }

    [Theory]
    [InlineData("20000000", null, 10.0)]
    [InlineData("20000000", "1", null)]
    [InlineData("0", null, null)]
    [InlineData("-5", null, null)]
    [InlineData("99999999999999999999", null, null)]
    [InlineData(null, null, null)]
    public void The_interval_is_half_of_what_systemd_waits_and_only_ours(string? microseconds, string? pid, double? seconds)
        => Assert.Equal(seconds, SystemdNotifier.Interval(name => name == "WATCHDOG_USEC" ? microseconds : pid)?.TotalSeconds);

    [Fact]
    public async Task Without_systemd_nothing_happens_and_a_dead_socket_is_one_line()
    {
        await using (var none = Open(() => true))
            none.Ready("x");
        Assert.Empty(_log.Lines);
        await using (var dead = Open(() => true, ("NOTIFY_SOCKET", Path.Join(_folder, "nobody"))))
        {
            dead.Ready("x");
            dead.Status("y");
        }
        Assert.Single(_log.Lines);
        await using (var tooLong = Open(() => true, ("NOTIFY_SOCKET", "/" + new string('x', 200))))
            tooLong.Ready("x");
        Assert.Equal(2, _log.Lines.Count);
    }

    [Fact]
    public async Task A_receiver_that_does_not_read_holds_nothing_up()
    {
        var path = Path.Join(_folder, "notify");
        using var systemd = Listen(path);
        await using var notifier = Open(() => true, ("NOTIFY_SOCKET", path));
        for (var i = 0; i < 5000; i++)
            notifier.Status($"{i} peers");
        Assert.Single(_log.Lines);
    }

    private SystemdNotifier Open(Func<bool> isAlive, params (string Name, string Value)[] environment)
        => new(isAlive, _log, TimeProvider.System, environment.ToDictionary(entry => entry.Name, entry => entry.Value).GetValueOrDefault);

    private static Socket Listen(string address)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(address));
        return socket;
    }

    private static async Task<string> ReceiveAsync(Socket socket)
    {
        var buffer = new byte[1000];
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        return Encoding.UTF8.GetString(buffer, 0, await socket.ReceiveAsync(buffer.AsMemory(), limit.Token));
    }

    private static List<string> ReceiveAll(Socket socket)
    {
        List<string> messages = [];
        var buffer = new byte[1000];
        while (socket.Poll(0, SelectMode.SelectRead))
            messages.Add(Encoding.UTF8.GetString(buffer, 0, socket.Receive(buffer)));
        return messages;
    }
}
