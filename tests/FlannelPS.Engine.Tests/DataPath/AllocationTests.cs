using System.Net;
using FlannelPS.Engine.DataPath;
using FlannelPS.Engine.Kernel;

namespace FlannelPS.Engine.Tests.DataPath;

/// <summary>Packets leave nothing for the collector: both directions on a thread that counts what it allocates.</summary>
public sealed class AllocationTests
{
    private const int Count = 5000;

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(false, true)]
    public void No_packet_costs_an_allocation(bool offload, bool isV6)
    {
        using var bed = TunnelBed.Create(offload, dual: isV6);
        bed.Tunnel.Stop();
        // Once to have everything compiled, and once to count; a round's own objects are few and not the packets'.
        _ = Allocated(bed, received: true, isV6);
        _ = Allocated(bed, received: false, isV6);
        Assert.InRange(Allocated(bed, received: true, isV6), 0, 2000);
        Assert.InRange(Allocated(bed, received: false, isV6), 0, 2000);
    }

    private static long Allocated(TunnelBed bed, bool received, bool isV6)
    {
        using var stop = new StopEvent();
        var counters = new TunnelCounters();
        var parts = new TunnelParts(bed.Tunnel.Device, bed.Tunnel.Socket, TunnelBed.Port, bed.Tunnel.Table, counters, new(null), stop);
        long allocated = -1;
        var thread = new Thread(() =>
        {
            using var sender = new TunnelSender(parts, () => { });
            using var receiver = new TunnelReceiver(parts);
            var before = GC.GetAllocatedBytesForCurrentThread();
            _ = received ? receiver.Run() : sender.Run();
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        });
        thread.Start();
        var (packet, payload) = (isV6 ? Inner.Udp(64, from: Inner.TheirsV6, to: Inner.OursV6) : Inner.Udp(64), new byte[64]);
        var (inside, there) = (isV6 ? bed.InsideV6 : bed.Inside, new IPEndPoint(IPAddress.Parse(isV6 ? Inner.TheirsV6 : Inner.Theirs), 7000));
        for (var i = 1; i <= Count; i++)
        {
            if (received)
                TunnelBed.Send(bed.Peer, packet);
            else
                inside.SendTo(payload, there);
            if (i % 100 == 0)
                Assert.True(SpinWait.SpinUntil(() => (received ? counters.Received : counters.Sent).Packets >= i, 5000));
        }
        stop.Set();
        thread.Join();
        return allocated;
    }
}
