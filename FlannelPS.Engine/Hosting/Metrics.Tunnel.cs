using FlannelPS.Engine.DataPath;

namespace FlannelPS.Engine.Hosting;

/// <remarks>The udp backend's packets.</remarks>
internal static partial class Metrics
{
    private static void WriteTunnel(OpenMetricsWriter text, TunnelCounters counters)
    {
        Directions("packets", "Packets the UDP tunnel carried.", direction => direction.Packets);
        Directions("bytes", "Bytes of these packets, without outer headers.", direction => direction.Bytes, "bytes");
        Directions("calls", "Calls into the kernel that carried them.", direction => direction.Calls);
        Directions("merged", "Packets that went as part of a longer one.", direction => direction.Merged);
        Directions("icmp_errors", "ICMP errors sent.", direction => direction.ErrorsSent);
        text.Family("flannelps_tunnel_largest_batch", "gauge", "The most packets that one round carried.");
        text.Sample("", counters.Sent.LargestBatch, ("direction", "sent"));
        text.Sample("", counters.Received.LargestBatch, ("direction", "received"));
        text.Family("flannelps_tunnel_dropped", "counter", "Packets dropped, by reason.");
        foreach (var reason in Drops.Reasons)
        {
            text.Sample("_total", counters.Sent.Dropped(reason), ("direction", "sent"), ("reason", Drops.NameOf(reason)));
            text.Sample("_total", counters.Received.Dropped(reason), ("direction", "received"), ("reason", Drops.NameOf(reason)));
        }

        void Directions(string name, string help, Func<DirectionCounters, long> value, string unit = "")
        {
            text.Family($"flannelps_tunnel_{name}", "counter", help, unit);
            text.Sample("_total", value(counters.Sent), ("direction", "sent"));
            text.Sample("_total", value(counters.Received), ("direction", "received"));
        }
    }
}
