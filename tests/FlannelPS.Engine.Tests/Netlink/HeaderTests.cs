using FlannelPS.Lab;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using FlannelPS.Engine.Kernel;
using FlannelPS.Engine.Netlink;
using FlannelPS.Engine.Netlink.Wire;

namespace FlannelPS.Engine.Tests.Netlink;

/// <summary>The C compiler says what the headers say; every constant and struct field of ours is asked for.</summary>
public sealed class HeaderTests
{
    private static readonly Type[] Constants =
        [typeof(NetlinkH), typeof(RtnetlinkH), typeof(IfLinkH), typeof(IfAddrH), typeof(NeighbourH), typeof(NexthopH), typeof(NfTablesH), typeof(LibC), typeof(Errno), typeof(TunH), typeof(UdpH)];

    private static readonly Dictionary<Type, string> Structs = new()
    {
        [typeof(NlMsgHdr)] = "struct nlmsghdr",
        [typeof(NlMsgErr)] = "struct nlmsgerr",
        [typeof(NlAttr)] = "struct nlattr",
        [typeof(NfGenMsg)] = "struct nfgenmsg",
        [typeof(IfInfoMsg)] = "struct ifinfomsg",
        [typeof(RtMsg)] = "struct rtmsg",
        [typeof(IfAddrMsg)] = "struct ifaddrmsg",
        [typeof(NdMsg)] = "struct ndmsg",
        [typeof(NhMsg)] = "struct nhmsg",
        [typeof(SockAddr_Nl)] = "struct sockaddr_nl",
        [typeof(PollFd)] = "struct pollfd",
        [typeof(UCred)] = "struct ucred",
        [typeof(StatX)] = "struct statx",
        [typeof(TimeSpec)] = "struct timespec",
        [typeof(IoVec)] = "struct iovec",
        [typeof(MsgHdr)] = "struct msghdr",
        [typeof(MMsgHdr)] = "struct mmsghdr",
        [typeof(CMsgHdr)] = "struct cmsghdr",
    };

    private const string Program = """
        #define _GNU_SOURCE
        #include <stdio.h>
        #include <stddef.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <poll.h>
        #include <time.h>
        #include <sched.h>
        #include <signal.h>
        #include <spawn.h>
        #include <sys/wait.h>
        #include <unistd.h>
        #include <sys/file.h>
        #include <sys/stat.h>
        #include <sys/socket.h>
        #include <sys/eventfd.h>
        #include <sys/ioctl.h>
        #include <sys/mman.h>
        #include <sys/uio.h>
        #include <netinet/in.h>
        #include <netinet/udp.h>
        #include <linux/if_tun.h>
        #include <linux/virtio_net.h>
        #include <linux/netlink.h>
        #include <linux/rtnetlink.h>
        #include <linux/if_link.h>
        #include <linux/if_addr.h>
        #include <linux/neighbour.h>
        #include <linux/nexthop.h>
        #include <linux/netfilter/nfnetlink.h>
        #include <linux/netfilter/nf_tables.h>
        #include <linux/if.h>
        #define SIZE(type) (long long)sizeof(type)
        int main(void) {

        """;

    [Fact]
    public void Every_constant_and_struct_field_is_what_the_C_headers_say()
    {
        Assert.SkipUnless(Command.IsThere("gcc") && File.Exists("/usr/include/linux/rtnetlink.h"), "There is no C compiler, or no kernel headers.");
        var expected = new Dictionary<string, long>();
        foreach (var field in Constants.SelectMany(AllFields))
            expected.TryAdd(field.FieldType == typeof(ushort) ? $"(unsigned short){field.Name}" : field.Name, Convert.ToInt64(field.GetValue(null), CultureInfo.InvariantCulture));
        foreach (var name in (string[])[nameof(Link.IFF_UP), nameof(Link.IFF_LOOPBACK)])
            expected.Add(name, Convert.ToInt64(typeof(Link).GetField(name)!.GetValue(null), CultureInfo.InvariantCulture));
        foreach (var name in (string[])[nameof(Route.RT_TABLE_MAIN), nameof(Route.RTN_BLACKHOLE), nameof(Route.RTPROT_BOOT)])
            expected.Add(name, Convert.ToInt64(typeof(Route).GetField(name)!.GetValue(null), CultureInfo.InvariantCulture));
        expected.Add(nameof(Neighbor.NUD_PERMANENT), Neighbor.NUD_PERMANENT);
        foreach (var (type, name) in Structs)
        {
            expected.Add($"sizeof({name})", Marshal.SizeOf(type));
            foreach (var field in type.GetFields())
            {
                var c = type == typeof(StatX) && field.Name == nameof(StatX.stx_mtime) ? "stx_mtime.tv_sec" : field.Name;
                expected.Add($"offsetof({name}, {c})", (long)Marshal.OffsetOf(type, field.Name));
                if (field.FieldType.IsPrimitive)
                    expected.Add($"sizeof((({name} *)0)->{c})", Marshal.SizeOf(field.FieldType));
            }
        }
        var code = new StringBuilder(Program);
        foreach (var expression in expected.Keys)
            code.AppendLine($"printf(\"%lld\\n\", (long long)({expression}));");
        code.AppendLine("return 0; }");

        var folder = Directory.CreateTempSubdirectory("flannelps-headers-");
        try
        {
            var source = Path.Combine(folder.FullName, "values.c");
            var program = Path.Combine(folder.FullName, "values");
            File.WriteAllText(source, code.ToString());
            Command.Run("gcc", "-o", program, source).ThrowIfFailed();
            var actual = Command.Run(program).ThrowIfFailed().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(long.Parse);
            Assert.Equal(expected.Select(pair => $"{pair.Key} = {pair.Value}"), expected.Zip(actual, (pair, value) => $"{pair.Key} = {value}"));
            Assert.True(expected.Count > 150);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Every_errno_has_the_name_of_the_C_headers()
    {
        Assert.SkipUnless(Command.IsThere("gcc"), "There is no C compiler.");
        var macros = Command.Run("gcc", "-E", "-dM", "-include", "errno.h", "-x", "c", "/dev/null").ThrowIfFailed().Output.Split('\n')
            .Select(line => line.Split(' ')).Where(parts => parts.Length == 3 && parts[1].StartsWith('E') && int.TryParse(parts[2], out _)).ToArray();
        Assert.True(macros.Length > 120);
        Assert.All(macros, parts => Assert.Equal(parts[1], Errno.Name(int.Parse(parts[2]))));
        Assert.Equal("errno 4711", Errno.Name(4711));
    }

    private static IEnumerable<FieldInfo> AllFields(Type type)
        => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic)
            .Where(field => field.FieldType.IsPrimitive && char.IsUpper(field.Name[0]) && !field.Name.Any(char.IsLower));
}
