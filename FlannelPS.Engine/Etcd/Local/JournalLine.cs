using System.Buffers.Binary;
using System.Buffers.Text;
using System.Numerics;
using System.Text.Json;

namespace FlannelPS.Engine.Etcd.Local;

/// <summary>A record as bytes: eight hex digits of CRC-32C, a space, JSON, a line feed.</summary>
/// <remarks>The line feed is written last, so a line without one was never acknowledged to anybody.</remarks>
internal static class JournalLine
{
    private const int ChecksumLength = 8;
    private const int JsonStart = ChecksumLength + 1;

    /// <summary>The line, with its line feed.</summary>
    internal static byte[] Write(JournalRecord record)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(record, JournalJson.Default.JournalRecord);
        var line = new byte[JsonStart + json.Length + 1];
        Utf8Formatter.TryFormat(Checksum(json), line, out _, new('x', ChecksumLength));
        line[ChecksumLength] = (byte)' ';
        json.CopyTo(line, JsonStart);
        line[^1] = (byte)'\n';
        return line;
    }

    /// <summary>Reads a line without its line feed; null when it is damaged.</summary>
    internal static JournalRecord? Read(ReadOnlySpan<byte> line)
    {
        if (line.Length < JsonStart || !Utf8Parser.TryParse(line[..ChecksumLength], out uint checksum, out var read, 'x') || read != ChecksumLength
            || checksum != Checksum(line[JsonStart..]))
            return null;
        try
        {
            return JsonSerializer.Deserialize(line[JsonStart..], JournalJson.Default.JournalRecord);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (var one in bytes)
            crc = BitOperations.Crc32C(crc, one);
        return ~crc;
    }
}
