using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace FlannelPS.Engine.DataPath;

/// <summary>The one's complement sum of 16-bit words that IPv4, TCP, UDP and ICMP carry.</summary>
/// <remarks>
/// RFC 1071. The sum does not care about byte order as long as the result is stored as it was added, so words are added as they lie in memory and only
/// <see cref="Fold"/> and the numbers put in by hand turn them.
/// <para>
/// This loop decides the data path's speed: a scalar one took half of all time. Vector128 is on every machine .NET compiles for; a class behind
/// an "is supported" question can be compiled out without a word (a test measures, and does not ask).
/// </para>
/// </remarks>
internal static class InternetChecksum
{
    /// <summary>Adds bytes to a sum; an odd last byte counts as if a zero stood behind it.</summary>
    /// <param name="bytes">What to add.</param>
    /// <param name="sum">What was added before: at most 2^32 words of it.</param>
    public static ulong Add(ReadOnlySpan<byte> bytes, ulong sum = 0)
    {
        ref var start = ref MemoryMarshal.GetReference(bytes);
        var (at, length) = ((nuint)0, (nuint)bytes.Length);
        if (length >= 64)
        {
            // 64-bit lanes that take the two 32-bit halves of each lane: 2^32 additions before one could run over.
            var (one, two, low) = (Vector128<ulong>.Zero, Vector128<ulong>.Zero, Vector128.Create(0xffff_ffffUL));
            for (; length - at >= 64; at += 64)
            {
                var a = Vector128.LoadUnsafe(ref start, at).AsUInt64();
                var b = Vector128.LoadUnsafe(ref start, at + 16).AsUInt64();
                var c = Vector128.LoadUnsafe(ref start, at + 32).AsUInt64();
                var d = Vector128.LoadUnsafe(ref start, at + 48).AsUInt64();
                one += (a & low) + Vector128.ShiftRightLogical(a, 32) + ((b & low) + Vector128.ShiftRightLogical(b, 32));
                two += (c & low) + Vector128.ShiftRightLogical(c, 32) + ((d & low) + Vector128.ShiftRightLogical(d, 32));
            }
            var both = one + two;
            sum += Halves(both.GetElement(0)) + Halves(both.GetElement(1));
        }
        for (; length - at >= 8; at += 8)
            sum += Halves(Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref start, at)));
        if (length - at >= 4)
        {
            sum += Unsafe.ReadUnaligned<uint>(ref Unsafe.AddByteOffset(ref start, at));
            at += 4;
        }
        if (length - at >= 2)
        {
            sum += Unsafe.ReadUnaligned<ushort>(ref Unsafe.AddByteOffset(ref start, at));
            at += 2;
        }
        if (at < length)
            sum += BitConverter.IsLittleEndian ? bytes[^1] : (uint)bytes[^1] << 8;
        return sum;
    }

    /// <summary>Adds a 16-bit number given in host order.</summary>
    public static ulong AddNumber(ulong sum, int number) => sum + Turn((ushort)number);

    /// <summary>The sum as 16 bits, in the order it was added in: <see cref="Store"/> it, do not compare it with a number.</summary>
    public static ushort Fold(ulong sum)
    {
        sum = (sum & 0xffff_ffff) + (sum >> 32);
        sum = (sum & 0xffff_ffff) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)((sum & 0xffff) + (sum >> 16));
    }

    /// <summary>Writes the checksum of a sum.</summary>
    public static void Store(Span<byte> to, ulong sum) => MemoryMarshal.Write(to, (ushort)~Fold(sum));

    /// <summary>Writes the sum itself, which whoever completes the checksum starts from.</summary>
    public static void StorePartial(Span<byte> to, ulong sum) => MemoryMarshal.Write(to, Fold(sum));

    /// <summary>Whether a sum over data and its checksum is right.</summary>
    public static bool IsRight(ulong sum) => Fold(sum) == 0xffff;

    /// <summary>TCP's, UDP's and ICMPv6's pseudo-header (RFC 793, RFC 768; over IPv6 RFC 8200 section 8.1, which has the same sum).</summary>
    /// <param name="addresses">Source and destination as they lie in the header.</param>
    /// <param name="protocol">Protocol.</param>
    /// <param name="length">Bytes of header and payload.</param>
    public static ulong PseudoHeader(ReadOnlySpan<byte> addresses, byte protocol, int length) => AddNumber(AddNumber(Add(addresses), protocol), length & 0xffff) + Turn((ushort)(length >> 16));

    private static ulong Halves(ulong value) => (value & 0xffff_ffff) + (value >> 32);

    private static ulong Turn(ushort number) => BitConverter.IsLittleEndian ? BinaryPrimitives.ReverseEndianness(number) : number;
}
