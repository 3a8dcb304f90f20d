namespace FlannelPS.Engine.Kernel;

/// <summary>linux/udp.h, netinet/udp.h and linux/in.h.</summary>
internal static class UdpH
{
    internal const int SOL_UDP = 17, UDP_SEGMENT = 103, UDP_GRO = 104;
    internal const int IPPROTO_IP = 0, IPPROTO_RAW = 255, IP_TOS = 1, IP_MTU_DISCOVER = 10, IP_MTU = 14, IP_PMTUDISC_WANT = 1, IP_PMTUDISC_DO = 2;
}
