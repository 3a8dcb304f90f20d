using System.Buffers.Binary;

namespace FlannelPS.Lab;

/// <summary>What tcpdump sees on a device without link-layer header, and whether its checksums are right.</summary>
public sealed class Capture : IDisposable
{
    private const int Header = 24, RecordHeader = 16;
    private readonly Daemon _program;
    private readonly string _file;

    private Capture(Daemon program, string file) => (_program, _file) = (program, file);

    /// <summary>Starts to capture.</summary>
    public static async Task<Capture> StartAsync(Host host, string device, CancellationToken cancellationToken)
    {
        string file = Path.Combine(host.Folder, "capture.pcap");
        var program = host.Start("tcpdump", ["-i", device, "-w", file, "-U", "-Z", "root", "-B", "65536", "ip or ip6"]);
        while (!program.Log.Contains("listening on", StringComparison.Ordinal))
        {
            await Task.Delay(10, cancellationToken);
        }

        return new(program, file);
    }

    /// <summary>Ends it.</summary>
    /// <returns>How many packets there were of each protocol, and a line for each with a wrong checksum or length.</returns>
    public async Task<(IReadOnlyDictionary<int, int> Packets, IReadOnlyList<string> Wrong)> StopAsync()
    {
        await Task.Delay(300);
        await _program.StopAsync(TimeSpan.FromSeconds(5));
        byte[] content = await File.ReadAllBytesAsync(_file);
        var (packets, wrong) = (new Dictionary<int, int>(), new List<string>());
        for (int at = Header; at + RecordHeader <= content.Length;)
        {
            int length = BinaryPrimitives.ReadInt32LittleEndian(content.AsSpan(at + 8));
            if (at + RecordHeader + length > content.Length)
            {
                break;
            }

            Judge(content.AsSpan(at + RecordHeader, length), packets, wrong);
            at += RecordHeader + length;
        }

        return (packets, wrong);
    }

    /// <inheritdoc/>
    public void Dispose() => _program.Dispose();

    private static void Judge(ReadOnlySpan<byte> packet, Dictionary<int, int> packets, List<string> wrong)
    {
        bool isV6 = packet[0] >> 4 == 6;
        int header = isV6 ? 40 : (packet[0] & 15) * 4, protocol = packet[isV6 ? 6 : 9];
        packets[protocol] = packets.GetValueOrDefault(protocol) + 1;
        bool isFragment = !isV6 && (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3fff) != 0;
        var body = packet[header..];
        byte[] pseudo = [.. isV6 ? packet[8..40] : packet[12..20], 0, packet[isV6 ? 6 : 9], (byte)(body.Length >> 8), (byte)body.Length];
        bool isRight = (isV6 ? BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) == body.Length : Sum(packet[..header], 0) == 0xffff && BinaryPrimitives.ReadUInt16BigEndian(packet[2..]) == packet.Length)
            && (isFragment || protocol switch
            {
                1 => Sum(body, 0) == 0xffff,
                6 or 58 => Sum(body, Sum(pseudo, 0)) == 0xffff,
                17 => !isV6 && BinaryPrimitives.ReadUInt16BigEndian(body[6..]) == 0 || Sum(body, Sum(pseudo, 0)) == 0xffff,
                _ => true,
            });
        if (!isRight)
        {
            wrong.Add(Convert.ToHexString(packet[..Math.Min(packet.Length, 60)]));
        }
    }

    private static uint Sum(ReadOnlySpan<byte> bytes, uint sum)
    {
        for (int i = 0; i < bytes.Length; i++)
        {
            sum += i % 2 == 0 ? (uint)bytes[i] << 8 : bytes[i];
            sum = (sum & 0xffff) + (sum >> 16);
        }

        return sum;
    }
}
