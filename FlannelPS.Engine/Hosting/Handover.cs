using System.Net.Sockets;
using System.Text;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Node;
using FlannelPS.Engine.Reconcile;
using Microsoft.Extensions.Logging;

namespace FlannelPS.Engine.Hosting;

/// <summary>How a new daemon goes on with a predecessor's tunnel: by what the old one hands over (<c>--replace</c>), by what systemd kept, or by what stands in the state folder.</summary>
internal static class Handover
{
    /// <summary>Names in systemd's descriptor store.</summary>
    public const string DeviceName = "flannelps-tun", SocketName = "flannelps-udp";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10), Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>Asks the running daemon for its tunnel. It goes on carrying packets with the same descriptors.</summary>
    /// <returns>Device and socket; none when it has no tunnel, or nobody runs.</returns>
    public static IReadOnlyList<FileDescriptor> Ask(string path, ILogger logger)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified) { ReceiveTimeout = (int)Patience.TotalMilliseconds };
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            socket.Send(Encoding.ASCII.GetBytes($"{{\"verb\":\"{ControlVerbs.Handover}\"}}\n"));
            _ = DescriptorPassing.Receive(socket, new byte[4096], out var descriptors);
            if (descriptors.Count is 0 or 2)
                return descriptors;
            foreach (var descriptor in descriptors)
                descriptor.Dispose();
        }
        catch (Exception e) when (e is SocketException or FileException)
        {
            logger.NothingHandedOver(path, e.Message);
        }
        return [];
    }

    /// <summary>Goes on with the tunnel as it was last, if its device stands.</summary>
    public static void Resume(TunnelKeeper tunnels, StateFolder state, InstanceLocks? locks, ILogger logger)
    {
        try
        {
            if (state.ReadTunnel()?.ToSeed() is not { } seed)
                return;
            locks?.TakeDevice(seed.Device);
            if (tunnels.TryResume(seed))
                logger.TunnelResumed(seed.Routes.Select(route => route.Host).Distinct().Count());
        }
        catch (IOException e)
        {
            // The regular way of a start comes to the same place, and tells what is in its way.
            logger.TunnelNotResumed(e.Message);
        }
    }

    /// <summary>Lets the old daemon end, and takes its locks.</summary>
    /// <exception cref="StartupException">It does not end.</exception>
    public static async Task<InstanceLocks> SucceedAsync(string socket, Func<InstanceLocks> take, TimeProvider time)
    {
        var started = time.GetTimestamp();
        await TryStopAsync(socket).ConfigureAwait(false);
        while (true)
        {
            try
            {
                return take();
            }
            catch (InstanceTakenException e) when (time.GetElapsedTime(started) < Patience)
            {
                _ = e;
            }
            await Task.Delay(Pause, time).ConfigureAwait(false);
        }
    }

    private static async Task TryStopAsync(string path)
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            using var client = await ControlClient.ConnectAsync(path, patience.Token).ConfigureAwait(false);
            (await client.RequestAsync(ControlVerbs.Stop, null, patience.Token).ConfigureAwait(false)).Dispose();
        }
        catch (Exception e) when (e is SocketException or ControlException or OperationCanceledException)
        {
            // Nobody runs, or it ended before it answered: the locks tell.
        }
    }
}
